"""The reference loads with one tempting shortcut each; each with the test that must see it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
import test_ecb_rates as ecb_tests
import test_fx_gate as gate_tests
import test_merchant_fold as fold_tests
from fx_days import MONDAY
from merchant_days import instant

from assets.fx import ecb, gate
from assets.merchants import fold as folding
from assets.merchants.versions import BEGINNING_OF_TIME

_checked, _compare, _ended, _versions = folding._checked, folding._compare, folding._ended, folding._versions


def closed_intervals(history: pl.DataFrame, at: Any) -> pl.DataFrame:
    ended = pl.col("valid_to").is_not_null() & (pl.col("valid_to") < at)
    return history.filter((pl.col("valid_from") <= at) & ~ended)


def close_nothing(history: pl.DataFrame, rows: pl.DataFrame, at: Any) -> Any:
    found = _compare(history, rows, at)
    return replace(found, gone=found.gone.clear())


def leave_old_versions_open(history: pl.DataFrame, merchants: pl.Series, at: Any) -> pl.DataFrame:
    return _ended(history, merchants.clear(), at)


def keep_the_first_of_duplicates(snapshot: pl.DataFrame) -> pl.DataFrame:
    known = set(folding.SNAPSHOT) <= set(snapshot.columns)
    return _checked(snapshot.unique("merchant_id", keep="first", maintain_order=True) if known else snapshot)


def start_with_the_first_snapshot(rows: pl.DataFrame, start: Any) -> pl.DataFrame:
    return _versions(rows, instant(0) if start == BEGINNING_OF_TIME else start)


def reopen_from_the_beginning(rows: pl.DataFrame, start: Any) -> pl.DataFrame:
    return _versions(rows, BEGINNING_OF_TIME)


def hash_as_it_comes(history: pl.DataFrame) -> str:
    return str(hash(tuple(history.select(list(folding.HISTORY)).rows())))


def never_changed(history: pl.DataFrame) -> Any:
    return BEGINNING_OF_TIME


def float_rates(text: str, day: Any, currency: str) -> Decimal:
    return Decimal(float(text))


def nothing_to_say(*_: Any) -> Iterator[gate.Reason]:
    return iter(())


def calendar_days(earlier: Any, later: Any, limit: int) -> int:
    return max((later - earlier).days, 0)


def counted_twice(candidate: pl.DataFrame) -> Iterator[gate.Reason]:
    """Only duplicates that differ."""
    for day, currency in candidate.unique().group_by("rate_date", "currency").len().filter(pl.col("len") > 1).rows():
        yield gate.Reason(gate.Rule.DUPLICATE, day, currency, "")


def file_of_a_document_type() -> None:
    ecb_tests.test_a_document_type_is_refused_with_all_its_entities(ecb_tests.BOMB)


def old_snapshot() -> None:
    fold_tests.test_an_old_snapshot_that_contradicts_the_history_is_rejected()


def duplicates() -> None:
    bad = pl.concat([fold_tests.GOOD, fold_tests.GOOD.head(1)])
    fold_tests.test_a_snapshot_that_cannot_be_is_rejected_in_one_line(bad, "duplicate ids: 1")


def every_digit() -> None:
    exact = ecb.parse_csv(f"Date,USD,\n{MONDAY},123456789.123456789,\n", "ecb", MONDAY, MONDAY)
    assert exact["rate"].item() == Decimal("123456789.123456789")


MUTANTS: dict[str, tuple[tuple[Any, str, Any], Callable[[], None]]] = {
    "closed intervals": (
        (folding, "open_at", closed_intervals),
        fold_tests.test_at_the_instant_of_a_change_only_the_new_version_is_valid,
    ),
    "close nothing": (
        (folding, "_compare", close_nothing),
        fold_tests.test_a_merchant_that_is_gone_is_closed_and_one_that_returns_leaves_a_gap,
    ),
    "leave old versions open": (
        (folding, "_ended", leave_old_versions_open),
        fold_tests.test_a_change_ends_one_version_where_the_next_begins,
    ),
    "keep the first of duplicates": ((folding, "_checked", keep_the_first_of_duplicates), duplicates),
    "start with the first snapshot": (
        (folding, "_versions", start_with_the_first_snapshot),
        fold_tests.test_the_first_version_is_valid_from_the_beginning_of_time,
    ),
    "reopen from the beginning of time": (
        (folding, "_versions", reopen_from_the_beginning),
        fold_tests.test_a_merchant_that_is_gone_is_closed_and_one_that_returns_leaves_a_gap,
    ),
    "hash the rows as they come": (
        (folding, "content_hash", hash_as_it_comes),
        fold_tests.test_a_history_read_backwards_has_the_same_content,
    ),
    "fold any old snapshot": ((folding, "newest_change", never_changed), old_snapshot),
    "close whatever is missing": (
        (folding, "_refuse_many_closed", lambda *_: None),
        fold_tests.test_a_snapshot_that_lost_a_fifth_passes_and_one_merchant_more_does_not,
    ),
    "float rates": ((ecb, "decimal_rate", float_rates), every_digit),
    "expand entities": ((ecb, "_refuse_document_type", lambda *_: None), file_of_a_document_type),
    "publish half a snapshot": (
        (gate, "_against_the_day_before", nothing_to_say),
        gate_tests.test_a_snapshot_that_lacks_a_currency_is_rejected,
    ),
    "publish each good rate by itself": (
        (gate, "_bounds", nothing_to_say),
        lambda: gate_tests.test_a_rate_that_is_not_positive_is_rejected("0"),
    ),
    "accept duplicates": (
        (gate, "_duplicates", nothing_to_say),
        gate_tests.test_a_rate_given_twice_is_rejected_even_if_both_agree,
    ),
    "accept duplicates that agree": (
        (gate, "_duplicates", counted_twice),
        gate_tests.test_a_rate_given_twice_is_rejected_even_if_both_agree,
    ),
    "count calendar days": (
        (gate, "target_days_between", calendar_days),
        gate_tests.test_over_easter_the_rates_of_thursday_are_fresh_until_tuesday,
    ),
    "expect withdrawn currencies for ever": (
        (gate, "LAST_QUOTED", {}),
        gate_tests.test_a_withdrawn_currency_is_missed_until_its_last_day_and_not_after,
    ),
    "today by UTC": (
        (gate, "FRANKFURT", UTC),
        gate_tests.test_a_day_without_target_and_a_day_to_come_are_rejected,
    ),
}
"""Where it is planted, and the test that must see it."""


@contextmanager
def alive(name: str) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(*MUTANTS[name][0])
        yield
