"""What a consumer refuses to start on: one line that says why and what to do."""

import pytest
from runner_rig import Rig

from streaming.adapters.memory_broker import MemoryBroker
from streaming.adapters.memory_faults import Effect, Fault
from streaming.service import EXIT_REFUSED, EXIT_UNAVAILABLE, StartRefused, new_epoch, start_facts
from streaming.settings import Settings


def refusal(rig: Rig) -> StartRefused:
    with pytest.raises(StartRefused) as caught:
        start_facts(MemoryBroker(rig.cluster), rig.warehouse, Settings())
    assert "\n" not in str(caught.value)
    return caught.value


def test_a_good_world_gives_the_topics_facts():
    rig = Rig()
    assert start_facts(MemoryBroker(rig.cluster), rig.warehouse, Settings()).topic_id == rig.cluster.topic_id


@pytest.mark.parametrize("policy", ["compact", "compact,delete"])
def test_a_compacted_topic(policy):
    rig = Rig()
    rig.cluster.cleanup_policy = policy
    refused = refusal(rig)
    assert f"cleanup.policy={policy}" in str(refused)
    assert refused.code == EXIT_REFUSED


def test_a_topic_with_the_producers_times():
    rig = Rig()
    rig.cluster.timestamp_type = "CreateTime"
    assert "LogAppendTime" in str(refusal(rig))


def test_no_topic():
    rig = Rig()
    rig.cluster.delete_topic()
    assert refusal(rig).code == EXIT_REFUSED


def test_no_broker_may_come_back():
    rig = Rig()
    rig.cluster.stop()
    assert refusal(rig).code == EXIT_UNAVAILABLE


def test_no_warehouse_may_come_back():
    rig = Rig()
    rig.warehouse.down = True
    assert refusal(rig).code == EXIT_UNAVAILABLE


def test_no_landing_table():
    rig = Rig()
    rig.warehouse.script(Fault("table_created", Effect.REFUSE))
    assert "tidemark migrate" in str(refusal(rig))


def test_epochs_are_uuids_that_sort_by_time():
    epochs = [new_epoch() for _ in range(50)]
    assert epochs == sorted(epochs)
    assert len(set(epochs)) == 50
    assert {epoch[14] for epoch in epochs} == {"7"}
