"""The auditor's readers on a real broker and emulator, and what they say when nobody answers: one line, never more."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest
from audit_world import FixedGroup
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition  # noqa: TID251  # the real client
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

import audit.bigquery
import audit.kafka
from assets.warehouse.client import connect
from assets.warehouse.migrate import migrate
from audit.bigquery import BigQueryReader
from audit.kafka import KafkaGroupReader, KafkaSilent
from audit.model import AuditError
from audit.run import run

pytestmark = pytest.mark.integration

NOWHERE = "127.0.0.1:9"
RUN = {"kind": "run", "run": "r", "topic": "payments", "topic_id": "T", "started_at": "2026-11-23T12:00:00Z"}


@pytest.fixture(scope="module")
def reader(shared_platform):
    client = connect(shared_platform.project, shared_platform.rest_endpoint)
    dataset = "audit_adapters"
    migrate(client, shared_platform.project, dataset, lambda _: None)
    made = BigQueryReader(
        shared_platform.project, dataset, shared_platform.rest_endpoint, shared_platform.grpc_endpoint
    )
    start = "TIMESTAMP '2026-01-01 00:00:00+00:00'"
    rows = ", ".join(f"('m{n}', 'Shop', '5411', 'DE', 'low', {start}, {start}, 'v{n}')" for n in range(5))
    columns = "merchant_id, name, category, country, risk_tier, valid_from, recorded_at, merchant_version"
    sql = f"INSERT INTO `{dataset}.merchants` ({columns}) VALUES {rows}"
    client.query_and_wait(sql, retry=None, job_retry=None, api_timeout=30, wait_timeout=30)
    yield made
    client.delete_dataset(dataset, delete_contents=True)


def said(call) -> str:
    with pytest.raises(AuditError) as caught:
        call()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_rows_come_in_batches_after_an_empty_one_that_says_the_schema(reader):
    first, *others = reader.rows("merchants", ["merchant_id"], "")
    assert (first.num_rows, first.schema.names) == (0, ["merchant_id"])
    assert sorted(name for batch in others for name in batch.column("merchant_id").to_pylist()) == [
        f"m{n}" for n in range(5)
    ]
    some = list(reader.rows("merchants", ["merchant_id"], "merchant_id > 'm2'"))
    assert sum(batch.num_rows for batch in some) == 2


def test_a_large_table_is_read_in_slices_of_its_offsets(reader, monkeypatch):
    asked = []
    session = reader._session
    monkeypatch.setattr(audit.bigquery, "ROWS_PER_EMULATOR_SESSION", 2)
    monkeypatch.setattr(reader, "query", lambda sql: [(5,)])
    monkeypatch.setattr(reader, "_session", lambda *of: asked.append(of[2]) or session(*of))
    list(reader.rows("payments_landing", ["kafka_offset"], "business_date > DATE '2026-01-01'"))
    assert asked == [f"business_date > DATE '2026-01-01' AND MOD(kafka_offset, 3) = {n}" for n in range(3)]


def test_what_the_service_refuses_is_one_line(reader):
    assert said(lambda: reader.query("SELEC 1")).startswith("a query to BigQuery failed: ")
    assert "reading merchants" in said(lambda: list(reader.rows("merchants", ["absent"], "")))


def test_endpoints_at_which_nobody_is(monkeypatch):
    monkeypatch.setattr(audit.bigquery, "FIRST_CALL_S", 0.3)
    monkeypatch.setattr(audit.bigquery, "FIRST_PATIENCE_S", 0.3)
    away = BigQueryReader("p", "d", f"http://{NOWHERE}", NOWHERE)
    assert "TIDEMARK_BIGQUERY_REST_ENDPOINT" in said(lambda: away.query("SELECT 1"))
    away._answered = True  # only the other one is away
    monkeypatch.setattr(away, "query", lambda sql: [(1,)])
    assert "TIDEMARK_BIGQUERY_GRPC_ENDPOINT" in said(lambda: list(away.rows("merchants", ["name"], "")))


def test_an_error_without_words_is_called_by_its_kind():
    assert audit.bigquery._line(TimeoutError()) == "TimeoutError"


class _Answering(BaseHTTPRequestHandler):
    """Says the same to everybody."""

    status, body = 403, b'{"error": {"code": 403, "message": "no"}}'

    def do_GET(self):
        self.send_response(self.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, *_):
        pass


@contextmanager
def answering(status: int, body: bytes):
    handler = type("Handler", (_Answering,), {"status": status, "body": body})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def test_a_service_that_says_no_at_first_is_there(monkeypatch):
    with answering(403, b'{"error": {"code": 403, "message": "not for you"}}') as endpoint:
        reader = BigQueryReader("p", "d", endpoint, NOWHERE)
        assert said(lambda: reader.query("SELECT 1")).endswith("not for you")
        assert reader._answered


@pytest.fixture
def key_file(tmp_path, monkeypatch):
    """A service account whose tokens are asked for at this address."""

    def written(token_uri: str):
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        account = {"type": "service_account", "project_id": "p", "private_key_id": "1", "private_key": pem}
        account |= {"client_email": "a@p.example", "client_id": "1", "token_uri": token_uri}
        path = tmp_path / "key.json"
        path.write_text(json.dumps(account))
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))

    return written


def test_credentials_that_are_not_accepted_are_one_line(key_file):
    with answering(400, b'{"error": "invalid_grant", "error_description": "gone"}') as tokens:
        key_file(f"{tokens}/token")
        reader = BigQueryReader("p", "d")
        assert "no usable credentials for BigQuery" in said(lambda: reader.query("SELECT 1"))
        reader._answered = True  # they are refused later as well
        assert said(lambda: reader.query("SELECT 1")).startswith("a query to BigQuery failed")


def test_the_real_service_that_does_not_answer(key_file, monkeypatch):
    monkeypatch.setattr(audit.bigquery, "FIRST_PATIENCE_S", 0.3)
    key_file(f"http://{NOWHERE}/token")
    reader = BigQueryReader("p", "d")
    assert "or set TIDEMARK_BIGQUERY_REST_ENDPOINT for an emulator" in said(lambda: reader.query("SELECT 1"))
    assert type(audit.bigquery._read_client("")).__name__ == "BigQueryReadClient"


def test_no_credentials_at_all(monkeypatch, tmp_path):
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "absent.json"))
    assert "GOOGLE_APPLICATION_CREDENTIALS" in said(lambda: BigQueryReader("p", "d"))


def test_the_groups_position_is_read_and_nothing_is_committed(shared_platform):
    settings = shared_platform.environment()
    broker, topic = shared_platform.bootstrap_servers, settings["TIDEMARK_KAFKA_TOPIC"]
    positions = KafkaGroupReader(broker, "nobody", topic).positions()
    assert [position.partition for position in positions] == list(range(len(positions)))
    assert {position.committed for position in positions} == {None}


def test_a_topic_that_is_not_there_and_a_broker_that_does_not_answer(shared_platform, monkeypatch):
    absent = KafkaGroupReader(shared_platform.bootstrap_servers, "nobody", "absent")
    assert "Kafka knows no topic absent" in said(absent.positions)
    monkeypatch.setattr(audit.kafka, "TIMEOUT_S", 0.5)
    silent = KafkaGroupReader(NOWHERE, "nobody", "payments", {"client.id": "auditor"})
    with pytest.raises(KafkaSilent, match="did not answer"):
        silent.positions()


@pytest.fixture
def refusing(monkeypatch):
    """Makes the group's commits a question to which the client first gives these errors, one a time it is asked."""

    def armed(*errors: KafkaError) -> list[KafkaError]:
        told: list[KafkaError] = []

        class Refusing(Consumer):
            def committed(self, partitions, timeout):
                if len(told) == len(errors):
                    return super().committed(partitions, timeout=timeout)
                assert timeout > 0, "no time limit at all"
                told.append(errors[len(told)])
                raise KafkaException(told[-1])

        monkeypatch.setattr("confluent_kafka.Consumer", Refusing)
        return told

    return armed


