"""Payments of one day, enriched by an older or the newest edition of merchants and rates, and what the query finds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache, cached_property

import duckdb
import polars as pl
import sqlglot
from superseding_world import landed

from assets.fx.snapshots import effective_from
from assets.merchants.versions import with_versions
from assets.payments.candidates import candidates_sql
from assets.payments.corrections import ENRICHED, correct_rows
from streaming.landing import FX_RATES, LANDING, MERCHANTS, TIMESTAMP
from streaming.reference.tables import Reference
from streaming.stages.attach_merchant import attach_merchant
from streaming.stages.convert_amount import convert_amount
from streaming.stages.plan import COLUMNS

_LANDED = {name: LANDING[name] for name in COLUMNS}
ONE = landed(0).with_columns(event_type=pl.lit("capture")).row(0, named=True)
AT = datetime(2026, 11, 1, tzinfo=UTC)
Rates = Mapping[str, str]
"""Units per EUR by currency."""


@dataclass(frozen=True)
class Payment:
    merchant: str
    currency: str
    at: time
    amount: str = "100.00"
    by: int = 0
    """Edition that enriched it."""
    reporting: str = "EUR"


@dataclass(frozen=True)
class World:
    """Two editions: 0 is what was known when payments were landed, 1 what is known now."""

    day: date
    snapshots: Mapping[date, Sequence[Rates]]
    """Revisions of a TARGET day's rates, the first one is revision 1."""
    known: Mapping[date, int]
    """How many revisions of the day edition 0 has."""
    merchants: tuple[pl.DataFrame, pl.DataFrame]
    payments: Sequence[Payment]
    reporting: str = "EUR"

    def fx(self, edition: int) -> pl.DataFrame:
        """Every revision that the edition has."""
        rows = [
            (day, currency, Decimal(rate), revision, effective_from(day), AT, "test")
            for day, revisions in self.snapshots.items()
            for revision, rates in enumerate(revisions if edition else revisions[: self.known[day]], 1)
            for currency, rate in rates.items()
        ]
        return pl.DataFrame(rows, schema=FX_RATES, orient="row")

    def reference(self, edition: int) -> Reference:
        newest = self.fx(edition).filter(pl.col("revision") == pl.col("revision").max().over("rate_date"))
        return Reference.build(self.merchants[edition], newest, f"m{edition}", f"f{edition}")

    @cached_property
    def landing(self) -> pl.DataFrame:
        """The rows (`COLUMNS`), each enriched by its edition."""
        bare = [self._bare(offset, payment) for offset, payment in enumerate(self.payments)]
        groups = {(payment.by, payment.reporting) for payment in self.payments}
        return pl.concat([landed(), *(self._landed(bare, edition, currency) for edition, currency in groups)])

    def _bare(self, offset: int, payment: Payment) -> dict[str, object]:
        at = datetime.combine(self.day, payment.at, UTC)
        own = {"merchant_id": payment.merchant, "currency": payment.currency, "occurred_at": at}
        return ONE | own | {"kafka_offset": offset, "amount": Decimal(payment.amount), "business_date": self.day}

    def _landed(self, bare: Sequence[dict[str, object]], edition: int, reporting: str) -> pl.DataFrame:
        mine = [
            row
            for row, payment in zip(bare, self.payments, strict=True)
            if (payment.by, payment.reporting) == (edition, reporting)
        ]
        rows, by = pl.DataFrame(mine, schema=_LANDED).drop(ENRICHED), self.reference(edition)
        return convert_amount(attach_merchant(rows, by), by, reporting).select(COLUMNS).cast(_LANDED)

    def changing(self) -> set[int]:
        """Offsets of the rows that change, by enriching every row again."""
        return set(correct_rows(self.landing, self.reference(1), self.reporting).rows["kafka_offset"])

    def asked(self) -> set[int]:
        """Offsets that the query finds."""
        found = self.answer(candidates_sql("p.d", self.day, self.reporting))
        return set(found["kafka_offset"])

    def answer(self, sql: str) -> pl.DataFrame:
        translated = in_duckdb(sql)
        with duckdb.connect() as db:
            db.execute("SET TimeZone = 'UTC'")
            for name, frame in self._tables().items():
                db.register("frame", frame.to_arrow())
                db.execute(f"CREATE TABLE {name} AS SELECT * FROM frame")
            return db.execute(translated).pl()

    def _tables(self) -> dict[str, pl.DataFrame]:
        old, new = self.merchants
        gone = old.with_columns(superseded_at=pl.lit(AT + timedelta(days=1), TIMESTAMP))
        rows = self.landing.with_columns(loaded_at=pl.lit(AT, TIMESTAMP))
        return {"payments_landing": rows, "fx_rates": self.fx(1), "merchants": pl.concat([gone, new])}


@cache
def in_duckdb(sql: str) -> str:
    return sqlglot.transpile(sql.replace("`p.d.", "`"), read="bigquery", write="duckdb")[0]


@cache
def dimension(*versions: tuple[str, str, datetime | None, datetime | None]) -> pl.DataFrame:
    """Merchants' versions: id, risk tier, valid from (None: always), valid to."""
    schema = {"merchant_id": pl.String, "risk_tier": pl.String, "valid_from": TIMESTAMP, "valid_to": TIMESTAMP}
    frame = pl.DataFrame(versions, schema=schema, orient="row").with_columns(
        name=pl.lit("shop"), category=pl.lit("5411"), country=pl.lit("DE")
    )
    stamped = with_versions(frame).with_columns(
        recorded_at=pl.lit(AT, TIMESTAMP), superseded_at=pl.lit(None, TIMESTAMP)
    )
    return stamped.select(list(MERCHANTS))
