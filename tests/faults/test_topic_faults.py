"""Faults of the topic, for real: each is survived, or halts with the exact range and the command that is then typed.

One broker and emulator, a topic and a group for each fault, one dataset for all. docs/platform-faults.md has the table.
"""

import time

import pytest
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType
from fault_places import Place, freeze, reference_world, thaw
from fault_report import record_fault
from storm import await_condition

from sandbox.demo.consumers import Crew
from sandbox.platform.instance import running
from streaming.adapters.kafka import KafkaBroker
from streaming.adapters.kafka_operator import set_commit
from streaming.ports import Commit

pytestmark = [pytest.mark.integration, pytest.mark.fault, pytest.mark.timeout(420)]

SOON_S = 60.0
"""How soon the members must hear of an added partition: the client asks every 10 s, and a busy machine is slow."""


@pytest.fixture(scope="module")
def make(tmp_path_factory):
    """Places on one platform and one dataset."""
    with running(tmp_path_factory.mktemp("platform")) as platform:
        world = reference_world()
        yield lambda name, **options: Place.on(platform, name, dataset="faults", world=world, **options)


def started(place: Place) -> Crew:
    """A member that may halt."""
    crew = Crew(place.facts.state, place.environment, 1)
    crew.start()
    return crew


def test_partitions_added_under_traffic_are_read_from_their_beginning(make):
    place = make("grown", partitions=6, settings={"TIDEMARK_START_AT": "latest"})
    crew = place.crew(members=2)
    place.produce(100)
    place.raise_partitions(12)
    began = time.monotonic()
    place.produce(600, seed=8)  # a new client: it sends to all twelve before the members have heard of them
    written = {partition for _, partition, _ in place.sent()}
    assert written >= set(range(6, 12))
    await_condition(
        lambda: crew.tend() or {partition for _, partition, _ in place.landed()} == written, SOON_S, "all twelve land"
    )
    seconds = time.monotonic() - began
    place.land_all(crew)
    owned = [beat["partitions"] for beat in crew.beats().values()]
    assert sorted(number for numbers in owned for number in numbers) == list(range(12))
    assert all(member.starts == 1 for member in crew.members)
    crew.terminate()
    assert place.landed() == place.sent()
    record_fault(
        fault="partitions raised from 6 to 12",
        done="under traffic, two members, START_AT=latest, which holds for a new group alone",
        happened="both members took added partitions by themselves and read them from their beginning",
        seconds=seconds,
        audit=place.assert_audit_passes(),
    )


@pytest.mark.parametrize(
    ("name", "setting", "bad", "good"),
    [
        ("compacted", "cleanup.policy", "compact", "delete"),
        ("producer-times", "message.timestamp.type", "CreateTime", "LogAppendTime"),
    ],
)
def test_a_topic_that_cannot_be_counted_is_refused_until_it_is_set_right(make, name, setting, bad, good):
    place = make(name, **{setting.replace(".", "_"): bad})
    line = place.refused()
    assert f"topic {name} has {setting}={bad}" in line
    assert good in line
    entry = ConfigEntry(setting, good, incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, name, incremental_configs=[entry])
    place.admin.incremental_alter_configs([resource])[resource].result(30)
    place.land_the_rest(50)
    record_fault(
        fault=f"topic with {setting}={bad}",
        done="started a member on it, then set the topic right as the line says",
        happened=f"refused, exit code 3: `{line}`",
        seconds=None,
        audit=place.assert_audit_passes(),
    )


@pytest.mark.long
def test_a_topic_recreated_while_nobody_runs(make):
    place = make("recreated-down")
    place.land_the_rest(200)
    place.delete_topic()
    place.create_topic()
    place.produce(150, seed=8)
    line = place.refused()
    assert "rows only under topic id" in line
    place.follow(line)
    place.land_the_rest()
    assert place.landed() == place.sent()
    record_fault(
        fault="topic deleted and recreated, consumer down",
        done="150 records in the new topic, then started; recovered from the beginning",
        happened=f"refused: `{line.removeprefix('tidemark: ')}`",
        seconds=None,
        audit=place.assert_audit_passes(),
    )


@pytest.mark.long
def test_a_topic_recreated_while_a_member_reads_it(make):
    place = make("recreated-up", partitions=2)
    crew = place.crew()
    place.produce(200)
    place.land_all(crew)
    place.delete_topic()
    place.create_topic(2)
    began = time.monotonic()
    place.produce(100, seed=8)
    halts = place.await_halts(crew, [0, 1])
    seconds = time.monotonic() - began
    crew.terminate()
    for line in halts.values():
        place.follow(line)
    place.land_the_rest()
    assert place.landed() == place.sent()
    record_fault(
        fault="topic deleted and recreated, consumer running",
        done="100 records in the new topic; recovered both partitions from the beginning",
        happened=f"halted after {seconds:.0f} s: `{halts[0]}`",
        seconds=None,
        audit=place.assert_audit_passes(),
    )


