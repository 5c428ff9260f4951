"""Which stored rows a newer reference changes, and that no other is written."""

from decimal import Decimal

import polars as pl
from correction_world import AFTER, BEFORE, merchants, payments, rates, reference

from assets.payments import corrections
from assets.payments.corrections import correct_rows
from streaming.stages.plan import COLUMNS


def changed(by):
    return correct_rows(payments(BEFORE), by, "EUR").rows["kafka_offset"].to_list()


def test_the_same_reference_changes_nothing():
    found = correct_rows(payments(BEFORE), BEFORE, "EUR")
    assert (found.rows.height, found.merchant, found.money) == (0, 0, 0)


def test_a_late_merchant_and_a_revised_rate_change_exactly_their_rows():
    found = correct_rows(payments(BEFORE), AFTER, "EUR")
    assert (found.merchant, found.money) == (1, 1)
    late, dollars = found.rows.to_dicts()
    assert (late["kafka_offset"], late["merchant_status"], late["merchant_name"]) == (2, "KNOWN", "shop late")
    assert (dollars["kafka_offset"], dollars["reporting_amount"], dollars["fx_revision"]) == (3, Decimal("80.00"), 2)


def test_a_corrected_row_is_what_the_stream_would_land_today():
    found = correct_rows(payments(BEFORE), AFTER, "EUR").rows
    assert found.equals(payments(AFTER).filter(pl.col("kafka_offset").is_in([2, 3])))


def test_corrected_rows_are_not_corrected_again():
    assert correct_rows(payments(AFTER), AFTER, "EUR").rows.is_empty()


def test_a_revision_that_leaves_the_rate_alone_changes_nothing():
    assert changed(reference(merchants("m1"), rates("1.0000"), 2)) == []


def test_an_attribute_of_a_merchant_changes_its_rows():
    assert changed(reference(merchants("m1", risk="high"), rates("1.0000"), 1)) == [1, 3]


def test_a_merchant_that_is_gone_becomes_unknown():
    assert changed(reference(merchants("other"), rates("1.0000"), 1)) == [1, 3]


def test_no_rows_at_all():
    none = correct_rows(payments(BEFORE).clear(), AFTER, "EUR")
    assert none.rows.columns == list(COLUMNS)
    assert none.rows.is_empty()


def test_versions_taken_for_values_would_append_rows_that_do_not_change(monkeypatch):
    """The mutant of test_a_revision_that_leaves_the_rate_alone_changes_nothing."""
    monkeypatch.setattr(corrections, "MONEY", (*corrections.MONEY, "fx_revision"))
    assert changed(reference(merchants("m1"), rates("1.0000"), 2)) == [2, 3]
