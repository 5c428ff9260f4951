"""What came of the corpus: rows by coordinates, what is wrong with them, where a card number was found."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from card_search import found, found_in_bytes
from hostile import Hostile, corpus
from judging import disagreements


@dataclass
class Sent:
    """A record at its coordinates; `hostile` is None for a good neighbour."""

    partition: int
    offset: int
    hostile: Hostile | None


@dataclass
class Outcome:
    """What came of it."""

    sent: list[Sent] = field(default_factory=list)
    rows: dict[tuple[int, int], list[dict[str, Any]]] = field(default_factory=dict)
    """Live rows by partition and offset."""
    wrong: list[str] = field(default_factory=list)
    """Records whose row is not what the contract says."""
    audit: dict[str, Any] = field(default_factory=dict)
    searched: dict[str, int] = field(default_factory=dict)
    """How many texts of each kind were looked through for card numbers."""
    leaks: list[str] = field(default_factory=list)
    """Where one was found."""
    in_the_topic: int = 0
    """How many different ones were found in the topic's own files, where the producer put them: the search works."""

    def by_status(self) -> dict[str, int]:
        return dict(Counter(row["status"] for rows in self.rows.values() for row in rows).most_common())

    def expected(self) -> dict[str, int]:
        return dict(Counter(sent.hostile.landed_status(later=True) if sent.hostile else "OK" for sent in self.sent))

    def as_it_should_be(self) -> bool:
        """Every row as the contract says, no other row, no card number, and the audit passes."""
        wrong = self.wrong or self.leaks or self.quarantined_neighbours() or self.by_status() != self.expected()
        return not wrong and self.audit.get("verdict") == "PASS"

    def quarantined_neighbours(self) -> list[tuple[int, int]]:
        places = [(sent.partition, sent.offset) for sent in self.sent if sent.hostile is None]
        return [place for place in places if [row["status"] for row in self.rows.get(place, [])] != ["OK"]]


def cards() -> list[str]:
    return sorted({card for record in corpus() for card in record.cards})


def judge(outcome: Outcome, now: datetime) -> None:
    """What is wrong with the rows of hostile records."""
    for sent in outcome.sent:
        if sent.hostile is not None:
            rows = outcome.rows.get((sent.partition, sent.offset), [])
            wanted = sent.hostile.landed_status(later=True)
            if [row["status"] for row in rows] != [wanted]:
                outcome.wrong.append(f"{sent.hostile.name}: {[row['status'] for row in rows]}, not {wanted}")
            else:
                outcome.wrong += disagreements(sent.hostile, rows[0], now)


def search_texts(outcome: Outcome, where: str, values: Iterable[Any]) -> None:
    texts = [value for value in values if isinstance(value, str)]
    outcome.searched["texts in tables"] = outcome.searched.get("texts in tables", 0) + len(texts)
    outcome.leaks += [f"{where}: {card}" for card in found("x".join(texts), cards())]


def search_files(state: Path, topic: str, outcome: Outcome) -> None:
    """Every file that broker, emulator, consumer and producer left: logs, heartbeats, ledger, tables on disk.

    The topic's own segments hold what was sent: there the search must find them.
    """
    seen: set[str] = set()
    for path, ours in files(state, topic):
        numbers = found_in_bytes(path.read_bytes(), cards())
        if ours:
            outcome.searched["files"] = outcome.searched.get("files", 0) + 1
            outcome.leaks += [f"{path.relative_to(state)}: {len(numbers)} numbers"] if numbers else []
        else:
            seen.update(numbers)
    outcome.in_the_topic = len(seen)


def files(state: Path, topic: str) -> Iterator[tuple[Path, bool]]:
    """Files, and whether they are ours to keep clean."""
    for path in sorted(state.rglob("*")):
        if path.is_file():
            yield path, not path.parent.name.startswith(f"{topic}-")
