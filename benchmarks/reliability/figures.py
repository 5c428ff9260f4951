"""Counts, percentiles and what a count of nothing proves."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.reliability.records import Beside, Chaos, Kill

RULE: Final = 3.0
"""-ln(0.05), rounded up: where 0 of n independent tries fail, the chance of one is below 3/n with 95 % confidence
(Hanley and Lippman-Hand, JAMA 249, 1983, "If nothing goes wrong, is everything all right?")."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """Seconds; `unseen` kills whose successor was killed before it was at work."""

    n: int
    p50: float | None
    p95: float | None
    worst: float | None
    unseen: int


@dataclass(frozen=True, slots=True)
class Loop:
    """The kill loop on one version of the code, all its runs together."""

    code: str
    seeds: tuple[int, ...]
    rounds: int
    failed_rounds: int
    kills: tuple[Kill, ...]
    lost: int
    doubled: int
    acked: int = 0
    beside: tuple[Beside, ...] = ()
    unexpected: tuple[str, ...] = ()

    @property
    def interrupted(self) -> int:
        """Kills that hit work in flight: only these count as tries."""
        return sum(kill.interrupted for kill in self.kills)

    @property
    def clean(self) -> bool:
        """Nothing lost, nothing doubled, every audit passed."""
        return self.lost == self.doubled == self.failed_rounds == 0


def bound(failures: int, tries: int) -> float | None:
    """Upper 95 % bound of the chance of a failure a try: 3/n where none failed, None where one did or nothing was
    tried, and never above 1."""
    return min(1.0, RULE / tries) if tries > 0 and failures == 0 else None


def percentile(values: Sequence[float], share: float) -> float | None:
    """Nearest rank: the smallest value that at least `share` of all are not above. None of nothing."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else None


def recovery(kills: Iterable[Kill]) -> Recovery:
    """Of these kills."""
    kills = list(kills)
    seen = [kill.recovered_s for kill in kills if kill.recovered_s is not None]
    p50, p95 = percentile(seen, 0.5), percentile(seen, 0.95)
    return Recovery(len(kills), p50, p95, max(seen, default=None), len(kills) - len(seen))


def loops(runs: Sequence[Chaos]) -> list[Loop]:
    """Runs of one version of the code added up, versions in the order of their first run. Versions are never added:
    a kill that an older version survived says nothing of the newer one."""
    found = []
    for code in dict.fromkeys(run.code for run in runs):
        same = [run for run in runs if run.code == code]
        rounds = [each for run in same for each in run.rounds]
        found.append(
            Loop(
                code=code,
                seeds=tuple(dict.fromkeys(run.seed for run in same)),
                rounds=len(rounds),
                failed_rounds=sum(each.failed for each in rounds),
                kills=tuple(kill for each in rounds for kill in each.kills),
                lost=sum(each.lost for each in rounds),
                doubled=sum(each.doubled for each in rounds),
                acked=sum(each.acked for each in rounds),
                beside=tuple(one for each in rounds for one in each.beside),
                unexpected=tuple(one for each in rounds for one in each.unexpected),
            )
        )
    return found
