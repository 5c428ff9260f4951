"""Ranks options by weighted scores, with the parts each score is made of."""

from collections.abc import Mapping
from dataclasses import dataclass

from assets.cost.tradeoffs import rubric
from assets.cost.tradeoffs.options import Option
from assets.cost.tradeoffs.read import Facts
from assets.cost.tradeoffs.weights import Weights


@dataclass(frozen=True)
class Scored:
    """One option: scores 1 to 5 by criterion, the points that each brings, and their sum."""

    name: str
    scores: Mapping[str, float | None]
    """None: no figure, the criterion is left out for this option."""
    points: Mapping[str, float]
    """Score times the criterion's share of the weights that count for the option."""

    @property
    def total(self) -> float:
        """Between 1 and 5."""
        return sum(self.points.values())

    @property
    def unscored(self) -> tuple[str, ...]:
        """Criteria left out."""
        return tuple(name for name, score in self.scores.items() if score is None)


def ranking(facts: Facts, times_cheapest: Mapping[str, tuple[float, ...]], weights: Weights) -> tuple[Scored, ...]:
    """Rank a family, best first; of equals the earlier in the file. Cost is scored from multiples of the cheapest."""
    scored = [_scored(option, times_cheapest.get(option.name, ()), weights) for option in facts.options]
    return tuple(sorted(scored, key=lambda each: -each.total))


def level(ranked: tuple[Scored, ...], weights: Weights) -> tuple[str, ...]:
    """Names of the first and of those behind it by no more than one point of the heaviest judged criterion brings.

    Half of the scores are opinions: who is that near is not beaten.
    """
    point = max(weights.shares[name] for name in rubric.JUDGED)
    return tuple(each.name for each in ranked if ranked[0].total - each.total <= point)


def scores(option: Option, times_cheapest: tuple[float, ...], weights: Weights) -> dict[str, float | None]:
    """Scores of one option by criterion."""
    latency = option.latency
    each = [rubric.cost(times) for times in times_cheapest]
    return {
        "cost": sum(each) / len(each) if each else None,
        "latency": rubric.latency(latency.p95_ms) if latency.p95_ms is not None else float(latency.band or 0),
        "guarantee": float(option.judged["guarantee"].score),
        "operations": rubric.parts(len(option.ours_to_run)),
        "failures": float(option.judged["failures"].score),
        "skills": rubric.skills(option.skills, weights.skills),
        "lock_in": float(option.judged["lock_in"].score),
        "capability": float(option.judged["capability"].score),
    }


def _scored(option: Option, times_cheapest: tuple[float, ...], weights: Weights) -> Scored:
    found = scores(option, times_cheapest, weights)
    shares = weights.shares
    counted = sum(shares[name] for name, score in found.items() if score is not None)
    points = {
        name: score * shares[name] / counted if counted else 0.0 for name, score in found.items() if score is not None
    }
    return Scored(option.name, found, points)
