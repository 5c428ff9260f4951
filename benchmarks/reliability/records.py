"""What a run left, as frozen values: faults, kills, mutants, fuzzing, a soak, the contract on the real service."""

from dataclasses import dataclass
from typing import Any, Final

FAILED: Final = "FAILED"
"""Audit of a row whose test failed before there was an audit."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One row of the fault table; `seconds` until landed again, None where it halts or refuses."""

    fault: str
    done: str
    happened: str
    seconds: float | None
    audit: str
    test: str = ""
    where: str = "real broker, emulator"
    lost: int | None = None
    doubled: int | None = None
    """Counts of a row that has no audit's verdict."""

    @property
    def passed(self) -> bool:
        """Whether the audit or the counts say so, or there was nothing to audit."""
        if self.audit.startswith("FAIL"):
            return False
        if self.lost is not None and self.doubled is not None:
            return self.lost == self.doubled == 0
        return self.audit.startswith("PASS") or self.audit == "nothing sent"


@dataclass(frozen=True, slots=True)
class Kill:
    """`recovered_s`: from the death until its successor delivers, None if that was killed as well before it did."""

    point: str
    how: str
    interrupted: bool
    recovered_s: float | None


@dataclass(frozen=True, slots=True)
class Beside:
    """What is no kill of a member that is back at once: a leave, a zombie, a broker's restart."""

    what: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Round:
    """Some kills and the audit after them."""

    kills: tuple[Kill, ...]
    verdict: str
    lost: int
    doubled: int
    acked: int = 0
    """Records that the broker acknowledged, all of them sought."""
    beside: tuple[Beside, ...] = ()
    unexpected: tuple[str, ...] = ()
    """Deaths that nobody ordered, or why the round broke before its audit: either fails it."""

    @property
    def failed(self) -> bool:
        """Whether anything is wrong with it."""
        return self.verdict != "PASS" or bool(self.unexpected)


BROKEN: Final = "BROKEN"
"""Verdict of a round that did not come to its audit."""


@dataclass(frozen=True, slots=True)
class Chaos:
    """A run of the kill loop on one version of the code."""

    code: str
    seed: int
    rounds: tuple[Round, ...]


@dataclass(frozen=True, slots=True)
class Mutant:
    """`examples`: in how many the tests noticed it, None where that was not counted."""

    name: str
    killed: bool
    examples: int | None


@dataclass(frozen=True, slots=True)
class Mutants:
    """One suite of mutants; `suite` is the file's stem."""

    suite: str
    code: str
    mutants: tuple[Mutant, ...]
    sound: Mutant | None = None
    """What is mutated, held to the same examples: it must not be noticed."""


@dataclass(frozen=True, slots=True)
class Fuzz:
    """A fuzzing run of the decoder and what is behind it."""

    code: str
    seed: int
    minutes: float
    records: int
    windows: int
    failures: tuple[str, ...]
    rows_out: int


@dataclass(frozen=True, slots=True)
class Simulated:
    """The whole consumer in memory under seeded schedules of faults."""

    schedules: int
    records: int
    lost: int
    doubled: int
    failed: int
    faults: int
    """Things done to it, over all schedules."""


@dataclass(frozen=True, slots=True)
class Soak:
    """A long steady load; `found` is `steady.measure`'s."""

    code: str
    found: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Conformance:
    """The warehouse contract on the real service."""

    code: str
    passed: int
    failed: int
    not_possible: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that was found; empty where nothing was run."""

    faults: tuple[Fault, ...] = ()
    chaos: tuple[Chaos, ...] = ()
    mutants: tuple[Mutants, ...] = ()
    simulated: tuple[Simulated, ...] = ()
    fuzz: tuple[Fuzz, ...] = ()
    soak: tuple[Soak, ...] = ()
    conformance: tuple[Conformance, ...] = ()
