"""Clients that ask: replaced when they fall silent, never destroyed by a thread of their own."""

import signal
import subprocess
import sys

import pytest
from confluent_kafka import Consumer  # noqa: TID251 - to break what the adapter has
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic  # noqa: TID251

from streaming.adapters.kafka_clients import MOST_S, Silence
from streaming.adapters.kafka_questions import KafkaQuestions
from streaming.ports import BrokerError
from streaming.settings import Settings

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

    def test_each_lasts_twice_as_long_up_to_a_limit(self):
        silence = Silence(20.0)
        ends = [float(now) for now in range(1_600) if silence.failed(float(now))]
        lasted = [after - before for before, after in zip([0.0, *ends], ends, strict=False)]
        assert lasted == [20.0, 40.0, 80.0, 160.0, MOST_S, MOST_S, MOST_S, MOST_S]


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
    admin = AdminClient({"bootstrap.servers": kafka_bootstrap})
    admin.create_topics([NewTopic("growing", 1)])["growing"].result(20)
    questions = KafkaQuestions(Settings(kafka_bootstrap=kafka_bootstrap, kafka_topic="growing"), {}, lambda error: None)
    assert questions.log_ranges([0], 10.0)
    admin.create_partitions([NewPartitions("growing", 3)])["growing"].result(20)
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


def test_one_that_is_collected_while_an_answer_comes_does_not_take_the_process_along():
    ran = collected()
    assert ran.stdout == "went on\n", ran.stderr[-2_000:]


def test_left_to_the_collector_it_would():
    ran = collected("from streaming.adapters.kafka_clients import Replaceable", "del Replaceable.__del__")
    assert ran.returncode == -signal.SIGABRT