def test_a_broker_that_has_just_started_is_asked_again_for_the_groups_commits(shared_platform, refusing):
    """Met on a broker of a second ago: the first question for a group failed at once, the next one did not."""
    topic = shared_platform.environment()["TIDEMARK_KAFKA_TOPIC"]
    reader = KafkaGroupReader(shared_platform.bootstrap_servers, "audited", topic)
    assert {position.committed for position in reader.positions()} == {None}
    committer = Consumer({"bootstrap.servers": shared_platform.bootstrap_servers, "group.id": "audited"})
    committer.commit(offsets=[TopicPartition(topic, 1, 0)], asynchronous=False)
    committer.close()
    codes = KafkaError.NOT_COORDINATOR, KafkaError.COORDINATOR_NOT_AVAILABLE, KafkaError.COORDINATOR_LOAD_IN_PROGRESS
    told = refusing(*map(KafkaError, codes))
    positions = reader.positions()
    assert [error.code() for error in told] == list(codes)
    assert [position.committed for position in positions] == [None, 0] + [None] * (len(positions) - 2)


class Sleepy:
    """A clock on which time passes in sleep alone, and as much as is said beside what was asked for."""

    def __init__(self, beside_s: float) -> None:
        self.now, self._beside_s = 0.0, beside_s

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds + self._beside_s


