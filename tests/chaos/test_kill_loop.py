"""A small seeded sample of the kill loop. The large one: `make chaos`."""

import pytest

from benchmarks.chaos import rounds
from benchmarks.chaos.plan import Attack
from streaming.failpoints import Failpoint, Point

pytestmark = [pytest.mark.integration, pytest.mark.fault, pytest.mark.timeout(240)]

SAMPLE = [
    Attack("point", "member-1", Failpoint(Point.APPEND_SENT, "kill", 5), 1.0),
    Attack("join", "member-2", Failpoint(Point.REVOKE_COMMITTED, "kill"), 0.4),  # its partitions are nobody's then
]


def test_kills_at_failpoints_lose_and_double_nothing(tmp_path):
    found = rounds.run(tmp_path, SAMPLE, 3, lambda line: None, fill_up=4)
    kills = found["kills"]
    assert [kill["point"] for kill in kills] == [
        "any moment",
        "append_sent",
        "any moment",
        "revoke_committed, rebalance",
    ]
    assert [kill["evidence"] for kill in kills[1::2]] == ["append_sent:kill:5", "revoke_committed:kill:1"]
    assert all(kill["recovered_s"] is not None for kill in kills[1::2]), "every killed member came back"
    assert (found["unexpected"], found["not_reached"]) == ([], [])
    audit = found["audit"]
    assert (audit["verdict"], audit["lost"], audit["duplicate_coordinates"]) == ("PASS", 0, 0), audit
    assert audit["acked"] == audit["landed"] > 1_000
