"""Kafka's side, for real: members that come, go and come back late, transactions, lost offsets, records of any shape.

Beside `test_topic_faults.py`, which has what happens to the topic itself. Where records are put by hand there is no
ledger: then every record that a reader sees must have exactly one live row, and there must be no other row.
"""

import json
import sys
import time
from pathlib import Path

import pytest
from confluent_kafka import KafkaError
from fault_places import Place, reference_world
from fault_report import record_fault
from kafka_hand import Transaction, as_read, put, readable, traffic
from storm import await_condition

from sandbox.demo.consumers import Crew, Member
from sandbox.platform.instance import running
from streaming.member_process import EXIT_LEASE_HELD, last_words
from streaming.runner.rivals import LIMIT

pytestmark = [pytest.mark.integration, pytest.mark.fault, pytest.mark.timeout(420)]

MIB = 1_048_576
ALL_SIX = set(range(6))
REBALANCES = ("assigned", "revoked", "lost")
SOON_S = 90.0
LOST_OFFSETS_S = 150.0
"""An owner without commits waits one append deadline and a minute before it trusts the table."""


@pytest.fixture(scope="module")
def make(tmp_path_factory):
    """Places on one platform and one dataset."""
    with running(tmp_path_factory.mktemp("platform")) as platform:
        world = reference_world()
        yield lambda name, **options: Place.on(platform, name, dataset="kafka_side", world=world, **options)


def single(place: Place, name: str, *, command: tuple[str, ...] | None = None, **environment: str) -> Crew:
    """A crew of one member of this name, not started; its settings may differ."""
    how = {} if command is None else {"command": command}
    crew = Crew(place.facts.state, place.environment | environment, 1, **how)
    crew.members = [Member(name, place.facts.state / "logs" / f"{name}.log")]
    return crew


def said(crew: Crew, *kinds: str) -> list[dict]:
    """What the members said of these kinds of event, in order of time."""
    lines = [line for member in crew.members for line in member.log.read_text().splitlines() if line.startswith("{")]
    return sorted((event for event in map(json.loads, lines) if event["event"] in kinds), key=lambda event: event["at"])


def owned(crew: Crew) -> list[set[int]]:
    return [set(crew.beats().get(member.name, {}).get("partitions", ())) for member in crew.members]


def tended(*crews: Crew) -> bool:
    """Look after everybody once."""
    for crew in crews:
        crew.tend()
    return True


def until(met, limit_s: float, what: str) -> float:
    """Seconds it took."""
    began = time.monotonic()
    await_condition(lambda: met() or time.sleep(0.05), limit_s, what)
    return time.monotonic() - began


# --- members ---


@pytest.mark.long
def test_members_join_and_leave_without_disturbing_partitions_that_stay(make):
    place = make("rebalances", partitions=6)
    crew, joiner = place.crew(members=2), single(place, "member-3")
    until(lambda: crew.tend() or sorted(map(len, owned(crew))) == [3, 3], SOON_S, "three partitions each")
    before, heard = owned(crew), len(said(crew, *REBALANCES))

    def given_up() -> set[int]:
        return {
            n for event in said(crew, *REBALANCES)[heard:] if event["event"] == "revoked" for n in event["partitions"]
        }

    with traffic(place, 200, 25):
        joiner.start()
        joined_s = until(
            lambda: tended(crew, joiner) and joiner.ready() and len(owned(joiner)[0]) == 2, SOON_S, "joined"
        )
        taken = owned(joiner)[0]
        until(
            lambda: tended(crew, joiner) and owned(crew) == [old - taken for old in before], SOON_S, "heartbeats say so"
        )
        assert given_up() == taken, "only what moved was given up"
        assert "assigned" not in {event["event"] for event in said(crew, *REBALANCES)[heard:]}, "nothing came anew"
        joiner.terminate()
        left_s = until(
            lambda: tended(crew) and crew.ready() and set().union(*owned(crew)) == ALL_SIX, SOON_S, "taken back"
        )
    place.land_all(crew)
    assert not said(crew, "lost", "rejoin", "halt")
    crew.terminate()
    assert place.landed() == place.sent()
    audit = place.assert_audit_passes()
    record_fault(
        fault="third member joins (cooperative)",
        done="two members under traffic, 6 partitions; s from its start",
        happened=f"they gave up partitions {sorted(taken)} alone; the others were never interrupted",
        seconds=joined_s, audit=audit,
    )  # fmt: skip
    record_fault(
        fault="third member leaves for good (static id)",
        done="SIGTERM under traffic; session 6 s",
        happened="its partitions wait for the session's end, as static membership has it, then the others take them",
        seconds=left_s, audit=audit,
    )  # fmt: skip


