"""A faulty BigQuery for as long as it takes: ten minutes of virtual time, on the in-memory services.

What the emulator cannot show, or would show in hours, and the halts. Every fault: what the consumer does, then each
record of the log has one row.
"""

import pytest
from fault_report import record_fault
from runner_rig import TURN_S, Rig

from orchestration.recovering import apply, plan
from streaming.adapters.memory_broker import MemoryBroker
from streaming.adapters.memory_faults import Effect, Fault
from streaming.protocol import actions as a
from streaming.protocol.recovery import RETRY_S
from streaming.runner.guard import TABLE_S

pytestmark = pytest.mark.fault  # for the table that `make faults` prints

TEN_MINUTES_S = 600.0
STEP_S = RETRY_S / 2
"""Virtual time between turns while nothing happens."""
ASKED_IN_TEN_MINUTES = int(TEN_MINUTES_S / (RETRY_S + STEP_S))
"""A call that fails at once is made again after `RETRY_S`, at the first turn from then on."""
ENOUGH_TURNS = 1_000
LOOKS_S = 5.0
"""Of a partition that waits for quota or a permission."""
DIES = "rows landed, their answer lost, the member killed: its successor counts"
COUNTS_AS_LANDED_S = 60.0
"""Rows that were acknowledged may be invisible for so long (protocol/recovery.py)."""


def at_work(partitions: int = 2, **settings) -> Rig:
    rig = Rig(partitions, session_timeout_s=45, **settings)
    rig.start()
    for partition in range(partitions):
        rig.produce(partition, 20)
    rig.settle()
    return rig


