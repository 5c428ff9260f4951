"""What the in-memory cluster does to its members, beyond the contract: zombies, outages, recreated topics."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka_worlds import Heard

from streaming.adapters.memory_broker import MemoryBroker
from streaming.adapters.memory_cluster import CommitFault, MemoryCluster
from streaming.adapters.memory_group import Group
from streaming.ports import BrokerError, Commit, CommitOutcome


def joined(cluster: MemoryCluster, member: str = "member-0") -> tuple[MemoryBroker, Heard]:
    broker, heard = MemoryBroker(cluster, member), Heard()
    broker.join(heard)
    broker.poll(10, 0)
    return broker, heard


def outcome(broker: MemoryBroker, commit: Commit, partition: int = 0) -> CommitOutcome:
    broker.commit({partition: commit})
    (answer,) = broker.poll(10, 0).commits
    return answer.outcome


def test_a_killed_static_member_gets_its_partitions_back_at_once() -> None:
    cluster = MemoryCluster(partitions=2)
    broker, _ = joined(cluster)
    other, others = joined(cluster, "member-1")
    broker.poll(10, 0)
    other.poll(10, 0)
    before = set(others.held)
    broker.crash()
    _, heard = joined(cluster)
    other.poll(10, 0)
    assert heard.held == {0, 1} - before
    assert others.held == before


def test_a_zombie_past_its_session_is_fenced_then_lost() -> None:
    cluster = MemoryCluster(partitions=1)
    zombie, heard = joined(cluster)
    zombie.fetch_from({0: 0})
    cluster.expire_session("member-0")
    _, taker = joined(cluster, "member-1")
    assert taker.held == {0}
    assert zombie.commit_now({0: Commit(9, "stale")}, 1)[0].outcome is CommitOutcome.FENCED
    zombie.poll(10, 0)
    assert heard.events[-1] == ("lost", (0,))
    assert cluster.group.commits == {}


def test_a_commit_of_an_older_generation_is_refused_but_the_member_is_healthy() -> None:
    cluster = MemoryCluster(partitions=1)
    broker, heard = joined(cluster)
    cluster.rebalance()
    assert broker.commit_now({0: Commit(1, "")}, 1)[0].outcome is CommitOutcome.REBALANCING
    broker.poll(10, 0)
    assert heard.events == [("assigned", (0,))]
    assert outcome(broker, Commit(1, "")) is CommitOutcome.APPLIED


@pytest.mark.parametrize(
    ("fault", "applied"),
    [(CommitFault.LOSE_REQUEST, False), (CommitFault.LOSE_ANSWER, True), (CommitFault.DELAY, False)],
)
def test_an_unanswered_commit_is_unknown(fault: CommitFault, applied: bool) -> None:
    cluster = MemoryCluster(partitions=1)
    broker, _ = joined(cluster)
    cluster.script(fault)
    assert outcome(broker, Commit(4, "m")) is CommitOutcome.UNKNOWN
    assert (0 in cluster.group.commits) is applied


def test_a_delayed_commit_overwrites_a_newer_one_unless_its_sender_was_fenced() -> None:
    """Why a commit of unknown outcome makes the member join anew before it reads its commit."""
    cluster = MemoryCluster(partitions=1)
    broker, _ = joined(cluster)
    cluster.script(CommitFault.DELAY)
    outcome(broker, Commit(1, "late"))
    outcome(broker, Commit(2, "newer"))
    assert cluster.deliver_delayed() == 1
    assert cluster.group.commits[0] == Commit(1, "late")
    cluster.script(CommitFault.DELAY)
    outcome(broker, Commit(3, "late"))
    broker.rejoin()
    broker.poll(10, 0)
    outcome(broker, Commit(4, "newer"))
    assert cluster.deliver_delayed() == 0
    assert cluster.group.commits[0] == Commit(4, "newer")


def test_a_recreated_topic_is_skipped_into_silently() -> None:
    """Measured on the real broker: only the topic id tells."""
    cluster = MemoryCluster(partitions=1)
    broker, _ = joined(cluster)
    cluster.produce(0, *[b"old"] * 3)
    broker.fetch_from({0: 0})
    broker.poll(10, 0)
    before = broker.topic(1).topic_id
    cluster.recreate()
    cluster.produce(0, *[b"new"] * 5)
    polled = broker.poll(10, 0)
    assert (polled.records.offsets, polled.stalled) == ([3, 4], [])
    assert broker.topic(1).topic_id != before


def test_a_stopped_cluster_answers_nothing_and_goes_on() -> None:
    cluster = MemoryCluster(partitions=1)
    broker, heard = joined(cluster)
    broker.fetch_from({0: 0})
    cluster.produce(0, b"a")
    cluster.stop()
    assert len(broker.poll(10, 0).records) == 0
    assert outcome(broker, Commit(1, "")) is CommitOutcome.UNKNOWN
    for ask in (lambda: broker.committed([0], 1), lambda: broker.log_ranges([0], 1), lambda: broker.topic(1)):
        with pytest.raises(BrokerError):
            ask()
    cluster.start()
    assert broker.poll(10, 0).records.values == [b"a"]
    assert heard.events == [("assigned", (0,))]


def test_poll_waits_for_a_record_when_told_to() -> None:
    cluster = MemoryCluster(partitions=1, waits=True)
    broker, _ = joined(cluster)
    broker.fetch_from({0: 0})
    entered = threading.Event()

    def wait() -> list[bytes | None]:
        entered.set()
        return broker.poll(10, 30).records.values

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(wait)
        entered.wait(10)
        cluster.produce(0, b"a")
        assert waiting.result(10) == [b"a"]


def test_a_full_partition_does_not_starve_its_neighbour() -> None:
    cluster = MemoryCluster(partitions=2)
    broker, _ = joined(cluster)
    for partition in (0, 1):
        cluster.produce(partition, *[b"x"] * 20)
    broker.fetch_from({0: 0, 1: 0})
    seen = {partition for _ in range(4) for partition in broker.poll(5, 0).records.partitions}
    assert seen == {0, 1}


@given(
    partitions=st.integers(1, 9),
    changes=st.lists(st.tuples(st.sampled_from("abcd"), st.booleans()), min_size=1, max_size=8),
)
def test_targets_are_complete_fair_and_sticky(partitions: int, changes: list[tuple[str, bool]]) -> None:
    group = Group()
    for member, joins in changes:
        before = dict(group.target)
        if joins:
            group.join(member, partitions)
        else:
            group.expel(member, partitions)
        sizes = [sum(name == member for name in group.target.values()) for member in group.members]
        if not group.members:
            assert group.target == {}
            continue
        assert sorted(group.target) == list(range(partitions))
        assert max(sizes) - min(sizes) <= 1
        moved = [p for p, name in before.items() if name in group.members and group.target[p] != name]
        limit = -(-partitions // len(group.members))  # nobody gives up more than what makes room for a newcomer
        assert len(moved) <= limit


def test_partitions_have_one_owner_through_any_rebalance() -> None:
    cluster = MemoryCluster(partitions=5)
    members = {name: joined(cluster, name) for name in ("a", "b", "c")}
    cluster.expire_session("b")
    for name in ("c", "a", "b", "a", "c", "b"):
        members[name][0].poll(10, 0)
        held = [p for _, heard in members.values() for p in heard.held]
        if name == "b":
            assert len(held) == len(set(held))
    for _ in range(3):
        for broker, _ in members.values():
            broker.poll(10, 0)
    assert sorted(p for _, heard in members.values() for p in heard.held) == list(range(5))