@pytest.mark.long
def test_a_killed_static_member_comes_back_and_the_other_hears_nothing(make):
    place = make("static", partitions=6, settings={"TIDEMARK_SESSION_TIMEOUT_S": "45"})
    crew = place.crew(members=2)
    before = owned(crew)
    with traffic(place, 200, 15):
        until(lambda: crew.tend() or place.landed(), SOON_S, "rows")
        heard = len(said(crew, *REBALANCES))
        pid = crew.kill("member-1")
        seconds = until(
            lambda: crew.tend() or (crew.members[0].pid not in (None, pid) and crew.ready()), SOON_S, "back"
        )
    place.land_all(crew)
    assert owned(crew) == before, "the same partitions under the same id"
    assert len(said(crew, *REBALANCES)) == heard + 1, "one assignment, the killed one's"
    crew.terminate()
    assert place.landed() == place.sent()
    record_fault(
        fault="static member killed and restarted within its session",
        done="kill -9 under traffic, two members, session 45 s",
        happened="the same partitions under the same id; the other member heard nothing",
        seconds=seconds, audit=place.assert_audit_passes(),
    )  # fmt: skip


@pytest.mark.long
def test_a_second_process_with_the_same_instance_id(make):
    """On another machine: the lease, which is a file, does not see it."""
    place = make("same-id", partitions=2)
    first, second = single(place, "member-1"), elsewhere(place, "member-1")
    first.start()
    until(lambda: tended(first) and first.ready(), SOON_S, "at work")
    process = first.members[0].process
    with traffic(place, 100, 40):
        until(place.landed, SOON_S, "rows")
        second.start()
        seconds = until(lambda: tended(second) and process.poll() is not None, SOON_S, "one of them ends")
        until(lambda: tended(second) and second.ready(), SOON_S, "the other at work")
    line = last_words(first.members[0].log)
    assert process.returncode == EXIT_LEASE_HELD
    assert "another process plays member-1" in line
    assert [member.starts for member in second.members] == [1], "the newer one stays"
    assert len(said(first, "rejoin")) == LIMIT - 1  # the third time it ends
    assert len(said(second, "rejoin")) < LIMIT
    place.land_all(second)
    second.terminate()
    assert place.landed() == place.sent()
    record_fault(
        fault="two processes with one instance id, on two machines",
        done="the second started under traffic; each join of one puts the other out; s from its start",
        happened=f"put out for the third time within 30 s, the older ended, code {EXIT_LEASE_HELD}: `{line}`",
        seconds=seconds, audit=place.assert_audit_passes(),
    )  # fmt: skip


def elsewhere(place: Place, name: str) -> Crew:
    """The same member on another machine: another state folder."""
    state = place.facts.state / "elsewhere"
    (state / "logs").mkdir(parents=True)
    crew = Crew(state, place.environment | {"TIDEMARK_STATE_DIR": str(state)}, 1)
    crew.members = [Member(name, state / "logs" / f"{name}.log")]
    return crew


@pytest.mark.long
def test_a_zombie_past_max_poll_interval_adds_nothing(make):
    place = make(
        "dozing", partitions=2, settings={"TIDEMARK_MAX_POLL_INTERVAL_S": "10", "TIDEMARK_APPEND_DEADLINE_S": "4"}
    )
    dozing_member = (sys.executable, str(Path(__file__).with_name("dozing_member.py")))
    zombie, other = single(place, "member-1", command=dozing_member), single(place, "member-2")
    for crew in (zombie, other):
        crew.start()
    until(lambda: tended(zombie, other) and list(map(len, owned(zombie) + owned(other))) == [1, 1], SOON_S, "shared")
    until(lambda: tended(zombie, other) and zombie.ready() and other.ready(), SOON_S, "both at work")
    doze, its = place.facts.state / "doze", owned(zombie)[0]
    with traffic(place, 200, 30):
        until(lambda: tended(zombie, other) and {number for _, number, _ in place.landed()} == {0, 1}, SOON_S, "rows")
        doze.touch()
        seconds = until(lambda: tended(other) and other.ready() and owned(other) == [{0, 1}], SOON_S, "taken over")
        held = place.log(min(its))[1]
        until(
            lambda: tended(other) and max(o for _, n, o in place.landed() if n in its) >= held - 1,
            SOON_S,
            "its rows go on",
        )
        doze.unlink()
        until(lambda: tended(zombie, other) and zombie.ready() and len(owned(other)[0]) == 1, SOON_S, "shared again")
    place.land_all(other)
    assert said(zombie, "lost", "rejoin", "ousted"), "it heard that it was put out"
    assert [member.starts for member in (*zombie.members, *other.members)] == [1, 1], "nobody ended"
    for crew in (zombie, other):
        crew.terminate()
    assert place.landed() == place.sent()
    record_fault(
        fault="zombie past max.poll.interval",
        done="its polling thread dozed under traffic, limit 10 s, Kafka's threads went on; woken once its rows landed",
        happened="the other member fenced its stream and went on; it woke, was put out, forgot all and joined anew",
        seconds=seconds, audit=place.assert_audit_passes(),
    )  # fmt: skip


# --- transactions and offsets ---


