"""Runs, checks and sensors of the real definitions against a service whose every refusal quotes a record and secrets,
on an instance as `tidemark ui` makes it: nothing of that is in any file of Dagster's home, nor is a secret setting."""

import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg  # noqa: TID251 - what is tested is what Dagster keeps
import polars as pl
import pytest
from canaries import CARD, SECRETS, cards_in, secrets_in, variable
from everywhere import Everywhere
from talkative_service import SAID, talkative

from assets.checks.catalogue import CHECKS, Cadence, of_cadence
from assets.merchants.fold import SNAPSHOT
from orchestration.definitions import build
from streaming.settings import Settings

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

ROOT = Path(__file__).parents[2]
YESTERDAY = datetime.now(UTC).date() - timedelta(days=1)  # noqa: TID251 - partitions are real days
OPEN = YESTERDAY - timedelta(days=max(0, YESTERDAY.weekday() - 4))
"""A day on which TARGET was open, unless that is a holiday: then there is nothing to publish."""
DAYS = {"payments": YESTERDAY, "fx_rates": OPEN}
ASSETS = (
    "merchants", "fx_rates", "payments", "payments_corrections", "payments_daily", "payments_settled",
    "cost_projection",
)  # fmt: skip
SEARCH = Everywhere(SECRETS.values(), [CARD])
STATUSES = (400, 403)
CONFIG = {"payments": {"ops": {"payments": {"config": {"source": "landing"}}}}}
WITH_ITS_ASSET = dg.AssetCheckKey(dg.AssetKey("cost_projection"), "projection_within_band")
"""A check that only a run of its asset makes."""
ALL_CHECKS = dg.define_asset_job(
    "all_checks", dg.AssetSelection.all_asset_checks() - dg.AssetSelection.checks(WITH_ITS_ASSET)
)
WITHOUT_VALUES = re.compile(r"Could not cast \(number\) or \(number\)|the account lacks a permission")
"""What is left of the service's words."""


class Home:
    """Dagster's home on disk, definitions whose settings hold canaries, and what was said besides."""

    def __init__(self, folder: Path, address: str) -> None:
        self.folder = folder
        folder.mkdir()
        shutil.copy(ROOT / "orchestration" / "ui" / "dagster.yaml", folder)
        self.environment = environment(folder.parent, address)
        made = build(Settings.from_environment(self.environment))
        self.definitions = dg.Definitions.merge(made, dg.Definitions(jobs=[ALL_CHECKS]))
        self.instance = dg.DagsterInstance.from_config(str(folder))

    def run(self, asset: str) -> "dg.ExecuteInProcessResult":
        """Materialize one asset, without the retries of its job, which wait."""
        day = DAYS.get(asset)
        return self.definitions.resolve_implicit_global_asset_job_def().execute_in_process(
            instance=self.instance,
            asset_selection=[dg.AssetKey(asset)],
            partition_key=day.isoformat() if day else None,
            run_config=CONFIG.get(asset),
            raise_on_error=False,
        )

    def job(self, name: str) -> "dg.ExecuteInProcessResult":
        """Run one of the definitions' jobs."""
        return self.definitions.resolve_job_def(name).execute_in_process(instance=self.instance, raise_on_error=False)

    def leaking(self) -> list[str]:
        """Names of files under the home with a card number or a secret in them, SQLite's journals included."""
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        return [str(path.relative_to(self.folder)) for path in files if SEARCH.hits(path.read_bytes())]


def environment(folder: Path, address: str) -> dict[str, str]:
    """Every secret setting, and everything else as far as these runs need it."""
    snapshot = folder / "merchants-{day}.parquet"
    pl.DataFrame({name: ["x"] for name in SNAPSHOT}).write_parquet(str(snapshot).format(day=today()))
    for name in ("cert", "key"):
        (folder / name).write_text("-----BEGIN CERTIFICATE----- -----BEGIN PRIVATE KEY-----")
    plain = {
        "bigquery_project": "p",
        "bigquery_rest_endpoint": address,
        "bigquery_grpc_endpoint": "127.0.0.1:1",
        "state_dir": str(folder / "state"),
        "merchant_snapshots": str(snapshot),
        "fx_feed": address,
        "kafka_security_protocol": "SASL_SSL",
        "kafka_sasl_mechanism": "SCRAM-SHA-512",
        "kafka_username": "reader",
        "kafka_client_cert_file": str(folder / "cert"),
        "kafka_client_key_file": str(folder / "key"),
    }
    return {variable(name): value for name, value in (plain | SECRETS).items()}


