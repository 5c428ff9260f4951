"""What is said about one engine or warehouse: facts with their sources, parts, needs and opinions."""

from datetime import date
from typing import Literal

import msgspec

from assets.cost.tradeoffs.rubric import JUDGED, SKILLS

Kind = Literal["measured", "cited", "judged"]
"""measured: by a run or in the lab; cited: somebody else's documentation or report; judged: our opinion, marked so."""


class Fact(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One statement. A measured one names a file of this repository, a cited one an https page and the day read."""

    says: str
    kind: Kind
    source: str = ""
    read: date | None = None
    caveat: str = ""

    def __post_init__(self) -> None:
        web = self.source.startswith("https://")
        if self.kind == "cited" and not (web and self.read):
            raise ValueError(f"a cited fact names its https page and the day it was read: {self.says[:40]}")
        if self.kind == "measured" and (web or not self.source):
            raise ValueError(f"a measured fact names its file in this repository: {self.says[:40]}")


class Latency(Fact, frozen=True):
    """How long an event takes; `p95_ms` None: nobody measured it on our job, `band` is judged."""

    p95_ms: int | None = None
    """To a counting sink at 500 events/s for engines; from acknowledged to seen by a query for warehouses."""
    peer: str = ""
    """Name in benchmarks/peers/measured.yaml that the figure must equal."""
    band: int | None = None
    """Score 1 to 5 where there is no figure."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.p95_ms is None) == (self.band is None):
            raise ValueError("a latency has p95_ms or a judged band, not both")


class Part(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Something that must be there for the option to work, beside Kafka and the warehouse themselves."""

    name: str
    kind: Literal["process", "store", "coordination", "job"]
    run_by: Literal["us", "provider"]


class Judgement(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A score of 1 (worst) to 5 that is our opinion, with its reason."""

    score: int
    why: str

    def __post_init__(self) -> None:
        _in_scale(self.score, self.why)


class Option(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One engine or warehouse in its best set-up."""

    name: str
    title: str
    choices: tuple[str, ...]
    """Choices of the cost model; the cheapest at a rate is shown."""
    setup: str
    latency: Latency
    guarantee: Fact
    dedup: Fact
    parts: tuple[Part, ...]
    failures: tuple[Fact, ...]
    skills: dict[str, int]
    """How much of each skill the option needs, 1 (next to none) to 5 (deep)."""
    lock_in: Fact
    better: tuple[Fact, ...]
    """Where it is better than what we recommend; for that itself: where it is worse."""
    switch: Fact
    """When we would go there."""
    judged: dict[str, Judgement]
    """By criterion."""
    facts: tuple[Fact, ...] = ()
    """What else a reader should know."""

    def __post_init__(self) -> None:
        _same("skills", self.name, set(self.skills), set(SKILLS))
        _same("judged criteria", self.name, set(self.judged), set(JUDGED))
        for skill, need in self.skills.items():
            _in_scale(need, f"{self.name} {skill}")
        for kind, found in (("parts", self.parts), ("failures", self.failures), ("better", self.better)):
            if not found:
                raise ValueError(f"{self.name} names no {kind}")

    @property
    def ours_to_run(self) -> tuple[Part, ...]:
        """Parts that we would keep alive ourselves."""
        return tuple(part for part in self.parts if part.run_by == "us")

    @property
    def all_facts(self) -> tuple[Fact, ...]:
        """Every fact, for whoever lists the sources."""
        single = (self.latency, self.guarantee, self.dedup, self.lock_in, self.switch)
        return (*single, *self.failures, *self.better, *self.facts)


def _same(what: str, name: str, found: set[str], wanted: set[str]) -> None:
    if found != wanted:
        raise ValueError(f"{name}: {what} missing {sorted(wanted - found)}, unknown {sorted(found - wanted)}")


def _in_scale(score: int, what: str) -> None:
    if not 1 <= score <= 5:
        raise ValueError(f"{what}: {score} is not between 1 and 5")
