"""What a check says, and the literals its statement is made of. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

from assets.checks.thresholds import CLOSED_DAYS, OPEN_DAYS, Severity

Row = Mapping[str, Any]
"""A row of an answer by column name: int, str, Decimal, date, datetime or None."""
Fact = int | float | str | None

_PLAIN: Final = re.compile(r"[A-Za-z0-9._+/=-]{1,256}")
"""Kafka writes a topic id in the URL's alphabet of base64, librdkafka in the plain one: every other id has + or /."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of one check. `severity` counts only where it did not pass; `line` is one sentence for people."""

    passed: bool
    severity: Severity
    facts: Mapping[str, Fact] = field(default_factory=dict)
    line: str = ""


def open_days(now: datetime) -> tuple[date, ...]:
    """The business dates of the hourly checks, oldest first, today (UTC) the last."""
    return tuple(now.date() - timedelta(back) for back in reversed(range(OPEN_DAYS)))


def closed_days(now: datetime) -> tuple[date, ...]:
    """The business dates of the daily checks, oldest first, yesterday (UTC) the last."""
    return tuple(now.date() - timedelta(back) for back in range(CLOSED_DAYS, 0, -1))


def within(days: Sequence[date]) -> str:
    """Filter of whole partitions: dates as literals, since neither a subquery nor a join prunes any.

    Raises ValueError for no days: a statement without a filter would read the whole table.
    """
    if not days:
        raise ValueError("a check needs at least one day")
    return f"business_date BETWEEN DATE '{min(days)}' AND DATE '{max(days)}'"


def plain(text: str) -> str:
    """Quote a name that came out of a table. Raises ValueError for anything that a Kafka topic id cannot be."""
    if not _PLAIN.fullmatch(text):
        raise ValueError("a topic id has letters, digits and any of ._+/=- only")
    return f"'{text}'"


def graded(share: float, warn: float, error: float) -> tuple[bool, Severity]:
    """Whether a share passes, and how grave it is if not."""
    return share <= warn, "ERROR" if share > error else "WARN"
