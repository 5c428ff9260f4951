"""FX snapshots by TARGET day: the ECB's own as far as its bundled history reaches, a seeded walk from there.

The walk (source `synthetic`) depends on seed, currency and day alone, so tomorrow's history is today's plus a day.
"""

import csv
import io
import zipfile
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache
from random import Random
from typing import Final

import currency_converter
import polars as pl

from sandbox.world.currencies import CROSSED_WITH_USD
from sandbox.world.target_days import published_at, target_days

SCHEMA: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "rate_date": pl.Date,
    "currency": pl.String,
    "rate": pl.Decimal(38, 9),
    "source": pl.String,
}
HISTORY_DAYS: Final = 45
"""Calendar days back: 31 that a late payment may need, and the 5 TARGET days before them over any holiday."""

_STEP_BASIS_POINTS: Final = 45
"""Largest daily move of the walk; the euro's pairs move about a quarter of a percent on a usual day."""

Snapshot = dict[str, Decimal]


def rates_history(seed: int, today: date, days: int = HISTORY_DAYS) -> pl.DataFrame:
    """Snapshots of every TARGET day from `days` before `today` to `today`, also those not yet published.

    Columns: `SCHEMA`; `rate` is units of `currency` per 1 EUR with the digits as published, EUR itself is not
    there. Sorted by day and currency. Raises ValueError for a day before the ECB's history begins.
    """
    first = today - timedelta(days=days)
    rows: list[tuple[date, str, Decimal, str]] = []
    for day, snapshot, source in _snapshots(seed, first, today):
        rows += [(day, currency, rate, source) for currency, rate in sorted(snapshot.items())]
        rows += [(day, *extra, "synthetic") for extra in _crosses(seed, day, snapshot["USD"])]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row").sort("rate_date", "currency")


def rates_published(seed: int, now: datetime, days: int = HISTORY_DAYS) -> pl.DataFrame:
    """The part of `rates_history` that is public at `now`: days whose 16:00 Frankfurt time has passed."""
    history = rates_history(seed, now.date(), days)
    public = [day for day in history["rate_date"].unique() if published_at(day) <= now]
    return history.filter(pl.col("rate_date").is_in(public))


def _snapshots(seed: int, first: date, last: date) -> list[tuple[date, Snapshot, str]]:
    real = _ecb_history()
    end = max(real)
    if first < min(real):
        raise ValueError(f"the ECB's history begins on {min(real)}")
    found = [(day, real[day], "ecb") for day in target_days(first, min(last, end)) if day in real]
    snapshot = real[end]
    quantum = _quanta(end)
    for day in target_days(end + timedelta(days=1), last):
        snapshot = {c: _step(seed, c, day, rate, quantum[c]) for c, rate in snapshot.items()}
        if day >= first:
            found.append((day, snapshot, "synthetic"))
    return found


def _step(seed: int, currency: str, day: date, rate: Decimal, quantum: Decimal) -> Decimal:
    points = Random(f"{seed}/fx/{currency}/{day}").randint(-_STEP_BASIS_POINTS, _STEP_BASIS_POINTS)
    moved = (rate * (10_000 + points) / 10_000).quantize(quantum, ROUND_HALF_EVEN)
    return moved if moved > 0 else rate


def _crosses(seed: int, day: date, dollar: Decimal) -> list[tuple[str, Decimal]]:
    """Rates of currencies outside the ECB's list, as a factor of the day's dollar, to six significant digits."""
    crosses = []
    for currency, (factor, wobble) in CROSSED_WITH_USD.items():
        points = Random(f"{seed}/cross/{currency}/{day}").randint(-wobble, wobble)
        rate = dollar * Decimal(factor) * (10_000 + points) / 10_000
        crosses.append((currency, rate.quantize(Decimal(1).scaleb(rate.adjusted() - 5), ROUND_HALF_EVEN)))
    return crosses


def _quanta(end: date) -> dict[str, Decimal]:
    """The last digit each currency is quoted to: the finest of the last month, since 136 may mean 136.0."""
    real = _ecb_history()
    finest: dict[str, int] = {}
    for day in target_days(end - timedelta(days=30), end):
        for currency, rate in real.get(day, {}).items():
            exponent = rate.as_tuple().exponent
            finest[currency] = min(int(exponent), finest.get(currency, 0))
    return {currency: Decimal(1).scaleb(exponent) for currency, exponent in finest.items()}


@cache
def _ecb_history(first: date = date(2024, 1, 1)) -> dict[date, Snapshot]:
    """The bundled file, newest first: read as text, since the package itself gives rates as binary floats."""
    with zipfile.ZipFile(currency_converter.CURRENCY_FILE) as archive:
        text = archive.read(archive.namelist()[0]).decode("utf-8")
    found: dict[date, Snapshot] = {}
    for row in csv.DictReader(io.StringIO(text)):
        day = date.fromisoformat(row.pop("Date"))
        if day < first:
            break
        found[day] = {c: Decimal(rate) for c, rate in row.items() if c and rate and rate != "N/A"}
    return found
