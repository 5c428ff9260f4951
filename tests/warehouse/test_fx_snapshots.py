"""A day's snapshot is published, and revised, as a whole."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest

from assets.fx.snapshots import effective_from, next_revisions
from streaming.landing import FX_RATES

AT = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)
FRIDAY, THURSDAY = date(2026, 11, 20), date(2026, 11, 19)
NOTHING = pl.DataFrame(schema=FX_RATES)


def rates(*rows: tuple[date, str, str]) -> pl.DataFrame:
    schema = {"rate_date": pl.Date, "currency": pl.String, "rate": pl.Decimal(38, 9), "source": pl.String}
    return pl.DataFrame([(d, c, Decimal(r), "ecb") for d, c, r in rows], schema=schema, orient="row")


def told(frame: pl.DataFrame) -> list[tuple[date, str, Decimal, int]]:
    return frame.select("rate_date", "currency", "rate", "revision").rows()


BOTH = rates((FRIDAY, "USD", "1.0812"), (FRIDAY, "JPY", "170.123456789"))


def test_the_first_publication_is_revision_one_in_the_tables_schema():
    first = next_revisions(NOTHING, BOTH, AT)
    assert dict(first.schema) == FX_RATES
    assert told(first) == [(FRIDAY, "JPY", Decimal("170.123456789"), 1), (FRIDAY, "USD", Decimal("1.0812"), 1)]


def test_the_same_rates_again_add_nothing():
    first = next_revisions(NOTHING, BOTH, AT)
    assert next_revisions(first, BOTH, AT + timedelta(1)).is_empty()


def test_one_changed_rate_revises_the_whole_day_and_no_other():
    first = next_revisions(NOTHING, pl.concat([BOTH, rates((THURSDAY, "USD", "1.07"))]), AT)
    mended = pl.concat(
        [rates((FRIDAY, "USD", "1.09"), (FRIDAY, "JPY", "170.123456789")), rates((THURSDAY, "USD", "1.07"))]
    )
    second = next_revisions(first, mended, AT + timedelta(1))
    assert told(second) == [(FRIDAY, "JPY", Decimal("170.123456789"), 2), (FRIDAY, "USD", Decimal("1.09"), 2)]


@pytest.mark.parametrize(
    "other", [BOTH.head(1), pl.concat([BOTH, rates((FRIDAY, "GBP", "0.85"))])], ids=["fewer", "more"]
)
def test_another_set_of_currencies_is_a_revision(other):
    first = next_revisions(NOTHING, BOTH, AT)
    assert next_revisions(first, other, AT + timedelta(1))["revision"].unique().to_list() == [2]


def test_going_back_to_an_old_rate_is_a_third_revision():
    first = next_revisions(NOTHING, BOTH, AT)
    second = next_revisions(first, BOTH.with_columns(rate=pl.col("rate") + 1), AT + timedelta(1))
    third = next_revisions(pl.concat([first, second]), BOTH, AT + timedelta(2))
    assert third["revision"].unique().to_list() == [3]


def test_days_that_are_not_mentioned_stay():
    first = next_revisions(NOTHING, BOTH, AT)
    assert told(next_revisions(first, rates((THURSDAY, "USD", "1.07")), AT)) == [(THURSDAY, "USD", Decimal("1.07"), 1)]


def test_rates_apply_from_four_in_the_afternoon_in_frankfurt_in_either_season():
    assert effective_from(date(2026, 1, 15)) == datetime(2026, 1, 15, 15, tzinfo=UTC)
    assert effective_from(date(2026, 7, 15)) == datetime(2026, 7, 15, 14, tzinfo=UTC)


@pytest.mark.parametrize(
    "bad",
    [rates((FRIDAY, "USD", "0")), rates((FRIDAY, "EUR", "1")), rates((FRIDAY, "USD", "1"), (FRIDAY, "USD", "2"))],
    ids=["not positive", "the euro", "twice"],
)
def test_rates_that_cannot_be_are_refused(bad):
    with pytest.raises(ValueError, match=r"rate of (USD|EUR) on 2026-11-20"):
        next_revisions(NOTHING, bad, AT)
