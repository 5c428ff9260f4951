"""What runs left in a folder, read leniently: unknown fields are ignored, a wrong file is said with its place.

`faults*.jsonl`: a row of `tests/faults/fault_report.py` a line. `chaos*.json`: `{"code", "seed", "rounds": [{"kills":
[{"point", "how", "interrupted", "recovered_s"}], "others": [{"what", "seconds"}],
"audit": {"verdict", "acked", "lost", "duplicate_coordinates"}}]}`.
`mutants*.json`: `{"code", "protocol", "mutants":
[{"name", "killed", "examples"}]}`. `simulation*.json`: `{"schedules", "records", "lost", "doubled", "failed",
"happened"}`. `fuzz*.json`: `{"code", "seed", "minutes", "windows", "records", "rows_out", "failures"}`. `soak-*.json`:
a results document. `conformance*.json`: `conformance.run`.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.reliability.records import (
    BROKEN,
    FAILED,
    Beside,
    Chaos,
    Conformance,
    Evidence,
    Fault,
    Fuzz,
    Kill,
    Mutant,
    Mutants,
    Round,
    Simulated,
    Soak,
)

Kind = TypeVar("Kind")


class EvidenceError(Exception):
    """A file is not what its name says; one line with the file and the field."""


@dataclass(frozen=True, slots=True)
class Reader:
    """A JSON object and where it stands, for messages."""

    where: str
    values: dict[str, Any]

    def take(self, name: str, kind: type[Kind] | tuple[type[Kind], ...]) -> Kind:
        """A field of this type. Raises EvidenceError."""
        value = self.values.get(name)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise EvidenceError(f"{self.where}: {name} is {'absent' if name not in self.values else 'of a wrong type'}")
        return value

    def maybe(self, name: str, kind: type[Kind] | tuple[type[Kind], ...]) -> Kind | None:
        """The same, None where it is null or absent."""
        return None if self.values.get(name) is None else self.take(name, kind)

    def number(self, name: str) -> float:
        """A count or a time: not negative. Raises EvidenceError."""
        value: float = self.take(name, (int, float))
        if not 0 <= value < float("inf"):
            raise EvidenceError(f"{self.where}: {name} is out of range")
        return value

    def count(self, name: str) -> int:
        """A whole number, not negative. Raises EvidenceError."""
        self.take(name, int)
        return int(self.number(name))

    def each(self, name: str) -> list["Reader"]:
        """The objects of a list. Raises EvidenceError."""
        items: list[Any] = self.take(name, list)
        return [reader(f"{self.where}: {name}[{place}]", item) for place, item in enumerate(items)]


def reader(where: str, value: Any) -> Reader:
    """Raises EvidenceError if the value is no object."""
    if not isinstance(value, dict):
        raise EvidenceError(f"{where} is no object")
    return Reader(where, value)


def gather(folder: Path) -> Evidence:
    """Every known file of the folder, in the order of names. Raises EvidenceError, OSError."""
    if not folder.is_dir():
        raise EvidenceError(f"{folder} is no folder")
    rows = [fault(each) for path in sorted(folder.glob("faults*.jsonl")) for each in _lines(path)]
    return Evidence(
        faults=newest(rows),
        chaos=_all(folder, "chaos*.json", chaos),
        mutants=_all(folder, "mutants*.json", mutants),
        simulated=_all(folder, "simulation*.json", simulated),
        fuzz=_all(folder, "fuzz*.json", fuzz),
        soak=_all(folder, "soak-*.json", soak),
        conformance=_all(folder, "conformance*.json", conformance),
    )


def newest(rows: list[Fault]) -> tuple[Fault, ...]:
    """Of a fault tried twice the later row; a failed test is over once a later row of it is there."""
    kept = {row.fault: row for row in rows}
    last = {row.test: place for place, row in enumerate(rows) if row.test}
    places = {row.fault: place for place, row in enumerate(rows)}
    over = {row.fault for row in kept.values() if row.audit == FAILED and places[row.fault] < last.get(row.test, -1)}
    return tuple(row for row in kept.values() if row.fault not in over)


def fault(each: Reader) -> Fault:
    """Raises EvidenceError."""
    words: dict[str, Any] = {name: each.take(name, str) for name in ("fault", "done", "happened", "audit")}
    seconds = None if each.values.get("seconds") is None else each.number("seconds")
    more: dict[str, Any] = {name: found for name in ("test", "where") if (found := each.maybe(name, str))}
    more |= {name: each.count(name) for name in ("lost", "doubled") if each.values.get(name) is not None}
    return Fault(**words, seconds=seconds, **more)


def chaos(name: str, document: Reader) -> Chaos:
    """Raises EvidenceError."""
    rounds = [_round(each) for each in document.each("rounds")]
    broken = [
        Round(_kills(each), BROKEN, 0, 0, unexpected=(each.take("why", str),)) for each in document.each("broken")
    ]
    return Chaos(document.take("code", str), document.take("seed", int), (*rounds, *broken))


def _kills(each: Reader) -> tuple[Kill, ...]:
    return tuple(
        Kill(
            point=kill.take("point", str),
            how=kill.take("how", str),
            interrupted=kill.take("interrupted", bool),
            recovered_s=None if kill.values.get("recovered_s") is None else kill.number("recovered_s"),
        )
        for kill in each.each("kills")
    )


def _round(each: Reader) -> Round:
    audit = reader(f"{each.where}: audit", each.values.get("audit"))
    beside = tuple(Beside(other.take("what", str), other.number("seconds")) for other in each.each("others"))
    lost, doubled, acked = (audit.count(name) for name in ("lost", "duplicate_coordinates", "acked"))
    unexpected: list[Any] = each.take("unexpected", list)
    return Round(
        _kills(each), audit.take("verdict", str), lost, doubled, acked, beside, unexpected=tuple(map(str, unexpected))
    )


def mutants(name: str, document: Reader) -> Mutants:
    """Raises EvidenceError."""
    found = tuple(map(_mutant, document.each("mutants")))
    sound = document.maybe("protocol", dict)
    where = f"{document.where}: protocol"
    return Mutants(name, document.take("code", str), found, None if sound is None else _mutant(reader(where, sound)))


def _mutant(each: Reader) -> Mutant:
    return Mutant(each.take("name", str), each.take("killed", bool), each.maybe("examples", int))


def simulated(name: str, document: Reader) -> Simulated:
    """Raises EvidenceError."""
    counts = {field: document.count(field) for field in ("schedules", "records", "lost", "doubled")}
    failed: list[Any] = document.take("failed", list)
    happened = reader(f"{document.where}: happened", document.values.get("happened"))
    return Simulated(**counts, failed=len(failed), faults=sum(happened.count(what) for what in happened.values))


def fuzz(name: str, document: Reader) -> Fuzz:
    """Raises EvidenceError."""
    failures: list[Any] = document.take("failures", list)
    counts = {field: document.count(field) for field in ("records", "windows", "rows_out")}
    seed, minutes = document.take("seed", int), document.number("minutes")
    return Fuzz(document.take("code", str), seed, minutes, **counts, failures=tuple(map(str, failures)))


def soak(name: str, document: Reader) -> Soak:
    """Raises EvidenceError."""
    machine = reader(f"{document.where}: machine", document.values.get("machine"))
    found = reader(f"{document.where}: soak", document.values.get("soak"))
    for field in ("rate", "seconds", "landed_per_second"):
        found.number(field)
    for field in ("rss_mb", "fds", "threads"):
        grown = reader(f"{found.where}: {field}", found.values.get(field))
        for part in ("early", "late", "max"):
            grown.number(part)
    if (p95 := found.maybe("p95_ms", dict)) is not None:
        for part in ("median", "max"):
            reader(f"{found.where}: p95_ms", p95).number(part)
    points: list[Any] = found.take("points", list)
    if not points:
        raise EvidenceError(f"{found.where}: no points")
    return Soak(machine.take("code", str), found.values)


def conformance(name: str, document: Reader) -> Conformance:
    """Raises EvidenceError."""
    counts = {field: document.count(field) for field in ("passed", "failed", "not_possible")}
    return Conformance(document.take("code", str), **counts)


def _all(folder: Path, pattern: str, read: Callable[[str, Reader], Kind]) -> tuple[Kind, ...]:
    paths = sorted(folder.glob(pattern))
    return tuple(read(path.stem, reader(path.name, _json(path.name, _text(path)))) for path in paths)


def _lines(path: Path) -> list[Reader]:
    lines = enumerate(_text(path).splitlines(), 1)
    return [reader(f"{path.name}:{n}", _json(f"{path.name}:{n}", line)) for n, line in lines if line.strip()]


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except UnicodeDecodeError:
        raise EvidenceError(f"{path.name} is no text") from None


def _json(where: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise EvidenceError(f"{where} is no JSON") from None
