"""A BigQuery that goes wrong in every way its clients can see, under traffic: what the consumer does, then the counts.

One platform, one member, one producer for all of it. After each fault everything that is in the log by then must have
one row, no more and no less; the last test holds the audit over the whole run.
"""

import json
import os
import signal
import subprocess
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from fault_report import record_fault
from fault_rig import DRAIN_S, platform_rig, until
from faulty_warehouse.answers import REFUSED_ROWS
from faulty_warehouse.doors import faulty_warehouse
from faulty_warehouse.script import APPEND, COUNT, FINALIZE, HIGHEST, OPEN, Fate, Rule, Says
from faulty_warehouse.trial import OVER_S, PARTITIONS, World, record
from storm import drained, tidemark

pytestmark = [pytest.mark.integration, pytest.mark.fault, pytest.mark.timeout(400)]

RATE, LONGEST_RUN_S = 300, 600
SEED = 6
SETTINGS = {"TIDEMARK_APPEND_DEADLINE_S": "5", "TIDEMARK_COMMIT_INTERVAL_S": "0.3", "TIDEMARK_SESSION_TIMEOUT_S": "6"}
ARRIVED = {0: "none arrived", 1: "each arrived", 2: "each arrived twice"}
REJECTED = "QUARANTINED_WAREHOUSE_REJECTED"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with ExitStack() as stack:
        rig = stack.enter_context(platform_rig(tmp_path_factory.mktemp("faulty"), PARTITIONS))
        addresses = rig.platform.rest_endpoint, rig.platform.grpc_endpoint
        door, environment = stack.enter_context(faulty_warehouse(*addresses, SEED))
        stack.enter_context(rig.members(1, **environment, **SETTINGS))
        rig.ready()
        length = ("--rate", str(RATE), "--seconds", str(LONGEST_RUN_S))
        with (rig.state / "logs" / "produce.log").open("ab") as log:
            producer = subprocess.Popen(tidemark("produce", "--state", str(rig.state), *length), stdout=log, stderr=log)
        made = World(rig, door)
        made.producer = producer
        try:
            until(lambda: rig.crew.tend() or sum(made.ends().values()) > RATE, OVER_S, "traffic")
            yield made
        finally:
            door.script.follow()
            producer.kill()
            producer.wait()


@dataclass(frozen=True)
class Case:
    """A fault of appends alone."""

    fault: str
    rule: Rule
    failed: frozenset[str]
    """Errors the consumer is told, all of them."""
    fences: str = ""
    """What it goes back to Fence for; empty: it does not."""
    applied: bool = False
    """Whether rows arrived in an append that was answered otherwise, so that a fence must find them."""


def on_append(says: Says, arrives: int = 1, times: int = 4, after_s: float = 0.0) -> Rule:
    return Rule(APPEND, Fate(says, arrives, after_s), times)


def errors(*names: str) -> frozenset[str]:
    return frozenset(names)


CASES = [
    Case("appends are slow", on_append(Says.TRUTH, times=12, after_s=0.8), errors()),
    Case("a request is dropped", on_append(Says.NOTHING, 0), errors("Unavailable")),
    Case("the answer is dropped, the request applied", on_append(Says.NOTHING), errors("Unavailable", "AlreadyExists")),
    Case("a request arrives twice", on_append(Says.TRUTH, 2), errors()),
    Case("a request arrives twice, both answered", on_append(Says.BOTH, 2), errors("AlreadyExists"), "is taken"),
    Case("an answer without a result", on_append(Says.BLANK, 0), errors("Unavailable")),
    Case("already exists, with the true offset", on_append(Says.EXISTS), errors("AlreadyExists")),
    Case(
        "already exists, with a false offset", on_append(Says.EXISTS_ELSEWHERE, 0, 2), errors("AlreadyExists"),
        "is taken and the stream says",
    ),
    Case(
        "already exists, without an offset", on_append(Says.EXISTS_SOMEWHERE, 1, 2), errors("AlreadyExists"),
        "is taken and the stream says None", applied=True,
    ),
    Case("out of range", on_append(Says.OUT_OF_RANGE, 0, 2), errors("OffsetOutOfRange"), "beyond the end"),
    Case("finalized", on_append(Says.FINALIZED, 0, 2), errors("StreamFinalized"), "finalized"),
    Case("finalized, said after applying", on_append(Says.FINALIZED, 1, 2), errors("StreamFinalized"), "fin", True),
    Case("not found, said after applying", on_append(Says.NOT_FOUND, 1, 2), errors("StreamNotFound"), "no such", True),
    Case("aborted", on_append(Says.ABORTED, 0), errors("Unavailable")),
    Case("unavailable, after applying", on_append(Says.UNAVAILABLE), errors("Unavailable", "AlreadyExists")),
    Case("internal, after applying", on_append(Says.INTERNAL), errors("Unavailable", "AlreadyExists")),
    Case("deadline exceeded", on_append(Says.DEADLINE, 0), errors("Unavailable")),
    Case(
        "the connection is reset, the request applied", on_append(Says.RESET, 1, 1),
        errors("Unavailable", "AlreadyExists"),
    ),
]  # fmt: skip


