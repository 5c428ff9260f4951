"""Merchants: who they are, how popular, and their SCD2 history up to a day.

A day's changes depend on the seed and that day alone. The history is kept from the first of the month before
`today` (before that a merchant has one version), so it stays small however long the sandbox lives; at the turn of a
month it is written anew.
"""

from bisect import bisect
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from random import Random
from typing import Final

import polars as pl

from sandbox.world.names import merchant_name
from sandbox.world.places import PLACES, Place
from sandbox.world.trades import TRADES, Trade

MERCHANTS: Final = 80_000
ZIPF_EXPONENT: Final = 0.95
"""Weight of the merchant of rank r is r to the minus this: the busiest hundredth takes about half of all payments."""

RISK_TIERS: Final = ("low", "medium", "high", "prohibited")
_RISK_WEIGHTS: Final = (78, 17, 4.7, 0.3)
_RISK_MOVES: Final = {
    "low": ("medium", "medium", "high"),
    "medium": ("low", "low", "high"),
    "high": ("medium", "medium", "prohibited"),
    "prohibited": ("high",),
}

BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""A first version is valid from the beginning of time unless the merchant's opening is known."""

DATED_SHARE: Final = 0.03
CHANGED_A_DAY: Final = 0.01
CLOSED_A_DAY: Final = 0.0002
_QUIET_RANKS: Final = 0.25
"""Only merchants beyond this share of the ranks close: what closes had few customers."""

SCHEMA: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "merchant_id": pl.String,
    "name": pl.String,
    "category": pl.String,
    "country": pl.String,
    "risk_tier": pl.String,
    "valid_from": pl.Datetime("us", "UTC"),
    "valid_to": pl.Datetime("us", "UTC"),
}

_PLACE_OF: Final = {place.code: place for place in PLACES}
_TRADE_OF: Final = {trade.category: trade for trade in TRADES}


@dataclass(frozen=True, slots=True)
class MerchantBook:
    """Merchants by index, as the generator needs them: id, place, trade, and how popular each is."""

    ids: list[str]
    places: list[Place]
    trades: list[Trade]
    by_rank: list[int]
    cumulative: list[float]

    @classmethod
    def build(cls, seed: int, count: int = MERCHANTS) -> "MerchantBook":
        """The same merchants for the same seed and count, on any day."""
        rng = Random(f"{seed}/merchants")
        places = rng.choices(PLACES, [place.weight for place in PLACES], k=count)
        trades = rng.choices(TRADES, [trade.weight for trade in TRADES], k=count)
        ids = [f"m_{place.code.lower()}_{index:06d}" for index, place in enumerate(places)]
        cumulative = list(accumulate(rank**-ZIPF_EXPONENT for rank in range(1, count + 1)))
        return cls(ids, places, trades, rng.sample(range(count), count), cumulative)

    def __len__(self) -> int:
        return len(self.ids)

    def draw(self, rng: Random) -> int:
        """Index of a merchant, by popularity."""
        return self.by_rank[bisect(self.cumulative, rng.random() * self.cumulative[-1])]


@dataclass(frozen=True, slots=True)
class _Version:
    merchant_id: str
    name: str
    category: str
    country: str
    risk_tier: str
    valid_from: datetime
    valid_to: datetime | None


def merchants_history(seed: int, today: date, count: int = MERCHANTS) -> pl.DataFrame:
    """Every version of every merchant in the columns of `SCHEMA`, sorted by merchant and `valid_from`.

    Intervals are half-open and, inside a merchant's life, without gap or overlap; `valid_to` is null while current.
    About one merchant in a hundred changes on each day, on `today` at times that may still be to come (the source
    announces them). Merchants that closed have no open version.
    """
    book = MerchantBook.build(seed, count)
    current = _first_versions(seed, book)
    past: list[_Version] = []
    day = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
    while day <= today:
        _apply(seed, day, book, current, past)
        day += timedelta(days=1)
    rows = [*past, *current]
    columns = {name: [getattr(row, name) for row in rows] for name in SCHEMA}
    return pl.DataFrame(columns, schema=SCHEMA).sort("merchant_id", "valid_from")


def _first_versions(seed: int, book: MerchantBook) -> list[_Version]:
    rng = Random(f"{seed}/names")
    tiers = rng.choices(RISK_TIERS, _RISK_WEIGHTS, k=len(book))
    versions = []
    for merchant_id, place, trade, tier in zip(book.ids, book.places, book.trades, tiers, strict=True):
        name = merchant_name(rng, place.names, place.code, trade.words)
        opened = BEGINNING
        if rng.random() < DATED_SHARE:
            opened = datetime(2019, 1, 1, tzinfo=UTC) + timedelta(days=int(rng.random() * 2_000))
        versions.append(_Version(merchant_id, name, trade.category, place.code, tier, opened, None))
    return versions


def _apply(seed: int, day: date, book: MerchantBook, current: list[_Version], past: list[_Version]) -> None:
    """One day's changes and closings, in the order of their times."""
    rng = Random(f"{seed}/changes/{day}")
    count = len(book)
    closing = round(count * CLOSED_A_DAY)
    ranks = rng.sample(range(int(count * _QUIET_RANKS), count), closing)
    closed = {book.by_rank[rank] for rank in ranks}
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    for index in rng.sample(range(count), round(count * CHANGED_A_DAY)):
        at = midnight + timedelta(milliseconds=int(rng.random() * 86_400_000))
        before = current[index]
        after = _changed(rng, before)
        if before.valid_to is None and index not in closed and at > before.valid_from:
            past.append(replace(before, valid_to=at))
            current[index] = replace(after, valid_from=at)
    for index in sorted(closed):
        at = midnight + timedelta(milliseconds=int(rng.random() * 86_400_000))
        if current[index].valid_to is None:
            current[index] = replace(current[index], valid_to=at)


def _changed(rng: Random, before: _Version) -> _Version:
    """Another risk tier, trade or name; never the same."""
    kind = rng.random()
    if kind < 0.6:
        return replace(before, risk_tier=rng.choice(_RISK_MOVES[before.risk_tier]))
    if kind < 0.8:
        return replace(before, category=rng.choice([c for c in _TRADE_OF if c != before.category]))
    name = merchant_name(rng, _PLACE_OF[before.country].names, before.country, _TRADE_OF[before.category].words)
    return replace(before, name=name if name != before.name else f"{name} II")
