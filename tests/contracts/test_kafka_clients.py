"""Clients that ask: replaced when they fall silent, never destroyed by a thread of their own."""

import signal
import subprocess
import sys

import pytest
from confluent_kafka import Consumer  # noqa: TID251 - to break what the adapter has
from confluent_kafka.admin import AdminClient  # noqa: TID251

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


@pytest.mark.integration
def test_clients_that_lost_every_broker_are_replaced(kafka_bootstrap):
    settings = Settings(kafka_bootstrap=kafka_bootstrap)
    questions = KafkaQuestions(settings, {}, lambda error: None, silent_s=0.5)
    clients = questions._clients
    clients.admin = AdminClient({"bootstrap.servers": NOBODY, "log_level": 0})
    clients.asker = Consumer({"bootstrap.servers": NOBODY, "group.id": "any", "log_level": 0})
    failures = 0
    while failures < 20:
        try:
            assert questions.topic(1.0).partitions > 0
            break
        except BrokerError:
            failures += 1
    assert questions.committed([0], 5.0) == {0: None}, "both were replaced"
    assert 1 <= failures < 20


COLLECTED = f"""
import gc, threading
from confluent_kafka import TopicCollection
from streaming.adapters.kafka_questions import KafkaQuestions
from streaming.settings import Settings

done = threading.Event()
questions = KafkaQuestions(Settings(kafka_bootstrap="{NOBODY}"), {{}}, lambda error: None)
questions.itself = questions  # only the collector finds it
future = questions._clients.admin.describe_topics(TopicCollection(["payments"]), request_timeout=1.0)["payments"]
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
    ran = collected("from streaming.adapters.kafka_clients import Clients", "del Clients.__del__")
    assert ran.returncode == -signal.SIGABRT
