"""The corpus: one hostile record a file, what the contract says of each in its folder's `expected.toml`.

A file holds a record's bytes as they are, except for what depends on the clock or would be large. The loader replaces

    @NOW@  @NOW-31d@  @NOW+5m@  @NOW +14:00@   an RFC 3339 time with microseconds, moved by us, s, m, h or d; written
                                               in UTC with `Z`, or in the zone that follows
    @SECONDS@                                  the same up to whole seconds, without zone
    @DAY@  @CLOCK@                             its date, its time of day
    @FILL 70000 x@                             a text repeated
    @SERIES 2000 "k#":#@                       a text repeated with commas between and its number for every `#`
    @PAD 65536@                                as many `x` as make the whole record that long
    @TOMBSTONE@                                alone in its file: no payload at all

`expected.toml` has a table for each file:

    status   OK or the reason without its prefix, from docs/data-contract.md and not from what the code does
    why      the rule
    later    the status where the broker's time is a moment after NOW, if that makes a difference
    row      columns of the landing row as text; placeholders work here too
    shows    columns and a part of their text
    null     columns that must be empty
    cards    published test card numbers hidden in the record: none may be found in anything that is stored or said
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Any

RECORDS = Path(__file__).parent / "records"
EXPECTATIONS = "expected.toml"

_UNITS = {"us": "microseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_TIME = re.compile(rb"@(NOW|SECONDS|DAY|CLOCK)([+-]\d+(?:us|s|m|h|d))?( [+-]\d\d:\d\d)?@")
_FILL = re.compile(rb"@FILL (\d+) ([^@]+)@")
_SERIES = re.compile(rb"@SERIES (\d+) ([^@]+)@")
_PAD = re.compile(rb"@PAD (\d+)@")
_ANY = re.compile(rb"@[A-Z]+[^@]*@")
_FORMATS = {"SECONDS": "%Y-%m-%dT%H:%M:%S", "DAY": "%Y-%m-%d", "CLOCK": "%H:%M:%S"}


@dataclass(frozen=True, slots=True)
class Hostile:
    """One record of the corpus and what the contract says of it."""

    name: str
    """`folder/file` without the suffix."""
    raw: bytes
    status: str
    why: str
    later: str | None = None
    row: dict[str, str] = field(default_factory=dict)
    shows: dict[str, str] = field(default_factory=dict)
    null: tuple[str, ...] = ()
    cards: tuple[str, ...] = ()

    def payload(self, now: datetime) -> bytes | None:
        """What is sent."""
        return None if self.raw == b"@TOMBSTONE@" else render(self.raw, now)

    def landed_status(self, *, later: bool = False) -> str:
        """`status` of the landing row; `later`: the broker stamps it after NOW."""
        status = self.later if later and self.later else self.status
        return status if status == "OK" else f"QUARANTINED_{status}"


def render(raw: bytes, now: datetime) -> bytes:
    """Placeholders replaced. Raises ValueError for one that does not exist."""
    text = _TIME.sub(lambda found: _time(found, now).encode(), raw)
    text = _FILL.sub(lambda found: int(found[1]) * found[2], text)
    text = _SERIES.sub(
        lambda found: b",".join(found[2].replace(b"#", str(n).encode()) for n in range(int(found[1]))), text
    )
    if pad := _PAD.search(text):
        missing = int(pad[1]) - (len(text) - len(pad[0]))
        text = text[: pad.start()] + b"x" * missing + text[pad.end() :]
    if unknown := _ANY.search(text):
        raise ValueError(f"no such placeholder: {unknown[0][:40]!r}")
    return text


def _time(found: re.Match[bytes], now: datetime) -> str:
    kind, moved, zone = ((part or b"").decode() for part in found.groups())
    if moved:
        count, unit = re.fullmatch(r"([+-]\d+)(\w+)", moved).groups()  # type: ignore[union-attr]  # as _TIME has it
        now += timedelta(**{_UNITS[unit]: int(count)})
    if zone:
        minutes = int(zone[2:4]) * 60 + int(zone[5:7])
        now = now.astimezone(timezone(timedelta(minutes=-minutes if zone[1] == "-" else minutes)))
    if kind in _FORMATS:
        return now.strftime(_FORMATS[kind])
    return now.strftime("%Y-%m-%dT%H:%M:%S.%f") + (zone.strip() or "Z")


@cache
def corpus() -> tuple[Hostile, ...]:
    """Every record, by folder and name. Raises ValueError for a file without expectation and the other way round."""
    return tuple(record for folder in sorted(RECORDS.iterdir()) for record in _folder(folder))


def _folder(folder: Path) -> Iterator[Hostile]:
    expected: dict[str, dict[str, Any]] = tomllib.loads((folder / EXPECTATIONS).read_text(encoding="utf-8"))
    files = {path.stem: path for path in folder.glob("*.record")}
    if files.keys() != expected.keys():
        raise ValueError(f"{folder.name}: without its other half: {sorted(files.keys() ^ expected.keys())}")
    for name, path in sorted(files.items()):
        says = expected[name]
        tuples = {key: tuple(says.pop(key, ())) for key in ("null", "cards")}
        yield Hostile(f"{folder.name}/{name}", path.read_bytes(), **tuples, **says)


def moment(now: datetime, text: str) -> str:
    """An expectation's text with its placeholders replaced."""
    return render(text.encode(), now.astimezone(UTC)).decode()
