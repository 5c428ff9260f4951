"""Whether the winner depends on a weight: each doubled, halved, and the weight from which another wins."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from assets.cost.tradeoffs.score import Scored
from assets.cost.tradeoffs.weights import Weights

FACTORS: Final = (0.5, 2.0)
Rank = Callable[[Weights], tuple[Scored, ...]]


@dataclass(frozen=True)
class Swing:
    """One criterion: who wins at half and at twice its weight, and from which weight on somebody else does."""

    criterion: str
    weight: float
    halved: str
    doubled: str
    turns_at: float | None
    """The nearest weight, above or below, at which another option draws level; None: at no weight."""
    turns_to: str


def swings(rank: Rank, weights: Weights) -> tuple[Swing, ...]:
    """One swing a criterion."""
    return tuple(_swing(rank, weights, name) for name in weights.criteria)


def _swing(rank: Rank, weights: Weights, name: str) -> Swing:
    weight = weights.criteria[name]
    halved, doubled = (_winner(rank, weights, name, weight * factor) for factor in FACTORS)
    turns = _turn(rank(weights), weights, name)
    return Swing(name, weight, halved, doubled, *(turns or (None, "")))


def _winner(rank: Rank, weights: Weights, name: str, weight: float) -> str:
    changed = weights.having(name, weight)
    return rank(changed)[0].name if sum(changed.criteria.values()) else rank(weights)[0].name


def _turn(ranked: tuple[Scored, ...], weights: Weights, name: str) -> tuple[float, str] | None:
    """Solve for the weight at which two weighted sums are equal; only where both have a score in everything."""
    leader, found = ranked[0], []
    for other in ranked[1:]:
        if leader.unscored or other.unscored:
            continue
        lead = sum(
            weight * (_score(leader, each) - _score(other, each))
            for each, weight in weights.criteria.items()
            if each != name
        )
        gain = _score(other, name) - _score(leader, name)
        if gain and lead / gain >= 0:
            found.append((lead / gain, other.name))
    return min(found, key=lambda turn: abs(turn[0] - weights.criteria[name]), default=None)


def _score(scored: Scored, name: str) -> float:
    return scored.scores[name] or 0.0