LATER = [pytest.param(case, marks=pytest.mark.long) for case in CASES[3:]]


@pytest.mark.parametrize("case", [*CASES[:3], *LATER], ids=lambda case: case.fault.replace(" ", "-"))
def test_an_append_that(world, case):
    outcome = world.fault(case.rule)
    assert outcome.failed == case.failed, outcome.told()
    assert all(case.fences in why for why in outcome.why("fence_again")), outcome.told()
    assert bool(outcome.kinds["fence_again"]) is bool(case.fences), outcome.told()
    assert outcome.kinds["recovered"] == outcome.kinds["fence_again"]
    if case.applied:
        assert outcome.skipped() > 0, "rows that arrived were not delivered again"
    done = f"{case.rule.times} appends, {ARRIVED[case.rule.fate.arrives]}; answered: {case.rule.fate.says.value}"
    record(outcome, case.fault, done)


@pytest.mark.long
def test_answers_that_stay_away_send_it_back_to_fence(world):
    outcome = world.fault(Rule(APPEND, Fate(Says.UNAVAILABLE), None), for_s=4)
    assert {"Unavailable"} <= outcome.failed <= {"Unavailable", "AlreadyExists"}
    assert all("no answer to 5 sends" in why for why in outcome.why("fence_again"))
    assert outcome.kinds["fence_again"] == outcome.kinds["recovered"] == PARTITIONS, outcome.told()
    assert outcome.skipped() > 0
    record(outcome, "unavailable for 4 s, each append applied", "five sends of the same bytes, then Fence counts")


def test_quota_is_waited_for(world):
    outcome = world.fault(Rule(APPEND, Fate(Says.EXHAUSTED, 0), None), for_s=3, during=lambda: world.seen("paused"))
    assert outcome.failed == {"QuotaExceeded"}
    assert not outcome.kinds["fence_again"]
    assert outcome.kinds["call_failed"] <= 3 * PARTITIONS, "no hot loop"
    record(outcome, "resource exhausted", "every append for 3 s, looked again every 5 s; partitions show as paused")


def test_a_permission_that_is_missing_is_said_once_and_waited_for(world):
    outcome = world.fault(Rule(APPEND, Fate(Says.DENIED, 0), None), for_s=3, during=lambda: world.seen("paused"))
    assert (outcome.kinds["access_denied"], outcome.kinds["access_restored"]) == (1, 1), outcome.told()
    assert not outcome.kinds["fence_again"]
    record(outcome, "permission denied", "every append for 3 s, looked again every 5 s; partitions show as paused")


@pytest.mark.long
def test_connections_that_are_closed_for_idleness(world):
    world.door.idle_s = 0.02
    try:
        outcome = world.fault(for_s=3)
    finally:
        world.door.idle_s = None
    assert world.door.idle_closed > 10
    assert not outcome.kinds["fence_again"]
    assert outcome.failed <= {"Unavailable", "AlreadyExists"}
    record(outcome, "idle connections are closed", f"after 20 ms without a request, {world.door.idle_closed} times")