def today() -> str:
    return datetime.now(UTC).date().isoformat()  # noqa: TID251 - the asset takes the real day's file


@pytest.fixture(scope="module")
def service():
    with talkative() as made:
        yield made


@pytest.fixture(scope="module")
def home(tmp_path_factory, service):
    made = Home(tmp_path_factory.mktemp("leaks") / "dagster", service[0])
    with pytest.MonkeyPatch.context() as patched:
        for name, value in made.environment.items():
            patched.setenv(name, value)
        yield made
    made.instance.dispose()


@pytest.mark.parametrize("asset", ASSETS)
@pytest.mark.parametrize("status", STATUSES)
def test_a_run_that_the_service_refuses_fails_without_its_values(home, service, asset, status):
    service[1].status, before = status, service[1].asked
    ran = home.run(asset)
    assert service[1].asked > before
    assert not ran.success
    (failed,) = [event for event in ran.all_events if event.event_type_value == "STEP_FAILURE"]
    said = str(failed)
    assert cards_in(said) + secrets_in(said) == []
    assert WITHOUT_VALUES.search(said), "why it failed is said all the same"


@pytest.mark.parametrize("status", STATUSES)
def test_checks_that_get_no_answer_say_so_without_its_values(home, service, status):
    service[1].status = status
    ran = home.job("all_checks")
    told = [str(evaluated) for evaluated in ran.get_asset_check_evaluations()]
    asked = [said for said in told if "not checked: " in said]
    assert len(asked) == len(CHECKS) + 1, "those of the catalogue and the ledger in three ways"
    assert all("Could not cast (number) or (number)" in said for said in asked)
    assert [said for said in told if cards_in(said) or secrets_in(said)] == []


@pytest.mark.parametrize("job", ["hourly_checks", "daily_checks"])
def test_the_log_of_a_run_that_reports_checks_as_well(home, service, job):
    service[1].status = 400
    ran = home.job(job)
    assert ran.success
    logged = [str(entry.user_message) for entry in home.instance.all_logs(ran.run_id)]
    warned = [line for line in logged if "not checked: " in line]
    assert len(warned) == len(of_cadence(Cadence(job.removesuffix("_checks"))))
    assert [line for line in logged if cards_in(line) or secrets_in(line)] == []


@pytest.mark.parametrize("sensor", ["fx_rates_sensor", "payments_corrections_sensor"])
def test_a_sensors_tick_as_well(home, service, sensor):
    service[1].status = 400
    resources = {"warehouse": home.definitions.resources["warehouse"]}
    with dg.build_sensor_context(home.instance, resources=resources) as context:
        tick = home.definitions.get_repository_def().get_sensor_def(sensor).evaluate_tick(context)
    assert tick.skip_message.startswith("the warehouse gave no answer: ")
    assert WITHOUT_VALUES.search(tick.skip_message)
    assert cards_in(tick.skip_message) + secrets_in(tick.skip_message) == []


def test_nothing_of_it_is_in_any_file_of_dagsters_home(home):
    """Last: of all runs above."""
    runs = home.instance.get_runs_count()
    assert runs == len(ASSETS) * len(STATUSES) + len(STATUSES) + 2
    assert home.leaking() == []


def test_the_search_finds_what_an_unredacted_failure_would_leave(home):
    """The mutant: an asset that passes the service's words on. Other words of a failure are found in the same place."""

    @dg.op
    def careless() -> None:
        raise dg.Failure(f"the service said: {SAID}")

    @dg.job
    def careless_job() -> None:
        careless()

    assert not careless_job.execute_in_process(instance=home.instance, raise_on_error=False).success
    assert [name for name in home.leaking() if name.endswith(".db") or ".db-" in name] != []
