"""The gate names every reason, with the currency and the figures, and lets nothing through in part."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from fx_days import FRIDAY, MONDAY, NOON, NOTHING, SATURDAY, THURSDAY, USUAL, published, rates
from hypothesis import given
from hypothesis import strategies as st

from assets.fx import gate
from assets.fx.ecb import RATES
from assets.fx.gate import LAST_QUOTED, Rule
from assets.fx.source import bundled
from streaming.landing import FX_RATES
from streaming.reference.calendar import is_target_day

STANDING = published({FRIDAY: USUAL})


def judged(days, standing=STANDING, due=MONDAY, at=NOON, accepted=()):
    candidate = days if isinstance(days, pl.DataFrame) else rates(days)
    return [str(reason) for reason in gate.judge(candidate, standing, due, at, accepted)]


def test_a_usual_day_passes():
    assert judged({MONDAY: USUAL}) == []
    assert judged({MONDAY: USUAL}, standing=NOTHING) == []
    assert judged({MONDAY: USUAL | {"GBP": "0.8338"}}) == []  # a newcomer is welcome


def test_a_snapshot_that_lacks_a_currency_is_rejected():
    assert judged({MONDAY: {"USD": "1.12", "TRY": "55.9"}}) == [
        "MISSING_CURRENCY 2026-11-23 JPY: 2026-11-20 had it at 175.68"
    ]


def test_a_currency_is_expected_of_the_day_before_in_the_same_file_too():
    assert judged({THURSDAY: USUAL | {"GBP": "0.8338"}, FRIDAY: USUAL, MONDAY: USUAL}, standing=NOTHING) == [
        "MISSING_CURRENCY 2026-11-20 GBP: 2026-11-19 had it at 0.8338"
    ]


def test_a_withdrawn_currency_is_missed_until_its_last_day_and_not_after():
    day, before = date(2026, 1, 2), date(2025, 12, 31)
    at = datetime(2026, 1, 2, 16, tzinfo=UTC)
    standing = published({before: {"BGN": "1.9558", "USD": "1.1"}})
    assert judged({day: {"USD": "1.1"}}, standing, day, at) == []
    earlier = published({date(2025, 12, 30): {"BGN": "1.9558", "USD": "1.1"}})
    missed = judged({before: {"USD": "1.1"}}, earlier, before, at)
    assert missed == ["MISSING_CURRENCY 2025-12-31 BGN: 2025-12-30 had it at 1.9558"]
    assert judged({day: {"USD": "1.1", "BGN": "1.9558"}}, standing, day, at)[0].startswith("UNKNOWN_CURRENCY")


@pytest.mark.integration  # the ECB's whole history
def test_the_table_of_withdrawn_currencies_is_the_ecbs_own_history():
    seen = bundled(date(2008, 1, 1), date(2026, 10, 30)).rates.group_by("currency").agg(pl.col("rate_date").max())
    assert {c: day for c, day in seen.iter_rows() if day < date(2026, 10, 30)} == LAST_QUOTED


@pytest.mark.parametrize(
    ("rate", "reasons"),
    [
        ("66.9618", []),
        ("66.9619", ["JUMP 2026-11-23 TRY: 55.8015 to 66.9619 since 2026-11-20, +20.0 %"]),
        ("44.6412", []),
        ("44.6411", ["JUMP 2026-11-23 TRY: 55.8015 to 44.6411 since 2026-11-20, -20.0 %"]),
    ],
)
def test_a_fifth_is_the_largest_move_that_passes(rate, reasons):
    assert judged({MONDAY: USUAL | {"TRY": rate}}) == reasons


def test_a_jump_against_a_snapshot_of_long_ago_is_none():
    within, beyond = published({date(2026, 11, 16): USUAL}), published({date(2026, 11, 13): USUAL})
    doubled = {MONDAY: USUAL | {"TRY": "111.603"}}
    assert len(judged(doubled, within)) == 1
    assert judged(doubled, beyond) == []


def test_a_person_can_accept_a_jump_or_a_missing_currency_by_name_and_nothing_else():
    bad = {MONDAY: {"USD": "-1", "TRY": "111"}}
    names = ["NOT_POSITIVE", "MISSING_CURRENCY", "JUMP", "JUMP"]
    assert [text.split()[0] for text in judged(bad)] == names
    accepted = ("JUMP:TRY", "MISSING_CURRENCY:JPY", "NOT_POSITIVE:USD", "JUMP:USD")
    assert judged(bad, accepted=accepted) == ["NOT_POSITIVE 2026-11-23 USD: rate is -1"]


@pytest.mark.parametrize("rate", ["0", "-1.1172"])
def test_a_rate_that_is_not_positive_is_rejected(rate):
    assert f"NOT_POSITIVE 2026-11-23 USD: rate is {rate}" in judged({MONDAY: USUAL | {"USD": rate}})


def test_no_rate_at_all_is_not_positive_either():
    candidate = rates({MONDAY: USUAL}).with_columns(rate=pl.lit(None, FX_RATES["rate"]))
    assert "NOT_POSITIVE 2026-11-23 USD: rate is null" in judged(candidate)


def test_a_rate_nobody_ever_saw_is_rejected():
    assert judged({MONDAY: USUAL | {"VND": "10000000"}}) == []
    found = judged({MONDAY: USUAL | {"VND": "10000000.000000001"}})
    assert found == ["TOO_LARGE 2026-11-23 VND: rate is 10000000.000000001, more than 10000000"]


@pytest.mark.parametrize("currency", ["EUR", "XXX", "ABC", "HRK"])
def test_what_is_no_currency_of_that_day_is_rejected(currency):
    assert [text.split(":")[0] for text in judged({MONDAY: USUAL | {currency: "1.5"}})] == [
        f"UNKNOWN_CURRENCY 2026-11-23 {currency}"
    ]


def test_a_rate_given_twice_is_rejected_even_if_both_agree():
    same = pl.concat([rates({MONDAY: USUAL}), rates({MONDAY: {"USD": "1.1172"}})])
    assert judged(same) == ["DUPLICATE 2026-11-23 USD: given 2 times: 1.1172, 1.1172"]


def test_a_day_without_target_and_a_day_to_come_are_rejected():
    assert judged({SATURDAY: USUAL}, due=SATURDAY)[0] == (
        "NOT_A_TARGET_DAY 2026-11-21: TARGET is closed, the ECB publishes nothing"
    )
    before_midnight_in_frankfurt = datetime(2026, 11, 22, 22, 59, tzinfo=UTC)
    assert judged({MONDAY: USUAL}, at=before_midnight_in_frankfurt) == [
        "FUTURE 2026-11-23: it is 2026-11-22 in Frankfurt"
    ]
    assert judged({MONDAY: USUAL}, at=before_midnight_in_frankfurt + timedelta(minutes=1)) == []


def test_a_stale_file_is_rejected_and_its_age_counted_in_target_days():
    assert judged({THURSDAY: USUAL}, NOTHING) == [
        "STALE 2026-11-19: newest day of the file, 2 TARGET days before 2026-11-23"
    ]


def test_over_easter_the_rates_of_thursday_are_fresh_until_tuesday():
    thursday, tuesday = date(2026, 4, 2), date(2026, 4, 7)
    for due in (date(2026, 4, 3), date(2026, 4, 5), date(2026, 4, 6)):
        assert judged({thursday: USUAL}, NOTHING, due) == []
    assert judged({thursday: USUAL}, NOTHING, tuesday)[0].endswith("1 TARGET day before 2026-04-07")


def test_a_hole_between_the_days_of_a_file_is_rejected():
    assert judged({THURSDAY: USUAL, MONDAY: USUAL}, NOTHING) == [
        "MISSING_DAY 2026-11-23: 1 TARGET day missing between 2026-11-19 and 2026-11-23"
    ]


def test_a_file_without_rates_says_how_old_the_published_ones_are():
    assert judged(pl.DataFrame(schema=dict(RATES))) == [
        "EMPTY 2026-11-23: no rates at all; the newest published day is 2026-11-20, 1 TARGET day before"
    ]
    assert judged(pl.DataFrame(schema=dict(RATES)), NOTHING)[0].endswith("no day is published")
    old = judged(pl.DataFrame(schema=dict(RATES)), due=date(2026, 1, 5))
    assert old == ["EMPTY 2026-01-05: no rates at all; the newest published day is 2026-11-20"]


def test_all_reasons_are_listed_at_once():
    bad = pl.concat([rates({SATURDAY: {"USD": "0", "ABC": "1"}}), rates({SATURDAY: {"TRY": "1", "JPY": "175"}})])
    rules = [text.split()[0] for text in judged(pl.concat([bad, bad.tail(1)]))]
    assert rules == [
        Rule.DUPLICATE, Rule.NOT_POSITIVE, Rule.UNKNOWN_CURRENCY, Rule.JUMP, Rule.NOT_A_TARGET_DAY, Rule.STALE
    ]  # fmt: skip


@pytest.mark.integration  # the ECB's whole history
def test_the_ecbs_own_days_pass_but_those_that_really_jumped():
    history = bundled(date(2009, 1, 2), date(2026, 10, 30)).rates
    found = gate.judge(history, NOTHING, date(2026, 10, 30), NOON)
    assert [(r.rule, r.rate_date, r.currency) for r in found] == [
        (Rule.JUMP, date(2014, 12, 16), "RUB"),
        (Rule.JUMP, date(2021, 12, 21), "TRY"),
        (Rule.JUMP, date(2022, 2, 28), "RUB"),
    ]


@given(st.dates(date(2009, 1, 2), date(2030, 12, 30)), st.integers(0, 20))
def test_the_age_of_a_file_is_what_counting_days_one_by_one_gives(day, days_later):
    due = day + timedelta(days=days_later)
    behind = sum(is_target_day(day + timedelta(days=n)) for n in range(1, days_later + 1))
    found = judged({day: {"USD": "1.1"}}, NOTHING, due, datetime(2031, 1, 1, tzinfo=UTC))
    stale = [text for text in found if text.startswith("STALE")]
    assert bool(stale) == bool(behind)
    assert all(f"{behind} TARGET day" in text for text in stale)
