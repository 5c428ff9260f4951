"""A real group leaves partitions with nobody after a death between two halves of a rebalance, until it deals again."""

import pytest
from kafka_worlds import KafkaWorld, Polling, eventually

pytestmark = pytest.mark.integration


def test_what_a_death_in_a_rebalance_leaves_with_nobody_is_found_and_dealt_again(kafka_bootstrap: str) -> None:
    world = KafkaWorld(kafka_bootstrap)
    older, newer, other = Polling(world), Polling(world), Polling(world, "member-1")

    def die_and_be_back(_: object) -> None:
        """The successor joins before the member has asked for the second rebalance, which it never does then."""
        newer.join()
        newer.until(lambda: newer.heard.events)

    try:
        older.join().until_holds(0, 1)
        older.heard.on_revoked = die_and_be_back
        other.join()
        older.until(lambda: newer.heard.events, other)
        orphaned = {0, 1} - newer.heard.held
        assert len(orphaned) == 1
        eventually(lambda: newer.poll() and other.poll() and set(newer.broker.unowned(10)) == orphaned, 20)
        assert other.broker.unowned(10) == [], "one member mends it, the first by name"
        assert not other.heard.held
        newer.broker.deal_again()
        newer.until(lambda: len(newer.heard.held) == len(other.heard.held) == 1, other)
        assert newer.heard.held | other.heard.held == {0, 1}
        assert newer.broker.unowned(10) == []
    finally:
        world.close()
