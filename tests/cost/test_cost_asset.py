"""The bill as an asset of Dagster: its figures, its check, and one line where it cannot be made."""

import json
import re
from datetime import UTC, datetime, timedelta

import dagster as dg  # noqa: TID251  # what is tested here is Dagster's view
import pytest
from google.api_core.exceptions import Forbidden, NotFound  # what a service answers

from assets.cost.asset import CHECK, cost_projection

pytestmark = pytest.mark.integration  # Dagster itself, which takes a second to import

YESTERDAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)  # noqa: TID251


class Service:
    """The resource and Google's client in one: answers by what is asked."""

    project, dataset = "p", "d"

    def __init__(self, records, answer=None):
        shares = {"quarantined": records // 1000, "repeated": records // 1000, "superseding": records // 200}
        edges = {"first": YESTERDAY, "last": YESTERDAY + timedelta(hours=24)}
        self.row = {"records": records, **shares, **edges}
        self.answer, self.limits = answer, []

    def client(self):
        return self

    def query(self, sql, job_config=None, **_):
        self.limits.append(job_config.maximum_bytes_billed)
        self.sql = sql
        return self

    def result(self, **_):
        if "INFORMATION_SCHEMA" in self.sql:
            raise NotFound("an emulator keeps no such view")
        if "payments_daily_builds" in self.sql:
            return [{"most": self.row["records"]}]
        if self.answer is not None:
            raise self.answer
        return [self.row]


class Stream:
    def __init__(self, folder):
        self.state_dir = str(folder)


def run(service, folder, **config):
    return dg.materialize(
        [cost_projection, dg.AssetSpec("payments"), dg.AssetSpec("payments_daily")],
        selection="cost_projection",
        resources={"warehouse": service, "stream": Stream(folder)},
        run_config={"ops": {"cost_projection": {"config": config}}},
        raise_on_error=False,
    )


def outcome(result):
    (materialized,) = result.asset_materializations_for_node("cost_projection")
    (checked,) = result.get_asset_check_evaluations()
    return materialized.metadata, checked


def test_a_day_as_designed_is_within_the_band_and_has_its_picture(tmp_path):
    service = Service(500 * 86_400)
    metadata, checked = outcome(run(service, tmp_path))
    assert checked.check_name == CHECK
    assert checked.passed, checked.description
    assert metadata["events_per_s"].value == 500.0
    assert metadata["usd_month_13"].value > metadata["usd_month_1"].value > 0
    assert metadata["picture"].value.startswith("![")
    assert "| figure | committed | measured | dollars |" in metadata["moved"].value
    assert max(service.limits) <= 50 * 10**9


def test_a_stream_that_grew_warns_and_pages_nobody(tmp_path):
    service = Service(5_000 * 86_400)
    _, checked = outcome(run(service, tmp_path))
    assert not checked.passed
    assert checked.severity == dg.AssetCheckSeverity.WARN
    assert "rate_per_s 500 -> 5,000" in checked.description
    assert 10 * 50 * 10**9 in service.limits


def test_the_members_own_cpu_counts(tmp_path):
    (tmp_path / "heartbeats").mkdir()
    beat = {"rows_landed": 5_000_000, "process": {"cpu_seconds": 10**6, "peak_rss_bytes": 2**30}}
    (tmp_path / "heartbeats" / "member-1.json").write_text(json.dumps(beat))
    metadata, _ = outcome(run(Service(500 * 86_400), tmp_path))
    assert "engine_cpu_s_per_million" in metadata["moved"].value


@pytest.mark.parametrize(
    ("config", "answer", "says"),
    [
        ({"scenario": "none-such"}, None, "no scenario none-such"),
        ({"day": "29.11.2026"}, None, "give a date as 2026-11-29"),
        ({}, Forbidden("Access Denied: Project p"), "was not measured: .*Access Denied"),
    ],
)
def test_what_cannot_be_projected_fails_in_one_line(tmp_path, config, answer, says):
    result = run(Service(43_200_000, answer), tmp_path, **config)
    assert not result.success
    (failure,) = [event for event in result.all_events if event.event_type_value == "STEP_FAILURE"]
    assert failure.step_failure_data.error.cls_name == "Failure"
    assert re.search(says, failure.step_failure_data.error.message)