@pytest.mark.long
def test_a_service_that_stalls_for_ever(world):
    outcome = world.fault(Rule(APPEND, Fate(Says.NOTHING, 0), None), for_s=7)
    assert outcome.failed == {"Unavailable"}
    assert all("no answer within" in why for why in outcome.why("call_failed"))
    record(outcome, "appends stall for ever", "no append of 7 s is ever answered")


@pytest.mark.long
def test_recovery_meets_faults_of_its_own(world):
    """The stream that is opened and the one that is finalized, each applied and answered otherwise."""
    outcome = world.fault(
        Rule(APPEND, Fate(Says.FINALIZED)),
        Rule(FINALIZE, Fate(Says.UNAVAILABLE), 2),
        Rule(OPEN, Fate(Says.INTERNAL), 2),
    )
    assert outcome.failed == {"StreamFinalized", "Unavailable"}
    assert outcome.kinds["call_failed"] == 5, outcome.told()
    assert (outcome.kinds["fence_again"], outcome.kinds["recovered"]) == (1, 1)
    assert outcome.skipped() > 0
    record(outcome, "finalize and open fail while recovering", "both applied and answered with an error, twice each")


@pytest.mark.long
@pytest.mark.parametrize(
    ("says", "after_s", "name"),
    [
        (Says.FAILED, 0.0, "the check's count fails"),
        (Says.TRUTH, 4.0, "the check's count comes late"),
        (Says.STALE, 0.0, "the check's count is out of date"),
    ],
    ids=["fails", "comes-late", "is-out-of-date"],
)
def test_a_count_that(world, says, after_s, name):
    """The partition appends nothing before it agrees; the others go on."""
    times = 1 if after_s else 3
    began = time.monotonic()
    outcome = world.fault(Rule(APPEND, Fate(Says.FINALIZED)), Rule(COUNT, Fate(says, after_s=after_s), times))
    assert outcome.failed == {"StreamFinalized"} | ({"Unavailable"} if says is Says.FAILED else set())
    assert (outcome.kinds["fence_again"], outcome.kinds["recovered"]) == (1, 1), outcome.told()
    assert outcome.skipped() > 0
    assert time.monotonic() - began > after_s
    late = f" {after_s:.0f} s late" if after_s else ""
    record(outcome, name, f"an append is told that its stream is finalized; the count {times} times{late}")


@pytest.mark.long
def test_the_fallback_to_the_table_whose_query_fails(world):
    """The stream is not there any more: neither to append to, nor to count."""
    outcome = world.fault(
        Rule(APPEND, Fate(Says.NOT_FOUND)), Rule(FINALIZE, Fate(Says.NOT_FOUND)), Rule(HIGHEST, Fate(Says.FAILED), 2)
    )
    assert outcome.failed == {"StreamNotFound", "Unavailable"}
    assert outcome.kinds["call_failed"] == 4, outcome.told()
    assert (outcome.kinds["fence_again"], outcome.kinds["recovered"]) == (1, 1)
    record(outcome, "the stream is gone and the fallback's query fails", "not found twice, then the query twice")


def test_rows_that_are_refused_land_as_quarantined(world):
    rejected = f"SELECT kafka_partition, kafka_offset FROM `{world.rig.platform.dataset}.payments_landing` "
    rejected += f"WHERE business_date >= DATE '2020-01-01' AND status = '{REJECTED}'"
    outcome = world.fault(Rule(APPEND, Fate(Says.ROW_ERRORS, 0)))
    world.rejected |= {(row[0], row[1]) for row in world.rig.client.query_and_wait(rejected)}
    assert len(world.rejected) == len(REFUSED_ROWS)
    assert outcome.failed == {"RowsRejected"}
    assert not outcome.kinds["fence_again"]
    record(outcome, "row errors", f"rows {REFUSED_ROWS} of an append are refused: they are {REJECTED}")


