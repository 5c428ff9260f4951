"""Three payments of one day and two editions of the reference: a late merchant and a revised rate."""

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
from superseding_world import DAY, landed

from assets.merchants.versions import with_versions
from assets.payments.corrections import ENRICHED
from streaming.landing import FX_RATES, MERCHANTS, TIMESTAMP
from streaming.reference.tables import Reference
from streaming.stages.attach_merchant import attach_merchant
from streaming.stages.convert_amount import convert_amount
from streaming.stages.plan import COLUMNS

RATE_DAY = date(2026, 11, 19)
"""Applies to payments of the next morning."""
PUBLISHED = datetime(2026, 11, 19, 16, tzinfo=UTC)


def merchants(*ids: str, risk: str = "low") -> pl.DataFrame:
    schema = {"merchant_id": pl.String, "name": pl.String, "valid_from": TIMESTAMP, "valid_to": TIMESTAMP}
    rows = [(merchant, f"shop {merchant}", None, None) for merchant in ids]
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return frame.with_columns(category=pl.lit("5411"), country=pl.lit("DE"), risk_tier=pl.lit(risk))


def rates(dollar: str) -> pl.DataFrame:
    schema = {"rate_date": pl.Date, "currency": pl.String, "rate": FX_RATES["rate"], "source": pl.String}
    rows = [(RATE_DAY, "USD", Decimal(dollar), "test"), (RATE_DAY, "JPY", Decimal("170.1"), "test")]
    return pl.DataFrame(rows, schema=schema, orient="row")


def reference(known: pl.DataFrame, quoted: pl.DataFrame, revision: int) -> Reference:
    history = with_versions(known).with_columns(
        recorded_at=pl.lit(PUBLISHED, TIMESTAMP), superseded_at=pl.lit(None, TIMESTAMP)
    )
    fx = quoted.with_columns(
        revision=pl.lit(revision, pl.Int64),
        effective_from=pl.lit(PUBLISHED, TIMESTAMP),
        recorded_at=pl.lit(PUBLISHED, TIMESTAMP),
    )
    return Reference.build(history.select(list(MERCHANTS)), fx.select(list(FX_RATES)), "m", f"f{revision}")


def payments(by: Reference) -> pl.DataFrame:
    """Offset 1: known merchant, euros. 2: a merchant that comes late, yen. 3: known merchant, dollars."""
    bare = (
        landed(1, 2, 3, amount="100")
        .drop(ENRICHED)
        .with_columns(
            merchant_id=pl.Series(["m1", "late", "m1"]),
            currency=pl.Series(["EUR", "JPY", "USD"]),
            event_type=pl.lit("capture"),
            occurred_at=pl.lit(datetime(DAY.year, DAY.month, DAY.day, 9, tzinfo=UTC), TIMESTAMP),
        )
    )
    return convert_amount(attach_merchant(bare, by), by, "EUR").select(COLUMNS)


BEFORE = reference(merchants("m1"), rates("1.0000"), 1)
AFTER = reference(merchants("m1", "late"), rates("1.2500"), 2)
