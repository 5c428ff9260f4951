"""Clients that ask: replaced when they fall silent, never destroyed by a thread of their own."""

import signal
import subprocess
import sys
import uuid
from itertools import count

import pytest
from confluent_kafka import Consumer  # noqa: TID251 - to break what the adapter has
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic  # noqa: TID251

from streaming.adapters.kafka_clients import Replaceable, Silence
from streaming.adapters.kafka_questions import KafkaQuestions
from streaming.ports import BrokerError, TopicMissing
from streaming.settings import Settings, SettingsError

NOBODY = "127.0.0.1:1"


class TestSilence:
    def test_a_first_failure_is_no_silence(self):
        assert not Silence(20.0).failed(1_000.0)

    def test_failures_for_long_are_once(self):
        silence = Silence(20.0)
        assert [silence.failed(now) for now in (0.0, 19.9, 20.0, 20.1)] == [False, False, True, False]

    def test_an_answer_ends_it(self):
        silence = Silence(20.0)
        silence.failed(0.0)
        silence.answered()
        assert not silence.failed(20.0)

    def test_it_is_said_again_after_as_long(self):
        silence = Silence(20.0)
        assert [now for now in range(100) if silence.failed(float(now))] == [20, 40, 60, 80]


def test_a_replaced_client_is_ended_when_the_next_one_is_replaced():
    ended: list[int] = []
    clients = Replaceable(count(1).__next__, ended.append, silent_s=0.0)
    for _ in range(3):
        clients.failed()
    assert (clients.client, ended) == (4, [1, 2])


def test_a_client_that_cannot_be_made_now_is_no_reason_to_end():
    def refuse():
        raise SettingsError("TIDEMARK_KAFKA_CA_FILE: there is nothing at its path")

    clients = Replaceable(lambda: 1, lambda client: None, silent_s=0.0)
    clients._make = refuse
    clients.failed()
    assert clients.client == 1


@pytest.mark.integration
def test_a_missing_topic_is_an_answer(kafka_bootstrap):
    settings = Settings(kafka_bootstrap=kafka_bootstrap, kafka_topic="not-there")
    questions = KafkaQuestions(settings, {}, lambda error: None, silent_s=0.0)
    first = questions._admin.client
    for _ in range(3):
        with pytest.raises(TopicMissing):
            questions.topic(5.0)
    assert questions._admin.client is first


def deaf(kind):
    """A client that knows no broker, and never will."""
    return kind({"bootstrap.servers": NOBODY, "group.id": "any", "log_level": 0})


def answered_within(tries, ask):
    """How many questions failed before one was answered."""
    for failures in range(tries):
        try:
            ask()
        except BrokerError:
            continue
        return failures
    raise AssertionError(f"no answer to {tries} questions")


@pytest.mark.integration
def test_each_client_that_lost_every_broker_is_replaced_whatever_the_other_hears(kafka_bootstrap):
    """The new one that asks for offsets knows no topic: it learns of it first."""
    questions = KafkaQuestions(Settings(kafka_bootstrap=kafka_bootstrap), {}, lambda error: None, silent_s=0.5)
    assert questions.log_ranges([0], 10.0), "now it thinks that the partition is known"
    questions._asker._made.append(deaf(Consumer))
    assert answered_within(20, lambda: (questions.topic(5.0), questions.log_ranges([0], 1.0))) >= 1
    questions._admin._made.append(deaf(AdminClient))
    assert answered_within(20, lambda: (questions.committed([0], 5.0), questions.topic(0.5))) >= 1


@pytest.mark.integration
def test_a_client_that_takes_a_partition_for_unknown_learns_of_it(kafka_bootstrap):
    """Seen after a broker's stop: the topic's partitions were forgotten, and every question refused at once."""
    admin, topic = AdminClient({"bootstrap.servers": kafka_bootstrap}), f"growing-{uuid.uuid4()}"
    admin.create_topics([NewTopic(topic, 1)])[topic].result(20)
    questions = KafkaQuestions(Settings(kafka_bootstrap=kafka_bootstrap, kafka_topic=topic), {}, lambda error: None)
    assert questions.log_ranges([0], 10.0)
    admin.create_partitions([NewPartitions(topic, 3)])[topic].result(20)
    questions._known = 3
    assert answered_within(20, lambda: questions.log_ranges([2], 2.0)) >= 1


COLLECTED = f"""
import gc, threading
from confluent_kafka import TopicCollection
from streaming.adapters.kafka_questions import KafkaQuestions
from streaming.settings import Settings

done = threading.Event()
questions = KafkaQuestions(Settings(kafka_bootstrap="{NOBODY}"), {{}}, lambda error: None)
questions.itself = questions  # only the collector finds it
future = questions._admin.client.describe_topics(TopicCollection(["payments"]), request_timeout=1.0)["payments"]
future.add_done_callback(lambda _: (gc.collect(), done.set()))
del questions, future
gc.disable()  # until the answer comes, on the client's own thread
assert done.wait(20)
KafkaQuestions(Settings(kafka_bootstrap="{NOBODY}"), {{}}, lambda error: None)
print("went on")
"""


def collected(*before):
    code = "\n".join([*before, COLLECTED])
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.integration
def test_one_that_is_collected_while_an_answer_comes_does_not_take_the_process_along():
    ran = collected()
    assert ran.stdout == "went on\n", ran.stderr[-2_000:]


@pytest.mark.integration
def test_left_to_the_collector_it_would():
    """A defect of librdkafka: when an upgrade has mended it, this fails, and `Replaceable.__del__` can go."""
    ran = collected(
        "import resource; resource.setrlimit(resource.RLIMIT_CORE, (0, 0))",
        "from streaming.adapters.kafka_clients import Replaceable",
        "del Replaceable.__del__",
    )
    assert ran.returncode == -signal.SIGABRT


ENDED = f"""
from streaming.adapters.kafka import KafkaBroker
from streaming.ports import BrokerError
from streaming.settings import Settings

for _ in range(3):
    broker = KafkaBroker(Settings(kafka_bootstrap="{NOBODY}"))
    try:
        broker.topic(0.2)
    except BrokerError as error:
        said = error
"""


@pytest.mark.integration
def test_the_process_ends_in_order_while_an_answer_is_still_waited_for():
    ran = subprocess.run([sys.executable, "-c", ENDED], capture_output=True, text=True, timeout=60, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
