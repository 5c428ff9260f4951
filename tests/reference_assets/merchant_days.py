"""Snapshots of a handful of merchants, and by brute force what an as-of lookup must find on each day."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import polars as pl

from assets.merchants import fold as folding

FIRST = date(2026, 11, 16)
NOBODY = pl.DataFrame(schema=folding.HISTORY)

Snapshot = dict[str, str]
"""Merchant to risk tier; the other attributes are the same for all."""


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


def instant(number: int) -> datetime:
    return folding.holds_from(day(number))


def frame(snapshot: Snapshot) -> pl.DataFrame:
    rows = [(merchant, f"{merchant} & Söhne", "5411", "DE", tier) for merchant, tier in snapshot.items()]
    return pl.DataFrame(rows, schema=dict(folding.SNAPSHOT), orient="row")


def folded(snapshots: Sequence[Snapshot]) -> list[folding.Folded]:
    """The fold of each day over the one before; any share of the merchants may close."""
    results: list[folding.Folded] = []
    history = NOBODY
    for number, snapshot in enumerate(snapshots):
        known_until = instant(number - 1) if number else None
        results.append(
            folding.fold(history, frame(snapshot), instant(number), known_until=known_until, max_closed_percent=100)
        )
        history = results[-1].history
    return results


def found(history: pl.DataFrame, at: datetime) -> list[tuple[str, str]]:
    return sorted(folding.open_at(history, at).select("merchant_id", "risk_tier").rows())


def expected(snapshots: Sequence[Snapshot], number: int) -> list[tuple[str, str]]:
    """The day's snapshot, and whoever was first seen later, as first seen."""
    seen: Snapshot = {}
    for snapshot in reversed(snapshots[number + 1 :]):
        seen |= snapshot
    before = set().union(*snapshots[: number + 1])
    later = {merchant: tier for merchant, tier in seen.items() if merchant not in before}
    return sorted((snapshots[number] | later).items())
