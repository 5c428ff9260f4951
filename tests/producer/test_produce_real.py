"""The producer against the real broker: coordinates, a kill, a Ctrl-C, a broker that stands still."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from confluent_kafka import Consumer, TopicPartition  # noqa: TID251 - reads back what was sent

from sandbox.platform.instance import running
from sandbox.producer.ledger import payload_mac, read
from sandbox.producer.planning import Mix
from sandbox.producer.produce import produce

pytestmark = [pytest.mark.integration, pytest.mark.timeout(60)]

PARTITIONS = 6
TIDEMARK = [sys.executable, "-m", "orchestration.cli", "produce"]


@pytest.fixture(scope="module")
def platform(tmp_path_factory):
    with running(tmp_path_factory.mktemp("instance"), partitions=PARTITIONS) as facts:
        yield facts


def key_of(platform):
    return platform.environment()["TIDEMARK_MAC_KEY"]


def log_of(platform):
    """Everything in the topic by coordinates: (value, (timestamp type, milliseconds))."""
    consumer = Consumer(
        {"bootstrap.servers": platform.bootstrap_servers, "group.id": "reader", "enable.auto.commit": False}
    )
    parts = [TopicPartition(platform.topic, number, 0) for number in range(PARTITIONS)]
    ends = {part.partition: consumer.get_watermark_offsets(part, timeout=10)[1] for part in parts}
    consumer.assign(parts)
    found = {}
    while len(found) < sum(ends.values()):
        for message in consumer.consume(5_000, 1.0):
            assert message.error() is None
            found[message.partition(), message.offset()] = (message.value(), message.timestamp())
    consumer.close()
    return found


def run_command(platform, *options):
    return subprocess.Popen(
        [*TIDEMARK, "--state", str(platform.state), *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def newest_ledger(platform, known):
    """The ledger file that appears besides the known ones."""
    while not (fresh := known_ledgers(platform) - known):
        threading.Event().wait(0.05)
    return fresh.pop()


def await_outcomes(ledger, wanted):
    while sum(line["kind"] == "outcome" for line in read(ledger)) < wanted:
        threading.Event().wait(0.05)


def known_ledgers(platform):
    return set(Path(platform.state, "ledger").glob("*.jsonl"))


def test_a_run_s_ledger_is_what_the_log_holds(platform):
    mix = Mix(bad=0.05, duplicates=0.02, late=0.02)
    folder = platform.state / "ledger"
    summary = produce(
        platform.bootstrap_servers, platform.topic, key_of(platform), folder, mix=mix, rate=1_000, seconds=3
    )
    assert (summary.acked, summary.failed, summary.unknown) == (3_000, 0, 0)
    assert summary.held_rate
    lines = list(read(Path(summary.ledger)))
    intents = {line["n"]: line for line in lines if line["kind"] == "intent"}
    log = log_of(platform)
    for line in lines:
        if line["kind"] == "outcome":
            value, stamp = log[line["partition"], line["offset"]]
            assert payload_mac(key_of(platform), value) == intents[line["n"]]["mac"]
            assert stamp == (2, line["broker_ms"])  # LogAppendTime
            assert (value is None) == (intents[line["n"]]["expect"] == "QUARANTINED_TOMBSTONE")
    assert lines[0]["topic_id"] == summary.topic_id
    assert (lines[0]["kind"], lines[-1]["kind"]) == ("run", "end")


@pytest.mark.fault
def test_a_killed_run_leaves_a_ledger_that_knows_every_record_in_the_log(platform):
    known = known_ledgers(platform)
    before = set(log_of(platform))
    process = run_command(platform, "--rate", "2000", "--bad", "0", "--duplicates", "0")
    ledger = newest_ledger(platform, known)
    await_outcomes(ledger, 2_000)
    process.kill()
    process.communicate()
    lines = list(read(ledger))
    assert lines[-1]["kind"] != "end"
    intents = {line["mac"]: line["n"] for line in lines if line["kind"] == "intent"}
    outcomes = {(line["partition"], line["offset"]) for line in lines if line["kind"] == "outcome"}
    fresh = {at: value for at, (value, _) in log_of(platform).items() if at not in before}
    assert {payload_mac(key_of(platform), value) for value in fresh.values()} <= set(intents)
    assert outcomes <= set(fresh)


@pytest.mark.fault
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_run_in_order(platform, number, code):
    known = known_ledgers(platform)
    process = run_command(platform, "--rate", "1000", "--json")
    ledger = newest_ledger(platform, known)
    await_outcomes(ledger, 500)
    process.send_signal(number)
    shown, complaints = process.communicate(timeout=20)
    assert process.returncode == code
    assert "Traceback" not in complaints
    summary = json.loads(shown)
    lines = list(read(ledger))
    assert summary["stopped"]
    assert lines[-1]["kind"] == "end"
    assert sum(line["kind"] == "outcome" for line in lines) == summary["intents"]
    assert summary["unknown"] == 0


@pytest.mark.fault
def test_a_broker_that_stands_still_costs_neither_rate_nor_records(platform):
    sent_before_stop = threading.Event()

    def stand_still():
        sent_before_stop.wait(30)
        os.kill(platform.kafka_pid, signal.SIGSTOP)
        threading.Event().wait(3)  # the fault itself: three seconds without a broker
        os.kill(platform.kafka_pid, signal.SIGCONT)

    fault = threading.Thread(target=stand_still)
    fault.start()
    try:
        summary = produce(
            platform.bootstrap_servers,
            platform.topic,
            key_of(platform),
            platform.state / "ledger",
            rate=500,
            seconds=5,
            on_progress=lambda progress: sent_before_stop.set() if progress.sent > 500 else None,
        )
    finally:
        sent_before_stop.set()
        fault.join()
    assert summary.held_rate
    assert (summary.acked, summary.unknown) == (2_500, 0)


def test_a_missing_topic_is_one_clear_line(platform):
    from sandbox.producer.broker import ProducerError

    with pytest.raises(ProducerError, match="has no topic elsewhere: `tidemark up` creates it"):
        produce(platform.bootstrap_servers, "elsewhere", "k" * 32, platform.state / "ledger", rate=1, seconds=1)