def test_aborted_transactions_are_gaps_that_counting_survives(make):
    """Killed in between: recovery counts rows over offsets that do not exist."""
    place = make("transactions")
    crew = place.crew()
    for turn in range(6):
        Transaction(place).put(0, *[b'{"kept": %d}' % turn] * 20).commit()
        Transaction(place).put(0, *[b'{"aborted": %d}' % turn] * 15).abort()
        if turn % 2:
            pid = crew.kill("member-1")
            until(
                lambda pid=pid: crew.tend() or (crew.members[0].pid not in (None, pid) and crew.ready()), SOON_S, "back"
            )
    until(lambda: crew.tend() or place.landed() == readable(place), SOON_S, "all committed records")
    held = Transaction(place).put(0, b'{"open": 1}')
    put(place, [("k", b'{"behind": 1}', 0)])
    seen = readable(place)
    assert place.landed() == seen, "nothing of an open transaction or behind it"
    held.commit()
    seconds = until(lambda: crew.tend() or len(place.landed()) == len(seen) + 2, SOON_S, "what was held back")
    assert place.log(0)[1] > len(place.landed()) + 6 * 15, "aborted records and markers took offsets"
    crew.terminate()
    record_fault(
        fault="transactions with aborted batches",
        done="6 committed and 6 aborted by turns, three kills between them, then one left open",
        happened="committed records landed, once; aborted ones never; what was held back landed with the commit",
        seconds=seconds, audit=as_read(place),
    )  # fmt: skip


@pytest.mark.long
def test_lost_group_offsets_are_found_in_the_table(make):
    place = make("offsets-lost", partitions=2, settings={"TIDEMARK_APPEND_DEADLINE_S": "2"})
    crew = place.crew()
    place.produce(200)
    place.land_all(crew)
    crew.kill("member-1")  # its streams stay open, and the only word of them goes with the commits
    crew.terminate()
    place.produce(100, seed=9)
    until(lambda: group_deleted(place), SOON_S, "the group's session has ended")
    crew.start()
    seconds = until(lambda: crew.tend() or place.landed() == place.sent(), LOST_OFFSETS_S, "all landed")
    assert not place.halts(crew)
    crew.terminate()
    record_fault(
        fault="group offsets lost",
        done="member killed, group deleted, 100 records more, started; append deadline 2 s",
        happened="waited a deadline and a minute, read the table twice, went on after its highest offset",
        seconds=seconds, audit=place.assert_audit_passes(),
    )  # fmt: skip


def group_deleted(place: Place) -> bool:
    """Once nobody is in it."""
    from confluent_kafka import KafkaException

    group = place.environment["TIDEMARK_KAFKA_GROUP"]
    try:
        place.admin.delete_consumer_groups([group])[group].result(30)
    except KafkaException as refused:
        if refused.args[0].code() != KafkaError.NON_EMPTY_GROUP:
            raise
        return False
    return True


# --- records of any shape ---


def test_large_records_land_oversized_and_the_broker_refuses_larger_ones(make):
    place = make("large", max_message_bytes=str(3 * MIB))
    crew = place.crew()
    big = [("k", b'"' + b"x" * (size - 2) + b'"', 0) for size in (65_536, 65_537, MIB - 1, MIB, 2 * MIB)]
    acked, refused = put(place, [record for each in big for record in (each, ("k", b"{}", 0))])
    assert (len(acked), refused) == (10, [])
    assert put(place, [("k", b"x" * (3 * MIB + 1), 0)]) == ([], [KafkaError.MSG_SIZE_TOO_LARGE])
    seconds = until(lambda: crew.tend() or len(place.landed()) == 10, SOON_S, "all landed")
    crew.terminate()
    assert status_counts(place) == {"QUARANTINED_OVERSIZED": 4, "other": 6}
    record_fault(
        fault="records of 64 KiB to 2 MiB, and one that the topic refuses",
        done="five sizes among small records (a fetch is 1 MiB a partition); one byte and more over max.message.bytes",
        happened="four landed as QUARANTINED_OVERSIZED, neighbours as always; the refused one never was in the log",
        seconds=seconds, audit=as_read(place),
    )  # fmt: skip


def test_null_keys_and_tombstones_land(make):
    place = make("nulls", partitions=2)
    crew = place.crew()
    shapes = [(None, b"{}"), (None, None), ("k", None), ("", b""), ("k", b"\x00\xff")]
    acked, refused = put(place, [(key, value, partition) for key, value in shapes for partition in (0, 1)])
    assert (len(acked), refused) == (10, [])
    seconds = until(lambda: crew.tend() or len(place.landed()) == 10, SOON_S, "all landed")
    crew.terminate()
    assert status_counts(place, "QUARANTINED_TOMBSTONE") == {"QUARANTINED_TOMBSTONE": 4, "other": 6}
    record_fault(
        fault="null keys and tombstones",
        done="records without a key, without a value, without both, empty, not text",
        happened="one quarantined row each; a tombstone says so",
        seconds=seconds, audit=as_read(place),
    )  # fmt: skip


def status_counts(place: Place, named: str = "QUARANTINED_OVERSIZED") -> dict[str, int]:
    """Rows of this status, and all others."""
    rows = place.query(
        f"SELECT status = '{named}', COUNT(*) FROM `{place.facts.dataset}.payments_landing` "
        f"WHERE business_date >= DATE '2020-01-01' AND kafka_topic = '{place.facts.topic}' GROUP BY 1"
    )
    return {named if yes else "other": count for yes, count in rows}
