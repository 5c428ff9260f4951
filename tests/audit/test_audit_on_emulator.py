"""Each sabotage alone, on more than ten thousand rows in a real table, read as the auditor reads them."""

import io

import pytest
from audit_world import FixedGroup, build
from sabotages import ON_A_REAL_TABLE

from assets.warehouse.client import connect
from assets.warehouse.migrate import migrate
from audit.bigquery import BigQueryReader
from audit.model import AuditError
from audit.run import run

pytestmark = pytest.mark.integration

EVENTS = 10_500
TABLES = ("payments_landing", "fx_rates", "merchants")


class Emulated:
    """A warehouse with a good landing that is put back after each sabotage."""

    def __init__(self, facts, world):
        self.world = world
        self.client = connect(facts.project, facts.rest_endpoint)
        self.dataset = facts.dataset
        migrate(self.client, facts.project, facts.dataset, lambda _: None)
        for name in (*TABLES, "reference_versions"):
            self.load(name, getattr(world, "landing" if name == "payments_landing" else name))
        for name in TABLES:
            self.execute(f"CREATE TABLE good_{name} AS SELECT * FROM {name}")
        self.reader = BigQueryReader(facts.project, facts.dataset, facts.rest_endpoint, facts.grpc_endpoint)

    def load(self, name, frame):
        from google.cloud.bigquery import LoadJobConfig  # noqa: TID251  # a test of the real client

        file = io.BytesIO()
        frame.write_parquet(file)
        file.seek(0)
        table = self.client.get_table(f"{self.dataset}.{name}")
        config = LoadJobConfig(source_format="PARQUET", schema=table.schema)
        self.client.load_table_from_file(file, table, job_config=config).result()

    def execute(self, sql):
        from google.cloud.bigquery import QueryJobConfig  # noqa: TID251  # a test of the real client

        config = QueryJobConfig(default_dataset=f"{self.client.project}.{self.dataset}")
        job = self.client.query(sql, job_config=config)
        job.result()
        return job.num_dml_affected_rows

    def audited(self):
        return run([self.world.ledger], self.reader, FixedGroup(self.world.positions))

    def restore(self, changes):
        for name in TABLES:
            if any(name in change for change in changes):
                self.execute(f"DELETE FROM {name} WHERE TRUE")
                self.execute(f"INSERT INTO {name} SELECT * FROM good_{name}")


@pytest.fixture(scope="module")
def emulated(tmp_path_factory):
    from sandbox.platform.instance import running

    world = build(tmp_path_factory.mktemp("ledger-10k"), EVENTS)
    with running(tmp_path_factory.mktemp("audit") / "platform", say=lambda _: None) as facts:
        yield Emulated(facts, world)


def failed(report):
    return {check.name for check in report.checks if not check.passed}


def test_the_good_landing_passes(emulated):
    report = emulated.audited()
    assert failed(report) == set()
    assert report.events["landed"] >= 10_000


@pytest.mark.parametrize("case", ON_A_REAL_TABLE, ids=lambda case: case.name)
def test_sabotage_is_caught(emulated, case):
    try:
        for change in case.changes:
            assert emulated.execute(change) >= 1, "the sabotage touched nothing"
        report = emulated.audited()
    finally:
        emulated.restore(case.changes)
    assert report.verdict == "FAIL"
    assert case.caught_by <= failed(report)


def test_after_all_that_the_landing_is_good_again(emulated):
    assert failed(emulated.audited()) == set()


def test_a_warehouse_that_does_not_answer_is_one_line(emulated):
    away = BigQueryReader("tidemark-local", "absent", emulated.client._connection.API_BASE_URL, "127.0.0.1:9")
    with pytest.raises(AuditError) as caught:
        away.query("SELECT 1 FROM nowhere")
    assert "\n" not in str(caught.value)
