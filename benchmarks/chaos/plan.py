"""What happens in which round. Pure: the same seed gives the same rounds, so a loop that was stopped goes on."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from streaming.failpoints import Failpoint, Point

ROUND_KILLS: Final = 10
MEMBERS: Final = ("member-1", "member-2")
FREQUENT: Final = (
    Point.AFTER_POLL,
    Point.MID_DECODE,
    Point.BEFORE_APPEND,
    Point.APPEND_SENT,
    Point.APPEND_ANSWERED,
    Point.BEFORE_COMMIT,
    Point.COMMIT_SENT,
)
"""Passed again and again while a member delivers."""
RECOVERING: Final = (
    Point.BEFORE_FENCE,
    Point.FENCED,
    Point.BEFORE_OPEN,
    Point.OPENED,
    Point.PUBLISH_SENT,
    Point.PUBLISHED,
    Point.BEFORE_CHECK,
    Point.CHECKED,
    Point.SKIP,
)
"""Passed while a member starts."""
GIVING_UP: Final = (Point.REVOKING, Point.REVOKE_SETTLED, Point.REVOKE_COMMITTED, Point.REVOKE_FINALIZED)
"""Passed in a drain and in a rebalance."""
DRAINING: Final = (Point.DRAINING, *GIVING_UP, Point.DRAINED)
ZOMBIES: Final = (Point.BEFORE_APPEND, Point.APPEND_SENT, Point.COMMIT_SENT, Point.MID_DECODE)
KILLS: Final = {
    "point": 2, "drain": 2, "join": 2, "table": 2, "pair": 2, "trio": 3,
    "zombie": 1, "term": 1, "broker": 1, "restart": 1, "widen": 1, "memory": 1,
}  # fmt: skip
"""Members killed by an attack of each kind. Where a point is named, a first kill is how its member comes to be armed:
a failpoint is armed by the environment of a process alone."""


@dataclass(frozen=True, slots=True)
class Attack:
    """One thing that is done to the running pipeline.

    `point`: the member's next process is armed and passes it as it delivers or starts; `drain`: as it is told to stop;
    `join`: as a third member joins; `table`: as the warehouse was restarted and its streams are gone; `zombie`: it is
    stopped there until others have its partitions. `pair`: both at once, `trio`: three at once, `term`: SIGTERM, then
    SIGKILL, `broker`: while the broker stands still, `restart`: while it is killed and started again, `widen`: as it
    takes over a partition that was added, `memory`: it gets no more memory, as at a container's limit.
    """

    kind: str
    member: str
    failpoint: Failpoint | None = None
    after_s: float = 0.0
    """What is waited before it: kills come at any moment."""
    delay_s: float = 0.0
    """Between SIGTERM and SIGKILL."""

    @property
    def kills(self) -> int:
        """How many members it kills."""
        return KILLS[self.kind]


def round_of(seed: int, number: int) -> list[Attack]:
    """The attacks of one round (from 0): exactly `ROUND_KILLS` kills."""
    rounds = _rounds(random.Random(seed))
    for _ in range(number):
        next(rounds)
    return next(rounds)


def _rounds(drawn: random.Random) -> Iterator[list[Attack]]:
    """Deals a shuffled deck of all attacks, and the next deck when it runs out: each comes up before any again."""
    deck: list[Attack] = []
    while True:
        dealt: list[Attack] = []
        left = ROUND_KILLS
        while left:
            fitting = next((attack for attack in deck if attack.kills <= left), None)
            if fitting is None:
                deck += _deck(drawn)
                continue
            deck.remove(fitting)
            dealt.append(fitting)
            left -= fitting.kills
        yield dealt


def _deck(drawn: random.Random) -> list[Attack]:
    kinds = [("point", Failpoint(point, "kill", drawn.randint(2, 20))) for point in FREQUENT[:5]]
    kinds += [("point", Failpoint(point, "kill", drawn.randint(1, 3))) for point in FREQUENT[5:]]
    kinds += [
        ("point", Failpoint(point, "kill", 1 if index > 5 else drawn.randint(1, 3)))
        for index, point in enumerate(RECOVERING)
    ]
    kinds += [("drain", Failpoint(point, "kill")) for point in DRAINING]
    kinds += [("join", Failpoint(point, "kill")) for point in drawn.sample(GIVING_UP, 2)]
    kinds += [("zombie", Failpoint(point, "stop", drawn.randint(2, 12))) for point in ZOMBIES[:2]]
    kinds += [("zombie", Failpoint(point, "stop", drawn.randint(1, 4))) for point in ZOMBIES[2:]]
    kinds += [("table", Failpoint(Point.TABLE_ASKED, "kill"))]
    plain = ["pair"] * 3 + ["trio"] + ["term"] * 4 + ["broker"] * 3 + ["restart"] * 2 + ["widen"] + ["memory"] * 2
    attacks = [_attack(drawn, kind, failpoint) for kind, failpoint in kinds]
    attacks += [_attack(drawn, kind, None) for kind in plain]
    drawn.shuffle(attacks)
    return attacks


def _attack(drawn: random.Random, kind: str, failpoint: Failpoint | None) -> Attack:
    after_s, delay_s = round(drawn.uniform(0.2, 1.4), 3), round(drawn.uniform(0.0, 0.6), 3)
    return Attack(kind, drawn.choice(MEMBERS), failpoint, after_s, delay_s)