@pytest.mark.long
def test_a_recreated_topic_that_is_longer_than_the_old_position(make):
    """Nothing in the client shows it: it reads on at the old position of the new topic. The halt says what landed."""
    place = make("recreated-longer")
    crew = place.crew()
    place.produce(100)
    place.land_all(crew)
    ((old_id, _, _), *_) = place.landed()
    freeze(crew)
    place.delete_topic()
    place.create_topic()
    place.produce(300, seed=8)
    thaw(crew)
    (line,) = place.await_halts(crew, [0]).values()
    crew.terminate()
    wrong = {offset for topic_id, _, offset in place.landed() - place.sent() if topic_id == old_id}
    if wrong:  # the very rows that the line names
        assert f"; offsets {min(wrong)} to {max(wrong)} landed under the old id" in line
        assert wrong == set(range(min(wrong), max(wrong) + 1))
        place.query(
            f"DELETE FROM `{place.facts.dataset}.payments_landing` WHERE business_date >= DATE '2020-01-01' "
            f"AND kafka_topic_id = '{old_id}' AND kafka_offset BETWEEN {min(wrong)} AND {max(wrong)}"
        )
    place.follow(line)
    place.land_the_rest()
    assert place.landed() == place.sent()
    record_fault(
        fault="topic recreated and longer than the old position, unseen",
        done="member stopped meanwhile; deleted the rows the line names, recovered from the beginning",
        happened=f"{len(wrong)} rows landed under the old id, then: `{line}`",
        seconds=None,
        audit=place.assert_audit_passes(),
    )


@pytest.mark.long
def test_retention_past_the_commit_while_nobody_runs(make):
    """One of two partitions: the other goes on beside the halt."""
    place = make("expired-down", partitions=2)
    place.land_the_rest(200)
    committed = place.log(0)[1]
    place.produce(300, seed=8)
    low = place.log(0)[1] - 20
    place.delete_records(0, low)
    crew = started(place)
    line = place.await_halts(crew, [0])[0]
    assert f"offsets {committed} to {low - 1} are gone from the log" in line
    await_condition(lambda: {o for _, p, o in place.landed() if p == 1} == set(range(place.log(1)[1])), 60, "the other")
    crew.terminate()
    place.follow(line, says=[f"offsets {committed} to {low - 1} are gone from the log and were never landed: they are"])
    place.land_the_rest()
    gone = {(partition, offset) for _, partition, offset in place.sent() - place.landed()}
    assert gone == {(0, offset) for offset in range(committed, low)}
    assert place.landed() <= place.sent()
    record_fault(
        fault="retention past the commit, consumer down",
        done=f"offsets [{committed}, {low}) deleted unread; recovered from the beginning",
        happened=f"that partition halted, the other went on: `{line}`",
        seconds=None,
        audit=f"{place.assert_audit_passes(without=lambda _, p, o: (p, o) in gone)}; exactly those {len(gone)} lost",
    )


def test_retention_past_a_member_that_lags(make):
    place = make("expired-up")
    crew = place.crew()
    place.produce(100)
    place.land_all(crew)
    freeze(crew)
    place.produce(300, seed=8)
    end = place.log(0)[1]
    place.delete_records(0, end - 20)
    thaw(crew)
    line = place.await_halts(crew, [0])[0]
    crew.terminate()
    before = {offset for _, _, offset in place.landed()}  # what was under way when it was stopped still landed
    first = max(before) + 1
    assert before == set(range(first))
    assert f"offsets {first} to {end - 21} are gone from the log" in line
    place.follow(line, says=["they are LOST"])
    place.land_the_rest()
    gone = {offset for _, _, offset in place.sent() - place.landed()}
    assert gone == set(range(first, end - 20))
    record_fault(
        fault="retention overtakes a member that lags",
        done=f"offsets up to {end - 20} deleted before they were fetched; recovered from the beginning",
        happened=f"halted: `{line}`",
        seconds=None,
        audit=f"{place.assert_audit_passes(without=lambda _, p, o: o in gone)}; exactly those {len(gone)} lost",
    )


@pytest.mark.long
def test_a_commit_beyond_the_end(make):
    """As a log that lost its tail leaves it, or a hand that set the group's offset."""
    place = make("beyond")
    place.land_the_rest(200)
    end = place.log(0)[1]
    commit = KafkaBroker(place.settings).committed([0], 30)[0]
    assert commit is not None
    assert commit.offset == end
    await_condition(lambda: set_when_idle(place, Commit(end + 50, commit.metadata)), 60, "the group is empty")
    line = place.refused()
    assert f"resume at {end + 50}, the log ends at {end}" in line
    place.follow(line, says=[f"would go on at offset {end}"])
    place.land_the_rest(100, seed=8)
    assert place.landed() == place.sent()
    record_fault(
        fault="committed offset beyond the log's end",
        done="commit set 50 beyond the end; recovered from the table",
        happened=f"refused: `{line.removeprefix('tidemark: ')}`",
        seconds=None,
        audit=place.assert_audit_passes(),
    )


def set_when_idle(place: Place, commit: Commit) -> bool:
    """Set it once the members' session has ended."""
    from streaming.adapters.kafka_operator import GroupBusy

    try:
        set_commit(place.settings, 0, commit, 10)
    except GroupBusy:
        time.sleep(0.5)
        return False
    return True
