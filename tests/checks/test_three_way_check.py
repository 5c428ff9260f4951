"""The three-way ledger in Dagster: on an emulator it is not available and says so; with all three books it judges."""

from datetime import timedelta
from functools import cache
from types import SimpleNamespace

import dagster as dg  # noqa: TID251  # what is tested here is Dagster's view
import msgspec
import pytest
from checks_world import NOW, DuckWarehouse, defect

from assets.checks.three_ways import SETTLED_AFTER
from orchestration.checks.three_ways import NAME, members_counts, producers_ledger, three_way_ledger
from orchestration.resources import StreamResource, WarehouseResource
from sandbox.producer.ledger import Acked, Intent, NotAcked, RunLine
from streaming.adapters.heartbeat import Beat, HeartbeatFile

pytestmark = pytest.mark.integration  # Dagster itself, a database, files

LIVE = "FROM payments_landing WHERE replay_id IS NULL AND enrichment_revision = 0"
MIDDLE = "loaded_at >= TIMESTAMPTZ '2026-11-24 00:00:00Z' AND loaded_at < TIMESTAMPTZ '2026-11-24 23:50:00Z'"


@cache
def duck():
    return DuckWarehouse()


@cache
def live():
    return duck().db.execute(f"SELECT COUNT(*) {LIVE}").fetchone()[0]


@cache
def yesterdays():
    return duck().db.execute(f"SELECT COUNT(*) {LIVE} AND {MIDDLE}").fetchone()[0]


class Client:
    """Google's client over the warehouse in memory; `written` is what BigQuery's own view would say."""

    project = "p"

    def __init__(self, written):
        self.written, self.asked = written, []

    def get_dataset(self, where, timeout):
        assert where == "p.d"
        return SimpleNamespace(location="EU")

    def query(self, sql, **_):
        self.asked.append(sql)
        rows = [{"written": self.written}] if "WRITE_API_TIMELINE" in sql else duck().rows(sql)
        return SimpleNamespace(result=lambda **_: rows)


class Warehouse(WarehouseResource):
    surplus: int = 0

    def client(self):
        return Client(yesterdays() + self.surplus)


@pytest.fixture
def state(tmp_path):
    """A ledger of as many records as landing has live rows, and a member that counted them."""
    ledger = tmp_path / "ledger" / "run-1.jsonl"
    ledger.parent.mkdir()
    fields = dict.fromkeys(Intent.__struct_fields__) | {"label": "normal", "expect": "OK", "mac": "00"}
    long_ago = int((NOW - timedelta(hours=1)).timestamp() * 1000)
    lines = [RunLine("r", 1, "payments", "dG9waWM", 1, 1, "2026-11-21T00:00:00Z")]
    for n in range(live()):
        lines += [Intent(**fields | {"n": n}), Acked(n, 0, n, long_ago)]
    ledger.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
    HeartbeatFile(tmp_path, "member-0").write(
        Beat("member-0", NOW, "running", by_status={"OK": live() - 9, "QUARANTINED_NOT_JSON": 1},
             counters={"skipped_at_recovery": 8})
    )  # fmt: skip
    return tmp_path


def told(state, **warehouse):
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize(
            [dg.AssetSpec("payments"), three_way_ledger(lambda: NOW)],
            selection=dg.AssetSelection.all_asset_checks(),
            resources={
                "warehouse": Warehouse(project="p", dataset="d", **warehouse),
                "stream": StreamResource(state_dir=str(state)),
            },
            instance=instance,
        )
    (evaluated,) = result.get_asset_check_evaluations()
    assert evaluated.check_name == NAME
    return evaluated


def test_three_books_that_agree_pass(state):
    evaluated = told(state)
    assert evaluated.passed, evaluated.description
    assert evaluated.metadata["landed"].value == live()
    assert evaluated.metadata["appended_by_timeline"].value == yesterdays() > 100


def test_on_an_emulator_it_is_not_available_and_not_green(state):
    evaluated = told(state, rest_endpoint="http://127.0.0.1:9")
    assert (evaluated.passed, evaluated.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert evaluated.description == (
        "not available here: BigQuery's WRITE_API_TIMELINE, which an emulator does not keep; "
        "the books that are kept here agree"
    )
    assert "appended_by_timeline" not in evaluated.metadata


def test_a_lost_row_is_an_error_even_where_a_book_is_missing(state):
    lost = defect("lost", "", "DELETE FROM payments_landing WHERE kafka_partition = 0 AND kafka_offset = 605")
    try:
        duck().apply(lost)
        evaluated = told(state, rest_endpoint="http://127.0.0.1:9")
    finally:
        duck().undo()
    assert (evaluated.passed, evaluated.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert f"{live():,} records acknowledged, landing has {live() - 1:,} rows" in evaluated.description


def test_a_row_that_bigquery_did_not_append_is_an_error(state):
    evaluated = told(state, surplus=-1)
    assert evaluated.severity == dg.AssetCheckSeverity.ERROR
    assert f"BigQuery appended {yesterdays() - 1:,} rows" in evaluated.description


def test_without_any_book_but_landing_each_is_named(tmp_path):
    evaluated = told(tmp_path, rest_endpoint="http://127.0.0.1:9")
    assert not evaluated.passed
    for book in ("members' heartbeats", "WRITE_API_TIMELINE", "a producer's ledger"):
        assert book in evaluated.description
    assert (members_counts(tmp_path, NOW), producers_ledger([], NOW)) == (None, None)


def test_a_ledger_is_counted_by_outcome_and_age(tmp_path):
    path = tmp_path / "run.jsonl"
    fields = dict.fromkeys(Intent.__struct_fields__) | {"label": "normal", "expect": "OK", "mac": "00"}
    latest = int((NOW - SETTLED_AFTER).timestamp() * 1000)
    lines = [
        RunLine("r", 1, "payments", "T", 1, 1, "2026-11-21T00:00:00Z"),
        *(Intent(**fields | {"n": n}) for n in range(5)),
        Acked(0, 0, 0, latest),
        Acked(1, 0, 1, latest + 1),
        NotAcked(2, "failed", "refused"),
        NotAcked(3, "unknown", "timed out"),
    ]
    path.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines) + b'{"kind":"outcome","n":4')
    counted = producers_ledger([path], NOW - SETTLED_AFTER)
    assert (counted.settled, counted.acked, counted.unknown, counted.topics) == (1, 2, 2, {"T"})
