from types import SimpleNamespace

import pytest
from confluent_kafka import KafkaError, Producer  # noqa: TID251 - the adapter's errors are what is tested

from sandbox.producer import broker
from sandbox.producer.broker import KafkaBroker, ProducerError, outcome, topic_id
from sandbox.producer.ledger import Acked, NotAcked

DELIVERED = SimpleNamespace(partition=lambda: 3, offset=lambda: 17, timestamp=lambda: (2, 1_764_000_000_123))


def every_error_as_failed(number, error, message):
    """Mutant: what was not acknowledged is taken as not written."""
    return outcome(number, None, message) if error is None else NotAcked(number, "failed", str(error))


def check_unknown_is_said_to_be_unknown(judge):
    for code in (KafkaError._MSG_TIMED_OUT, KafkaError._TRANSPORT, KafkaError._PURGE_QUEUE, KafkaError._PURGE_INFLIGHT):
        assert judge(5, KafkaError(code), DELIVERED).result == "unknown"


def test_an_acknowledged_record_has_coordinates_and_the_broker_s_time():
    assert outcome(5, None, DELIVERED) == Acked(5, 3, 17, 1_764_000_000_123)


def test_a_time_out_is_unknown():
    check_unknown_is_said_to_be_unknown(outcome)


def test_taking_a_time_out_as_failed_would_be_seen():
    with pytest.raises(AssertionError):
        check_unknown_is_said_to_be_unknown(every_error_as_failed)


def test_a_record_that_is_too_large_certainly_failed():
    refused = outcome(5, KafkaError(KafkaError.MSG_SIZE_TOO_LARGE), DELIVERED)
    assert isinstance(refused, NotAcked)
    assert refused.result == "failed"
    assert "MSG_SIZE_TOO_LARGE" in refused.error


def test_an_acknowledgement_without_coordinates_is_unknown():
    message = SimpleNamespace(partition=lambda: None, offset=lambda: None, timestamp=lambda: (0, 0))
    assert outcome(5, None, message).result == "unknown"


def test_the_producer_is_idempotent_and_waits_for_all_replicas():
    settings = broker._SETTINGS
    assert settings["acks"] == "all"
    assert settings["enable.idempotence"] is True
    assert settings["delivery.timeout.ms"] == 300_000
    assert settings["allow.auto.create.topics"] is False


@pytest.fixture
def mock_cluster():
    """A broker inside librdkafka, on a loopback port."""
    producer = Producer({"bootstrap.servers": "none", "test.mock.num.brokers": 1, "log_level": 0})
    producer.list_topics("payments", timeout=10)
    address = producer.list_topics(timeout=10).brokers[1]
    yield f"{address.host}:{address.port}"
    producer.flush(1.0)  # the cluster lives as long as this client is referred to


@pytest.mark.integration
def test_records_are_reported_with_their_coordinates(mock_cluster):
    reports = []
    sender = KafkaBroker(mock_cluster, "payments")
    for number, payload in enumerate([b"one", None, b""]):
        assert sender.send(number, "key", payload, reports.append)
    while sender.outstanding():
        sender.poll(1.0)
    assert [report.n for report in reports] == [0, 1, 2]
    assert [report.offset for report in reports] == [0, 1, 2]
    assert len({report.partition for report in reports}) == 1


@pytest.mark.integration
def test_what_the_client_refuses_failed(mock_cluster):
    reports = []
    sender = KafkaBroker(mock_cluster, "payments")
    assert sender.send(0, "key", b"x" * 2_000_000, reports.append)
    assert reports[0].result == "failed"


@pytest.mark.integration
def test_what_is_given_up_is_unknown(unanswering_port):
    reports = []
    sender = KafkaBroker.__new__(KafkaBroker)  # without the connection that the constructor insists on
    sender._topic = "payments"
    sender._producer = Producer({"bootstrap.servers": f"127.0.0.1:{unanswering_port}", "log_level": 0})
    for number in range(3):
        assert sender.send(number, "key", b"payload", reports.append)
    sender.give_up()
    assert [report.result for report in reports] == ["unknown"] * 3
    assert sender.outstanding() == 0


@pytest.fixture
def unanswering_port():
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.integration
def test_no_broker_is_one_clear_line(unanswering_port):
    address = f"127.0.0.1:{unanswering_port}"
    with pytest.raises(ProducerError, match=rf"Kafka at {address} does not answer.*`tidemark up`"):
        topic_id(address, "payments", timeout_s=1.0)
    with pytest.raises(ProducerError, match="does not answer"):
        KafkaBroker(address, "payments", timeout_s=1.0)
