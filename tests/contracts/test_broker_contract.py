"""The Broker port's promises, tried on the in-memory adapter and (integration) on a real Kafka."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from kafka_worlds import KafkaWorld, MemoryWorld, Polling, World

from streaming.adapters.clock import SystemClock
from streaming.ports import (
    OFFSET_BEGINNING,
    BrokerError,
    Commit,
    CommitOutcome,
    LogRange,
    TopicMissing,
)


@pytest.fixture(params=["memory", pytest.param("kafka", marks=pytest.mark.integration)])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if request.param == "memory":
        made: World = MemoryWorld()
    else:
        made = KafkaWorld(request.getfixturevalue("kafka_bootstrap"))
    yield made
    made.close()


@pytest.fixture
def member(world: World) -> Polling:
    """A member that holds both partitions and fetches neither."""
    return Polling(world).join().until_holds(0, 1)


def settle(member: Polling, count: int = 1) -> list[CommitOutcome]:
    member.until(lambda: len(member.commits) >= count)
    return [answer.outcome for answer in member.commits]


# --- assignment and fetching ---


def test_an_assignment_is_held_until_fetch_from(world: World, member: Polling) -> None:
    world.produce(0, b"a")
    assert member.for_a_while().values == {}
    member.broker.fetch_from({0: 0})
    member.until(lambda: member.values.get(0) == [b"a"])


def test_fetching_starts_at_the_given_offsets(world: World, member: Polling) -> None:
    for partition in (0, 1):
        world.produce(partition, b"0", b"1", None, b"3")
    member.broker.fetch_from({0: 2, 1: OFFSET_BEGINNING})
    member.until(lambda: len(member.values.get(0, [])) == 2 and len(member.values.get(1, [])) == 4)
    assert member.values == {0: [None, b"3"], 1: [b"0", b"1", None, b"3"]}
    assert member.offsets == {0: [2, 3], 1: [0, 1, 2, 3]}


def test_beginning_is_the_low_watermark(world: World, member: Polling) -> None:
    world.produce(0, b"0", b"1", b"2")
    world.delete_records(0, 2)
    member.broker.fetch_from({0: OFFSET_BEGINNING})
    member.until(lambda: member.values.get(0))
    assert member.offsets[0] == [2]


def test_fetch_from_passes_over_what_is_not_held(world: World, member: Polling) -> None:
    world.produce(0, b"a")
    member.broker.fetch_from({0: 0, 7: 0})
    member.until(lambda: member.values.get(0) == [b"a"])


def test_a_poll_takes_at_most_max_records(world: World, member: Polling) -> None:
    world.produce(0, *[b"x"] * 10)
    member.broker.fetch_from({0: 0})
    member.until(lambda: member.values.get(0))
    largest = 1
    while len(member.values[0]) < 10:
        largest = max(largest, len(member.poll(0.5, max_records=3).records))
    assert largest <= 3


def test_records_carry_the_brokers_time(world: World, member: Polling) -> None:
    world.produce(0, b"a")
    member.broker.fetch_from({0: 0})
    polled = member.poll()
    while not len(polled.records):
        polled = member.poll()
    at = datetime.fromtimestamp(polled.records.timestamps_ms[0] / 1000, UTC)
    first = member.broker.offsets_at([0], at, 5)
    assert first == {0: 0}


def test_aborted_records_are_a_gap(world: World, member: Polling) -> None:
    world.produce(0, b"a")
    world.aborted(0, b"never", b"seen")
    world.produce(0, b"b")
    member.broker.fetch_from({0: 0})
    member.until(lambda: len(member.values.get(0, [])) == 2)
    assert member.values[0] == [b"a", b"b"]
    assert member.offsets[0][1] > 2, "the aborted records took offsets; the marker follows on its own time"


def test_an_open_transaction_holds_the_stable_end_back(world: World, member: Polling) -> None:
    world.produce(0, b"a")
    commit = world.begin(0, b"b")
    member.broker.fetch_from({0: 0})
    member.until(lambda: member.values.get(0)).for_a_while()
    assert member.values[0] == [b"a"]
    assert member.broker.log_ranges([0], 5) == {0: LogRange(0, 1)}
    commit()
    member.until(lambda: member.values[0] == [b"a", b"b"])


def test_hold_stops_fetching_and_fetch_from_starts_it_anew(world: World, member: Polling) -> None:
    world.produce(0, b"a")
    member.broker.fetch_from({0: 0})
    member.until(lambda: member.values.get(0))
    member.broker.hold([0])
    world.produce(0, b"b")
    assert member.for_a_while().values[0] == [b"a"]
    member.broker.fetch_from({0: 0})
    member.until(lambda: len(member.values[0]) == 3)
    assert member.values[0] == [b"a", b"a", b"b"]


def test_fetch_from_moves_a_partition_that_is_being_fetched(world: World, member: Polling) -> None:
    world.produce(0, b"a", b"b")
    member.broker.fetch_from({0: 0})
    member.until(lambda: len(member.values.get(0, [])) == 2)
    member.broker.fetch_from({0: 1})
    member.until(lambda: len(member.values[0]) == 3)
    assert member.offsets[0] == [0, 1, 1]


def test_pause_keeps_the_position_and_the_neighbour_goes_on(world: World, member: Polling) -> None:
    world.produce(0, b"a")
    member.broker.fetch_from({0: 0, 1: 0})
    member.until(lambda: member.values.get(0))
    member.broker.pause([0])
    member.for_a_while(1.2)  # the client applies a pause within about a second
    world.produce(0, b"b")
    world.produce(1, b"c")
    member.until(lambda: member.values.get(1) == [b"c"]).for_a_while()
    assert member.values[0] == [b"a"]
    member.broker.resume([0, 5])
    member.until(lambda: member.values[0] == [b"a", b"b"])


def test_fetch_from_undoes_a_pause(world: World, member: Polling) -> None:
    world.produce(0, b"a")
    member.broker.fetch_from({0: 0})
    member.until(lambda: member.values.get(0))
    member.broker.pause([0])
    member.for_a_while(1.2).broker.fetch_from({0: 0})
    member.until(lambda: member.values[0] == [b"a", b"a"])


@pytest.mark.parametrize("start", [0, 9])
def test_a_position_outside_the_log_stalls_once_and_can_be_mended(world: World, member: Polling, start: int) -> None:
    world.produce(0, b"0", b"1", b"2")
    world.delete_records(0, 2)
    member.broker.fetch_from({0: start})
    member.until(lambda: member.stalled).for_a_while()
    assert [stalled.partition for stalled in member.stalled] == [0]
    member.broker.fetch_from({0: 2})
    member.until(lambda: member.values.get(0) == [b"2"])


# --- commits ---


def test_a_commit_and_its_metadata_come_back_as_sent(world: World, member: Polling) -> None:
    big = Commit(41, "é" * 1_024)
    member.broker.commit({0: Commit(7, '{"v":1}'), 1: big})
    assert settle(member, 2) == [CommitOutcome.APPLIED] * 2
    assert member.broker.committed([0, 1], 5) == {0: Commit(7, '{"v":1}'), 1: big}


def test_no_commit_is_none(member: Polling) -> None:
    assert member.broker.committed([0, 1], 5) == {0: None, 1: None}


def test_answers_come_by_partition_and_once(member: Polling) -> None:
    member.broker.commit({0: Commit(1, "a"), 1: Commit(2, "b")})
    settle(member, 2)
    member.for_a_while(0.3)
    assert sorted(answer.partition for answer in member.commits) == [0, 1]


def test_commit_now_waits_for_its_answer_and_leaves_none_behind(member: Polling) -> None:
    answers = member.broker.commit_now({0: Commit(3, "now"), 1: Commit(4, "")}, 10)
    assert {answer.partition: answer.outcome for answer in answers} == dict.fromkeys((0, 1), CommitOutcome.APPLIED)
    assert member.broker.committed([0], 5) == {0: Commit(3, "now")}
    assert member.for_a_while(0.3).commits == []


def test_a_second_commit_while_one_is_outstanding_is_a_defect(member: Polling) -> None:
    member.broker.commit({0: Commit(1, "")})
    with pytest.raises(ValueError, match="outstanding"):
        member.broker.commit({0: Commit(2, "")})
    assert settle(member) == [CommitOutcome.APPLIED]


def test_too_much_metadata_is_invalid_and_spares_the_others(member: Polling) -> None:
    too_much = Commit(1, "x" * 4_096)
    member.broker.commit({0: too_much, 1: Commit(2, "fine")})
    settle(member, 2)
    assert {answer.partition: answer.outcome for answer in member.commits} == {
        0: CommitOutcome.INVALID,
        1: CommitOutcome.APPLIED,
    }
    answers = member.broker.commit_now({0: too_much, 1: Commit(3, "fine")}, 10)
    assert {answer.partition: answer.outcome for answer in answers} == {
        0: CommitOutcome.INVALID,
        1: CommitOutcome.APPLIED,
    }
    assert member.broker.committed([0, 1], 5) == {0: None, 1: Commit(3, "fine")}


def test_the_group_never_asks_who_owns_a_partition(world: World, member: Polling) -> None:
    """Why the protocol must drop all state on revoke: a healthy member's commit for another's partition counts."""
    other = Polling(world, "member-1").join()
    other.until(lambda: len(member.heard.held) == 1 and len(other.heard.held) == 1, member)
    other.for_a_while(0.3)
    (theirs,) = member.heard.held
    answers = eventually_not_rebalancing(other, theirs)
    assert answers == CommitOutcome.APPLIED
    assert member.broker.committed([theirs], 5) == {theirs: Commit(99, "intruder")}


def eventually_not_rebalancing(member: Polling, partition: int) -> CommitOutcome:
    while True:
        before = len(member.commits)
        member.broker.commit({partition: Commit(99, "intruder")})
        outcome = settle(member, before + 1)[-1]
        if outcome is not CommitOutcome.REBALANCING:
            return outcome


# --- membership ---


def test_partitions_move_cooperatively_and_the_old_owner_is_asked_first(world: World, member: Polling) -> None:
    order: list[str] = []
    member.broker.fetch_from({0: 0, 1: 0})
    member.heard.on_revoked = lambda partitions: order.append(f"revoked {list(partitions)}")
    other = Polling(world, "member-1").join()
    member.until(lambda: other.heard.held, other)
    (moved,) = other.heard.held
    assert order == [f"revoked {[moved]}"]
    assert member.heard.held == {0, 1} - {moved}
    assert [kind for kind, _ in member.heard.events] == ["assigned", "revoked"]
    world.produce(1 - moved, b"kept")
    world.produce(moved, b"moved")
    other.broker.fetch_from({moved: 0})
    other.until(lambda: other.values.get(moved) == [b"moved"], member)
    member.until(lambda: member.values.get(1 - moved) == [b"kept"])
    assert moved not in member.values


def test_a_commit_inside_revoked_is_applied(world: World, member: Polling) -> None:
    said: list[CommitOutcome] = []

    def commit_last(partitions: object) -> None:
        commits = {partition: Commit(5, "last") for partition in sorted(member.heard.held)}
        said.extend(answer.outcome for answer in member.broker.commit_now(commits, 10))

    member.heard.on_revoked = commit_last
    other = Polling(world, "member-1").join()
    member.until(lambda: other.heard.held, other)
    (moved,) = other.heard.held
    assert set(said) == {CommitOutcome.APPLIED}
    assert other.broker.committed([moved], 5) == {moved: Commit(5, "last")}


def test_leave_asks_for_the_last_time_and_twice_is_once(member: Polling) -> None:
    member.broker.leave()
    member.broker.leave()
    assert member.heard.events == [("assigned", (0, 1)), ("revoked", (0, 1))]


def test_a_newer_client_of_the_same_id_takes_over_and_the_older_is_dead(world: World, member: Polling) -> None:
    newer = Polling(world).join()
    newer.until_holds(0, 1)
    member.until(lambda: member.dead, newer)
    assert member.broker.commit_now({0: Commit(1, "late")}, 10)[0].outcome in (CommitOutcome.DEAD, CommitOutcome.FENCED)
    assert newer.broker.committed([0], 5) == {0: None}


def test_rejoin_gets_the_partitions_again_without_lost(world: World, member: Polling) -> None:
    world.produce(0, b"a")
    member.broker.fetch_from({0: 0})
    member.until(lambda: member.values.get(0))
    member.heard.held.clear()
    member.broker.rejoin()
    member.until_holds(0, 1)
    assert member.for_a_while(0.3).values[0] == [b"a"], "held again until fetch_from"
    assert {kind for kind, _ in member.heard.events} == {"assigned"}
    member.broker.commit({0: Commit(1, "")})
    assert settle(member) == [CommitOutcome.APPLIED]


def test_dealing_again_gives_up_in_order_and_gets_the_partitions_again(world: World, member: Polling) -> None:
    assert member.broker.unowned(10) == []
    member.broker.deal_again()
    member.until(lambda: len(member.heard.events) == 3 and member.heard.held == {0, 1})
    assert member.heard.events[1:] == [("revoked", (0, 1)), ("assigned", (0, 1))]
    assert member.broker.unowned(10) == []


def test_dealing_again_unaware_of_a_newer_client_ends_with_one_of_both_put_out(world: World, member: Polling) -> None:
    newer = Polling(world).join().until_holds(0, 1)
    member.broker.deal_again()
    member.until(lambda: member.dead or newer.dead, newer)
    alive = newer if member.dead else member
    alive.until_holds(0, 1)


def test_rejoin_raises_a_dead_member(world: World, member: Polling) -> None:
    newer = Polling(world).join().until_holds(0, 1)
    member.until(lambda: member.dead, newer)
    member.heard.held.clear()
    member.broker.rejoin()
    member.until_holds(0, 1)
    newer.until(lambda: newer.dead, member)


def test_an_answer_that_comes_after_revocation_concerns_nobody(world: World, member: Polling) -> None:
    other = Polling(world, "member-1").join()
    member.heard.on_revoked = lambda partitions: member.broker.commit(dict.fromkeys(partitions, Commit(1, "")))
    member.until(lambda: other.heard.held, other)
    assert member.for_a_while(0.3).commits == []


def test_a_partition_added_later_is_assigned_and_read_from_its_beginning(world: World, member: Polling) -> None:
    assert len(member.broker.log_ranges([0, 1], 5)) == 2  # who asked before must hear of it as well
    world.add_partitions(3)
    world.produce(2, b"first")
    member.until_holds(0, 1, 2)
    assert member.broker.committed([2], 5) == {2: None}
    member.until(lambda: member.broker.log_ranges([0, 2], 5)[2] == LogRange(0, 1))
    assert member.broker.offsets_at([2], datetime(2020, 1, 1, tzinfo=UTC), 5) == {2: 0}
    member.broker.fetch_from({2: OFFSET_BEGINNING})
    member.until(lambda: member.values.get(2) == [b"first"])


# --- questions ---


def test_topic_facts(world: World, member: Polling) -> None:
    facts = member.broker.topic(10)
    assert (facts.partitions, facts.cleanup_policy, facts.timestamp_type) == (2, "delete", "LogAppendTime")
    assert member.broker.topic(10) == facts


def test_a_recreated_topic_has_another_id_and_no_commits(world: World, member: Polling) -> None:
    before = member.broker.topic(10).topic_id
    member.broker.commit({0: Commit(1, "")})
    settle(member)
    world.recreate()
    assert member.broker.topic(10).topic_id != before
    assert member.broker.committed([0], 5) == {0: None}


def test_a_missing_topic_is_said(world: World) -> None:
    member = Polling(world).join()
    world.delete_topic()

    def missing() -> bool:
        try:
            member.broker.topic(5)
        except TopicMissing:
            return True
        return False

    member.until(missing)


def test_log_ranges_are_low_watermark_and_stable_end(world: World, member: Polling) -> None:
    world.produce(0, b"0", b"1", b"2")
    world.delete_records(0, 1)
    assert member.broker.log_ranges([0, 1], 5) == {0: LogRange(1, 3), 1: LogRange(0, 0)}


def test_offsets_at_a_time(world: World, member: Polling) -> None:
    world.produce(0, b"0", b"1")
    long_ago, never = datetime(2020, 1, 1, tzinfo=UTC), SystemClock().now() + timedelta(days=400)
    assert member.broker.offsets_at([0, 1], long_ago, 5) == {0: 0, 1: 0}
    assert member.broker.offsets_at([0, 1], never, 5) == {0: 2, 1: 0}


def test_a_partition_that_is_not_there_is_an_error(member: Polling) -> None:
    with pytest.raises(BrokerError):
        member.broker.log_ranges([7], 5)


def test_an_exception_in_a_callback_comes_out_of_poll(world: World) -> None:
    broken = Polling(world)
    raises: Callable[..., None] = lambda partitions: (_ for _ in ()).throw(ZeroDivisionError)  # noqa: E731  # a stub
    broken.heard.assigned = raises  # type: ignore[method-assign]
    world.produce(0, b"a")
    broken.join()
    with pytest.raises(ZeroDivisionError):
        broken.until(lambda: False)
    assert broken.for_a_while(0.3).values == {}, "and nothing is fetched at offsets of the client's choosing"