def test_a_request_that_arrives_late_while_its_sender_lives(world):
    """It was sent again meanwhile: it arrives at an offset that exists."""
    codes = []
    keep = Rule(APPEND, Fate(Says.NOTHING, 0, kept=True), 2)
    outcome = world.fault(keep)
    codes += world.door.deliver_kept()
    after = world.over(len(world.rig.events()))
    assert codes == [6, 6], "already exists"
    assert outcome.failed == {"Unavailable"}
    assert not outcome.kinds["fence_again"]
    assert (after.lost, after.doubled) == (0, 0)
    record(outcome, "a request arrives late", "two appends, each after it was sent again: ALREADY_EXISTS")


def test_a_dead_senders_request_arrives_late(world):
    """The successor has finalized that stream: nothing of it may land."""
    keep = Rule(APPEND, Fate(Says.NOTHING, 0, kept=True), PARTITIONS)
    outcome = world.fault(keep, during=lambda: world.rig.crew.kill("member-1"))
    assert outcome.kinds["recovered"] >= PARTITIONS
    codes = world.door.deliver_kept()
    after = world.over(len(world.rig.events()))
    assert len(codes) == PARTITIONS
    assert set(codes) == {9}, "finalized"
    assert (after.lost, after.doubled) == (0, 0)
    record(outcome, "a dead sender's request arrives late", f"kill -9 with {PARTITIONS} appends on the wire: FINALIZED")


STORM = [
    Fate(Says.NOTHING), Fate(Says.NOTHING, 0), Fate(Says.TRUTH, 2), Fate(Says.BOTH, 2), Fate(Says.EXISTS_ELSEWHERE),
    Fate(Says.OUT_OF_RANGE), Fate(Says.FINALIZED), Fate(Says.NOT_FOUND, 0), Fate(Says.ABORTED), Fate(Says.INTERNAL, 0),
    Fate(Says.TRUTH, after_s=0.7), Fate(Says.RESET), Fate(Says.BLANK, 0),
]  # fmt: skip


def test_all_of_it_at_once_by_the_seed(world):
    rules = [Rule(APPEND, fate, None, 0.03) for fate in STORM]
    rules += [Rule(name, Fate(Says.UNAVAILABLE), None, 0.2) for name in (FINALIZE, OPEN)]
    rules += [Rule(COUNT, Fate(Says.FAILED), None, 0.2), Rule(COUNT, Fate(Says.STALE), None, 0.2)]
    met = Counter()
    outcome = world.fault(*rules, for_s=10, during=lambda: met.update(world.door.script.met))
    assert met[APPEND] >= 8
    assert outcome.kinds["fence_again"] >= 1
    record(outcome, "all of it at once", f"10 s, seed {SEED}: {sum(met.values())} requests met a fault")


def test_the_audit_over_everything(world):
    """The producer ends, everything lands; rows that were refused are expected as such."""
    world.producer.send_signal(signal.SIGINT)
    until(lambda: world.rig.crew.tend() or world.producer.poll() is not None, OVER_S, "the producer's end")
    until(lambda: world.rig.crew.tend() or drained(world.rig.settings), DRAIN_S, "all landed")
    (ledger,) = (world.rig.state / "ledger").glob("*.jsonl")
    expect_rejections(ledger, world.rejected)
    report = world.rig.audited()
    assert report["events"]["acked"] > RATE
    figures = {"where": "broker and emulator"}
    done = f"{world.rig.crew.members[0].starts} starts of the member"
    record_fault(
        fault="the audit over all of these", done=done, happened="", seconds=None, audit=report, **figures
    )  # fmt: skip


def expect_rejections(ledger, rejected: set[tuple[int, int]]) -> None:
    """What the ledger would say had the producer known which rows the service would refuse."""
    lines = [json.loads(line) for line in ledger.read_text().splitlines()]
    acked = {x["n"] for x in lines if x.get("result") == "acked" and (x["partition"], x["offset"]) in rejected}
    assert len(acked) == len(rejected)
    for line in lines:
        if line["kind"] == "intent" and line["n"] in acked:
            line |= {"expect": REJECTED, "business_date": None}
    fresh = ledger.with_suffix(".fresh")
    fresh.write_text("".join(json.dumps(line) + "\n" for line in lines))
    os.replace(fresh, ledger)