def pass_time(rig: Rig, seconds: float, events: int = 0) -> None:
    """Turns of virtual time; `events` records arrive on each partition, evenly spread."""
    turns = int(seconds / STEP_S)
    for turn in range(turns):
        if events and turn % (turns // events) == 0:
            for partition in range(len(rig.cluster.logs)):
                rig.produce(partition)
        rig.turn()
        rig.clock.advance(STEP_S - TURN_S)


def call_again(rig: Rig, operation: str, effect: Effect, times: int) -> None:
    rig.warehouse.script(*[Fault(operation, effect)] * times)


def fence(rig: Rig, partition: int = 0) -> None:
    """The next append is told that its stream is gone: the partition finalizes, and counts or asks the table."""
    rig.warehouse.script(Fault("append", Effect.EXPIRE))
    rig.produce(partition, 3)


def recover(rig: Rig) -> None:
    """What the halt says: stop the group, `tidemark recover --partition 0 --from table`, start it. All lands."""
    (halt,) = rig.halts()
    assert "tidemark recover --partition 0 --from table" in halt
    rig.kill()
    planned = plan(MemoryBroker(rig.cluster, "operator"), rig.warehouse, 0, "table")
    apply(planned, rig.warehouse, rig.cluster.group.commits.__setitem__)
    rig.start()
    rig.settle()


def row(rig: Rig, *, fault: str, done: str, happened: str, seconds: float | None) -> None:
    """The row of a fault, with what the table holds now against the log."""
    landed = rig.landed()
    sent = {(p, e.offset) for p, log in enumerate(rig.cluster.logs) for e in log.read(0, 10**6)}
    missing, doubled = len(sent - set(landed)), sum(landed.values()) - len(landed)
    assert (missing, doubled) == (0, 0)
    audit = f"{len(sent):,} in the log, {len(landed):,} landed, {missing} lost, {doubled} doubled"
    figures = {"where": "in memory, virtual time", "lost": missing, "doubled": doubled}
    record_fault(fault=fault, done=done, happened=happened, seconds=seconds, audit=audit, **figures)


def recovered_after(rig: Rig) -> float:
    """Virtual seconds from the last fault until all is landed and committed."""
    for _ in range(ENOUGH_TURNS):
        if not rig.warehouse.faults_left:
            break
        rig.turn()
    assert rig.warehouse.faults_left == 0
    began = rig.clock.monotonic()
    rig.settle()
    return rig.clock.monotonic() - began


@pytest.mark.parametrize(("effect", "name"), [(Effect.QUOTA, "RESOURCE_EXHAUSTED"), (Effect.DENY, "PERMISSION_DENIED")])
def test_ten_minutes_of_refused_appends(effect, name):
    rig = at_work()
    looks = int(TEN_MINUTES_S / LOOKS_S) * 2
    call_again(rig, "append", effect, looks)
    before = len(rig.said("assigned"))
    rig.produce(0)
    rig.produce(1)
    pass_time(rig, TEN_MINUTES_S - 2 * LOOKS_S, events=60)
    left = rig.warehouse.faults_left
    assert rig.states() == {"member-0": {0: "paused", 1: "paused"}}
    assert 2 <= left <= 20, "a look every five seconds, no hot loop"
    assert len(rig.landed()) == 40, "nothing landed meanwhile"
    pass_time(rig, 12 * LOOKS_S)
    seconds = recovered_after(rig)
    rig.assert_exactly_once()
    assert rig.halts() == []
    assert rig.said("fence_again") == rig.said("lost") == rig.said("revoked") == []
    assert len(rig.said("assigned")) == before
    if effect is Effect.DENY:
        assert (len(rig.said("access_denied")), len(rig.said("access_restored"))) == (1, 1)
    happened = f"paused, {looks} looks of two partitions, no rebalance, no fence; went on by itself with the same bytes"
    row(rig, fault=f"{name} for ten minutes", done="on every append", happened=happened, seconds=seconds)


@pytest.mark.parametrize("check", ["before", "behind"])
def test_a_count_that_does_not_come_for_ten_minutes(check):
    """Before: no append until it does. Behind: appends, and no commit."""
    rig = at_work(partitions=1, recovery_check=check)
    committed = rig.cluster.group.commits[0].offset
    rig.warehouse.script(Fault("append", Effect.LOSE_ANSWER))
    rig.produce(0, 3)
    rig.turn(2)
    rig.kill()
    call_again(rig, "count_live", Effect.LOSE_REQUEST, ASKED_IN_TEN_MINUTES)
    rig.start()
    pass_time(rig, TEN_MINUTES_S - 4 * LOOKS_S, events=100)
    assert 1 < rig.warehouse.faults_left < 60
    assert rig.cluster.group.commits[0].offset == committed, "no commit before the count agreed"
    assert (len(rig.landed()) == 23) is (check == "before")
    seconds = recovered_after(rig)
    rig.assert_exactly_once()
    assert rig.halts() == []
    held = "no append" if check == "before" else "appended, and committed nothing,"
    happened = f"{held} until it came, asked twice a second; then went on by itself"
    fault = f"the check's count fails for ten minutes (RECOVERY_CHECK={check})"
    row(rig, fault=fault, done="at the start of a member", happened=happened, seconds=seconds)


@pytest.mark.parametrize(
    ("operation", "name"),
    [
        ("highest_live", "the fallback's query fails"),
        ("topic_ids_landed", "the first question of a new group fails"),
        ("table_created", "the table's creation time cannot be read"),
        ("finalize", "finalize is never answered"),
        ("open_stream", "no stream can be opened"),
    ],
    ids=lambda value: value.replace(" ", "-"),
)
def test_ten_minutes_of_a_recovery_without_an_answer(operation, name):
    rig = at_work(partitions=1) if operation != "topic_ids_landed" else Rig(partitions=1)
    landed = len(rig.landed())
    # the guard looks at the table beside
    by_guard = int(TEN_MINUTES_S / TABLE_S) if operation == "table_created" else 0
    call_again(rig, operation, Effect.LOSE_REQUEST, ASKED_IN_TEN_MINUTES + by_guard)
    if landed:
        fence(rig)
    else:
        rig.start()
    pass_time(rig, TEN_MINUTES_S - 4 * LOOKS_S, events=100)
    assert 1 < rig.warehouse.faults_left < 60
    assert rig.states() == {"member-0": {0: "recovering"}}
    assert len(rig.landed()) == landed
    assert rig.said("rejoin") == rig.said("lost") == []
    seconds = recovered_after(rig)
    rig.assert_exactly_once()
    assert rig.halts() == []
    done = "after the stream had expired" if landed else "at the first start"
    happened = "recovering, nothing appended, asked about twice a second; then went on by itself"
    row(rig, fault=f"{name} for ten minutes", done=done, happened=happened, seconds=seconds)


def owner_dies_before_its_commit(rig: Rig) -> None:
    """Five records are landed, their answer is lost, the member is killed; its successor has to count them."""
    rig.warehouse.script(Fault("append", Effect.LOSE_ANSWER))
    rig.produce(0, 5)
    rig.turn(2)
    rig.kill()


def test_a_count_that_is_out_of_date_for_half_a_minute():
    rig = at_work(partitions=1)
    rig.warehouse.visibility_lag_s = COUNTS_AS_LANDED_S / 2
    owner_dies_before_its_commit(rig)
    appends = len(rig.warehouse.appends)
    rig.start()
    pass_time(rig, COUNTS_AS_LANDED_S / 4, events=5)
    assert rig.states() == {"member-0": {0: "recovering"}}
    assert len(rig.warehouse.appends) == appends
    began = rig.clock.monotonic()
    rig.settle(limit=1_000)
    seconds = rig.clock.monotonic() - began - COUNTS_AS_LANDED_S / 4
    pass_time(rig, COUNTS_AS_LANDED_S / 2)
    rig.assert_exactly_once()
    assert rig.halts() == []
    happened = "looked again and appended nothing until the count agreed; then went on by itself"
    row(rig, fault="the count is stale for half a minute", done=DIES, happened=happened, seconds=seconds)


def test_a_count_that_is_out_of_date_for_three_minutes():
    """Longer than any row may be invisible: the partition halts with both numbers and appends nothing."""
    rig = at_work(partitions=1)
    rig.warehouse.visibility_lag_s = COUNTS_AS_LANDED_S * 3
    owner_dies_before_its_commit(rig)
    appends = len(rig.warehouse.appends)
    rig.start()
    pass_time(rig, COUNTS_AS_LANDED_S * 3, events=10)
    (halt,) = rig.halts()
    assert "at or after offset 20 the streams count 5 rows, the table 0" in halt
    assert len(rig.warehouse.appends) == appends
    rig.warehouse.visibility_lag_s = 0.0
    recover(rig)
    happened = f"halted: {halt}; that command was typed once the rows were there"
    row(rig, fault="the count is stale for three minutes", done=DIES, happened=happened, seconds=None)


def test_rows_that_are_refused_even_as_quarantined():
    """One line and a halt: rewriting them for ever would hold the partition up and say nothing."""
    rig = at_work()
    rig.warehouse.script(*[Fault("append", Effect.REJECT_ROWS, rows=(0,))] * 2)
    rig.produce(0, 3)
    rig.turn(20)
    rig.produce(1, 5)
    pass_time(rig, 5)
    (halt,) = rig.halts()
    assert "rows refused even as quarantined" in halt
    assert rig.states()["member-0"] == {0: "halted", 1: "running"}
    assert sum(partition == 1 for partition, _ in rig.landed()) == 25
    rig.kill()
    rig.start()
    rig.settle()
    rig.assert_exactly_once()
    happened = f"halted, the other partition went on: {halt}; restarted"
    done = "the first row of an append, twice"
    row(rig, fault="row errors for the quarantined row as well", done=done, happened=happened, seconds=None)


def test_a_wrong_count_of_a_finalized_stream():
    """Too many: it would skip records that are not there. The check sees it before anything is appended."""
    rig = at_work(partitions=1)
    rig.warehouse.script(Fault("finalize", Effect.MISCOUNT, by=4))
    rig.kill()
    rig.produce(0, 6)
    rig.start()
    pass_time(rig, COUNTS_AS_LANDED_S * 2)
    (halt,) = rig.halts()
    assert "at or after offset 20 the streams count 4 rows, the table 0" in halt
    assert len(rig.landed()) == 20
    recover(rig)
    happened = f"halted: {halt}; that command was typed"
    row(rig, fault="finalize counts four rows too many", done="once", happened=happened, seconds=None)


def test_the_actions_that_may_fail_are_all_there_are():
    """A call added to the protocol needs a fault here."""
    calls = {a.Append, a.Finalize, a.OpenStream, a.CountLive, a.HighestLive, a.TopicIdsLanded}
    others = {a.ReadPosition, a.OffsetAt, a.Publish, a.StartFetch, a.StopFetch, a.NextBlock, a.Wait}
    assert calls | others == set(a.Action.__args__)
