"""What the query for candidates leaves out never changes; and what a revision leaves alone is not asked for."""

from datetime import UTC, date, datetime, time

import pytest
from candidate_world import Payment, World, dimension
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.payments import candidates

pytestmark = pytest.mark.integration  # a database in memory, not pure

MONDAY = date(2026, 11, 23)
FRIDAY, THURSDAY = date(2026, 11, 20), date(2026, 11, 19)
DAYS = (FRIDAY, date(2026, 11, 21), MONDAY, date(2026, 11, 24), date(2027, 3, 30))  # the last one: after Easter
PUBLISHED = (
    *(date(2026, 11, day) for day in (11, 12, 13, 16, 17, 18, 19, 20, 23, 24, 25)),
    *(date(2027, 3, day) for day in (22, 25, 30)),
)
SHOPS = dimension(("m1", "low", None, None))
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)

rates = st.dictionaries(
    st.sampled_from(["USD", "JPY", "GBP"]), st.sampled_from(["1.1", "1.2", "0.000000001"]), min_size=1
)
times = st.builds(time, st.integers(0, 23), st.sampled_from([0, 30, 59]), st.sampled_from([0, 59]))
payments = st.builds(
    Payment,
    merchant=st.sampled_from(["m1", "m2"]),
    currency=st.sampled_from(["EUR", "USD", "JPY", "GBP"]),
    at=times,
    amount=st.sampled_from(["1", "999999999999999999"]),
    by=st.integers(0, 1),
    reporting=st.sampled_from(["EUR", "EUR", "USD"]),
)
merchants = st.sampled_from(
    [
        SHOPS,
        dimension(("m1", "high", None, None), ("m2", "low", None, None)),
        dimension(("m1", "low", None, NOON), ("m1", "high", NOON, None)),
    ]
)


@st.composite
def worlds(draw):
    snapshots = draw(st.dictionaries(st.sampled_from(PUBLISHED), st.lists(rates, min_size=1, max_size=3), max_size=6))
    return World(
        day=draw(st.sampled_from(DAYS)),
        snapshots=snapshots,
        known={day: draw(st.integers(0, len(revisions))) for day, revisions in snapshots.items()},
        merchants=(draw(merchants), draw(merchants)),
        payments=draw(st.lists(payments, min_size=1, max_size=5)),
        reporting=draw(st.sampled_from(["EUR", "EUR", "USD"])),
    )


@settings(max_examples=40)
@given(worlds())
def test_every_row_that_changes_is_a_candidate(world):
    assert world.changing() <= world.asked()


def world(*made: Payment, snapshots, known, shops=(SHOPS, SHOPS), **more) -> World:
    return World(MONDAY, snapshots, known, shops, made, **more)


MORNING, EVENING = time(9), time(17)
EACH = [Payment("m1", currency, MORNING) for currency in ("EUR", "USD", "JPY")]
QUOTED = {"USD": "1.1", "JPY": "170"}


def test_a_revision_asks_only_for_the_currencies_it_changes():
    revised = world(*EACH, snapshots={FRIDAY: [QUOTED, QUOTED | {"USD": "1.2"}]}, known={FRIDAY: 1})
    assert revised.changing() == revised.asked() == {1}


def test_a_revision_of_a_snapshot_that_no_longer_applies_asks_for_nothing():
    revised = world(
        *EACH, snapshots={THURSDAY: [QUOTED, {"USD": "9"}], FRIDAY: [QUOTED]}, known={THURSDAY: 1, FRIDAY: 1}
    )
    assert revised.asked() == set()


def test_provisional_rows_wait_until_their_snapshot_is_there():
    late = Payment("m1", "USD", EVENING)
    waiting = world(*EACH, late, snapshots={FRIDAY: [QUOTED]}, known={FRIDAY: 1})
    assert waiting.asked() == set()
    there = world(*EACH, late, snapshots={FRIDAY: [QUOTED], MONDAY: [QUOTED]}, known={FRIDAY: 1, MONDAY: 0})
    assert there.changing() == there.asked() == {3}


def test_a_currency_that_comes_or_goes_is_asked_for():
    comes = world(*EACH, snapshots={FRIDAY: [{"USD": "1.1"}, QUOTED]}, known={FRIDAY: 1})
    assert comes.changing() == comes.asked() == {2}
    goes = world(*EACH, snapshots={FRIDAY: [QUOTED, {"USD": "1.1"}]}, known={FRIDAY: 1})
    assert goes.changing() == goes.asked() == {2}


def test_a_late_merchant_and_a_new_attribute_are_asked_for():
    shops = (SHOPS, dimension(("m1", "low", None, None), ("m2", "low", None, None)))
    made = [Payment("m2", "EUR", MORNING), Payment("m1", "EUR", MORNING)]
    assert world(*made, snapshots={FRIDAY: [QUOTED]}, known={FRIDAY: 1}, shops=shops).asked() == {0}


def test_another_reporting_currency_asks_for_every_row():
    dollars = world(*EACH, snapshots={FRIDAY: [QUOTED]}, known={FRIDAY: 1}, reporting="USD")
    assert dollars.changing() == dollars.asked() == {0, 1, 2}


MUTANTS = {
    "any newer revision": (
        "newest.fx_rate_from IS DISTINCT FROM quotes.rate_from",
        "newest.fx_revision < (SELECT MAX(revision) FROM snapshots)",
        test_a_revision_asks_only_for_the_currencies_it_changes,
    ),
    "the date of the rates does not matter": (
        "newest.fx_rate_date IS DISTINCT FROM quotes.rate_date",
        "FALSE",
        test_provisional_rows_wait_until_their_snapshot_is_there,
    ),
    "a rate that is gone": (
        "LEFT JOIN quotes",
        "JOIN quotes",
        test_a_currency_that_comes_or_goes_is_asked_for,
    ),
    "only new merchants": (
        "newest.merchant_version IS DISTINCT FROM merchant.merchant_version",
        "newest.merchant_version IS NULL AND merchant.merchant_version IS NULL",
        test_a_late_merchant_and_a_new_attribute_are_asked_for,
    ),
    "the reporting currency stays": (
        "newest.reporting_currency IS DISTINCT FROM '{reporting}'",
        "FALSE",
        test_another_reporting_currency_asks_for_every_row,
    ),
    "the first revision": (
        "MAX(revision)",
        "MIN(revision)",
        test_a_revision_asks_only_for_the_currencies_it_changes,
    ),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_test_sees_each_mutant(mutant, monkeypatch):
    right, wrong, killer = MUTANTS[mutant]
    assert right in candidates._CANDIDATES
    monkeypatch.setattr(candidates, "_CANDIDATES", candidates._CANDIDATES.replace(right, wrong))
    with pytest.raises(AssertionError):
        killer()