@pytest.mark.parametrize(("beside_s", "asked"), [(0.0, 79), (7.75, 2), (60.0, 2)], ids=["exact", "late", "very late"])
def test_a_coordinator_that_never_comes_is_a_silent_broker(shared_platform, refusing, monkeypatch, beside_s, asked):
    clock = Sleepy(beside_s)
    monkeypatch.setattr(audit.kafka, "time", clock)
    told = refusing(*[KafkaError(KafkaError.NOT_COORDINATOR)] * 100)
    topic = shared_platform.environment()["TIDEMARK_KAFKA_TOPIC"]
    with pytest.raises(KafkaSilent, match="did not answer: Broker: Not coordinator"):
        KafkaGroupReader(shared_platform.bootstrap_servers, "nobody", topic).positions()
    assert len(told) == pytest.approx(asked, abs=1 if asked > 2 else 0)
    assert clock.now <= audit.kafka.TIMEOUT_S + beside_s


def test_what_asking_again_does_not_mend_is_said_at_once(shared_platform, refusing):
    told = refusing(*[KafkaError(KafkaError.GROUP_AUTHORIZATION_FAILED)] * 2)
    topic = shared_platform.environment()["TIDEMARK_KAFKA_TOPIC"]
    with pytest.raises(KafkaSilent, match="Group authorization failed"):
        KafkaGroupReader(shared_platform.bootstrap_servers, "nobody", topic).positions()
    assert len(told) == 1


def test_an_error_of_one_partition_is_not_taken_for_no_commit(shared_platform, monkeypatch):
    class OnePartitionFails(Consumer):
        def committed(self, partitions, timeout):
            *others, last = super().committed(partitions, timeout=timeout)
            error = KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART)
            return [*others, SimpleNamespace(partition=last.partition, offset=last.offset, error=error)]

    monkeypatch.setattr("confluent_kafka.Consumer", OnePartitionFails)
    topic = shared_platform.environment()["TIDEMARK_KAFKA_TOPIC"]
    with pytest.raises(KafkaSilent, match="Unknown topic or partition"):
        KafkaGroupReader(shared_platform.bootstrap_servers, "nobody", topic).positions()


class _Mute:
    """A warehouse that describes no table."""

    def rows(self, table, columns, where):
        return iter(())

    def query(self, sql):
        return []


def test_a_warehouse_that_describes_nothing(tmp_path):
    path = tmp_path / "run.jsonl"
    path.write_text(json.dumps(RUN) + "\n")
    assert "did not describe payments_landing" in said(lambda: run([path], _Mute(), FixedGroup([])))


def test_a_ledger_without_a_day_is_refused(tmp_path):
    path = tmp_path / "run.jsonl"
    path.write_text(json.dumps({**RUN, "started_at": None}) + "\n")
    assert said(lambda: run([path], _Mute(), FixedGroup([]))).startswith("the ledger names no day")
