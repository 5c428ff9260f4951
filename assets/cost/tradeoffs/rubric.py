"""What is scored, how heavily by default, and from which figure on a score is given: 1 (worst) to 5 (best).

The weights and bands are ours: a reader replaces the weights by `--weights`. They are written down before the scores,
and `sensitivity` shows which of them decides.
"""

from collections.abc import Mapping
from math import log2
from typing import Final

CRITERIA: Final[Mapping[str, tuple[float, str]]] = {
    "cost": (3, "the whole month's bill at 500, 5,000 and 50,000 events/s"),
    "latency": (1, "p95 at 500 events/s: the contract asks for five minutes"),
    "guarantee": (4, "one row a payment in the warehouse, and what that rests on"),
    "operations": (3, "parts that we would keep alive ourselves"),
    "failures": (2, "how it fails, how that shows, how it comes back"),
    "skills": (2, "what the team has to know, by the weights of the skills"),
    "lock_in": (1, "what is lost by leaving it"),
    "capability": (1, "what else it can do, and who helps: state, windows, connectors, community"),
}
"""Default weights. Payments: a wrong row is dearer than a late one, so the guarantee weighs most and latency, where
every option is far inside the contract, least."""
JUDGED: Final = ("guarantee", "failures", "lock_in", "capability")
"""Criteria whose scores are opinions with a reason; the others follow from figures."""

SKILLS: Final[Mapping[str, tuple[float, str]]] = {
    "python": (0.5, "Python and data frames"),
    "sql": (0.5, "SQL of the warehouse or of the engine"),
    "jvm": (2, "Java or Scala: build, heap, garbage collection"),
    "kafka": (1, "Kafka's groups, offsets, transactions"),
    "cluster": (1.5, "operating a distributed engine or database"),
    "cloud": (1, "cloud accounts, networks, permissions"),
}
"""How dear a point of each skill is to a team of Python and SQL: a team of Java sets jvm=0.5,python=2."""

LATENCY_BANDS: Final = ((20, 5), (200, 4), (2_000, 3), (60_000, 2))
"""p95 in ms below which a score is given: a human's blink, an answer at once, a click, a minute."""
PART_BANDS: Final = ((1, 5), (2, 4), (4, 3), (6, 2))
"""Parts to run up to which a score is given."""
DEAREST: Final = 4.0
"""Multiple of the cheapest bill from which cost scores 1."""


def latency(p95_ms: float) -> float:
    """Score of a p95 in ms."""
    return next((float(score) for below, score in LATENCY_BANDS if p95_ms < below), 1.0)


def parts(count: int) -> float:
    """Score of so many parts to run."""
    return next((float(score) for up_to, score in PART_BANDS if count <= up_to), 1.0)


def cost(times_cheapest: float) -> float:
    """Score of a bill as a multiple (>= 1) of the cheapest: 5 for it, less 2 for each doubling, at least 1."""
    return max(1.0, 5.0 - 4.0 * log2(times_cheapest) / log2(DEAREST))


def skills(needs: Mapping[str, int], weights: Mapping[str, float]) -> float:
    """Score of what must be known: 5 if every need is 1, 1 if every need that weighs is 5. All weights 0: 5."""
    total = sum(weights.values())
    if total == 0:
        return 5.0
    return 6.0 - sum(needs[skill] * weight for skill, weight in weights.items()) / total
