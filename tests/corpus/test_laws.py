"""Laws of the whole walk over spoiled and good records: parts make the whole, order and repetition change nothing.

And money against exact fractions with the rate found by trying every day, through the walk as it is.
"""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import polars as pl
import pytest
from corpus_world import NOW, POLICY, REFERENCE, SOURCE, window
from hypothesis import given, settings
from hypothesis import strategies as st
from mutations import GOOD, windows
from tempting import Way, fast, slowly

from audit.calendar import applies_from, is_target_day
from streaming.landing import FX_RATES
from streaming.reference.currencies import MINOR_UNITS
from streaming.reference.tables import Reference
from streaming.stages import convert_amount as stage
from streaming.stages.evidence import scrub
from streaming.walk import Enriched, enrich

FEW = settings(max_examples=4)


def parts_make_the_whole(way: Way, frame: pl.DataFrame, cut: int) -> bool:
    """enrich(A + B) = enrich(A) + enrich(B)."""
    whole, first, second = way(frame), way(frame[:cut]), way(frame[cut:])
    same_rows = whole.rows.equals(pl.concat([first.rows, second.rows]))
    same_payloads = whole.payloads.to_list() == first.payloads.to_list() + second.payloads.to_list()
    return same_rows and same_payloads and whole.unknown_fields == first.unknown_fields + second.unknown_fields


def order_changes_nothing(way: Way, frame: pl.DataFrame, order: list[int]) -> bool:
    """Each record's row is the same wherever it stands."""
    return way(frame[order]).rows.equals(way(frame).rows[order])


def repetition_changes_nothing(way: Way, frame: pl.DataFrame) -> bool:
    """Once, again, and the window twice in one: a record delivered twice gets its row twice, at its coordinates."""
    once = way(frame).rows
    return way(frame).rows.equals(once) and way(pl.concat([frame, frame])).rows.equals(pl.concat([once, once]))


@st.composite
def cut_windows(draw: st.DrawFn) -> tuple[pl.DataFrame, int, list[int]]:
    frame = timed(draw(windows(least=6)))
    return frame, draw(st.integers(0, frame.height)), list(draw(st.permutations(range(frame.height))))


def timed(payloads: list[bytes | None]) -> pl.DataFrame:
    """Each record stamped an hour after the one before: so that no other record's stamp passes for its own."""
    stamps = [NOW + timedelta(hours=n) for n in range(len(payloads))]
    return window(payloads).with_columns(broker_timestamp=pl.Series(stamps, dtype=pl.Datetime("us", "UTC")))


@FEW
@given(cut_windows())
def test_parts_order_repetition(drawn: tuple[pl.DataFrame, int, list[int]]) -> None:
    frame, cut, order = drawn
    assert parts_make_the_whole(fast, frame, cut)
    assert order_changes_nothing(fast, frame, order)
    assert repetition_changes_nothing(fast, frame)


# --- mutants --------------------------------------------------------------------------------------------------


def by_the_window_s_clock(frame: pl.DataFrame) -> Enriched:
    return fast(frame.with_columns(pl.col("broker_timestamp").max()))


def sorted_by_status(frame: pl.DataFrame) -> Enriched:
    whole = fast(frame)
    return Enriched(whole.rows.sort("status", "payload_mac"), whole.payloads, whole.unknown_fields)


def without_repeated_events(frame: pl.DataFrame) -> Enriched:
    whole = fast(frame)
    again = whole.rows["payload_mac"].is_first_distinct()
    status = whole.rows["status"].zip_with(again, pl.Series(["QUARANTINED_DUPLICATE"]))
    return Enriched(whole.rows.with_columns(status), whole.payloads, whole.unknown_fields)


def remembering(seen: set[str]) -> Way:
    def way(frame: pl.DataFrame) -> Enriched:
        whole = fast(frame)
        known = whole.rows["payload_mac"].is_in(list(seen))
        seen.update(whole.rows["payload_mac"])
        detail = pl.Series(["seen"]).zip_with(known, whole.rows["status_detail"]) if known.any() else None
        return whole if detail is None else Enriched(whole.rows.with_columns(detail), whole.payloads)

    return way


def counts_keys_once(frame: pl.DataFrame) -> Enriched:
    whole = fast(frame)
    return Enriched(whole.rows, whole.payloads, min(1, whole.unknown_fields))


def breaks_a_law(way: Way) -> bool:
    payloads: list[bytes | None] = [*GOOD[:12], b"{", None, *GOOD[12:20]]
    payloads[::5] = [b'{"own":1,' + (one or b"")[1:] for one in payloads[::5]]
    frame, middle = timed(payloads), len(payloads) // 2
    backwards = list(range(len(payloads)))[::-1]
    return not (
        parts_make_the_whole(way, frame, middle)
        and order_changes_nothing(way, frame, backwards)
        and repetition_changes_nothing(way, frame)
    )


def test_walks_that_look_at_more_than_the_record_break_a_law() -> None:
    assert not breaks_a_law(fast)
    assert not breaks_a_law(slowly)
    for mutant in (by_the_window_s_clock, sorted_by_status, without_repeated_events, counts_keys_once):
        assert breaks_a_law(mutant), mutant.__name__
    assert breaks_a_law(remembering(set()))


# --- scrubbing ------------------------------------------------------------------------------------------------


@FEW
@given(windows(least=10))
def test_scrubbing_twice_is_scrubbing_once(payloads: list[bytes | None]) -> None:
    for payload in payloads:
        once = scrub(payload)
        assert once is None or scrub(once.encode()) == once


# --- money ----------------------------------------------------------------------------------------------------

CURRENCIES = ("EUR", "USD", "JPY", "BHD", "CLF")
FIRST = date(2026, 3, 16)
"""Two weeks with both a change of the clocks and, at their end, Good Friday and Easter Monday."""
DAYS = 25


@st.composite
def published(draw: st.DrawFn) -> dict[date, dict[str, Decimal]]:
    """Snapshots of some days, each of some currencies."""
    days = [FIRST + timedelta(days=n) for n in range(DAYS) if is_target_day(FIRST + timedelta(days=n))]
    rate = st.decimals(Decimal("0.01"), Decimal("2000"), places=9, allow_nan=False)
    known = draw(st.sets(st.sampled_from(days), min_size=1, max_size=6))
    return {day: draw(st.dictionaries(st.sampled_from(CURRENCIES[1:]), rate, min_size=1)) for day in sorted(known)}


def reference(rates: dict[date, dict[str, Decimal]]) -> Reference:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    rows = [(day, code, rate, 1, at, at, "test") for day, of_day in rates.items() for code, rate in of_day.items()]
    fx = pl.DataFrame(rows, schema=FX_RATES, orient="row")
    return Reference.build(REFERENCE.merchants, fx, "m", "f")


def expected(
    rates: dict[date, dict[str, Decimal]], at: datetime, amount: Decimal, currency: str, to: str
) -> tuple[str, date | None, Decimal | None]:
    """Status, day and result by the contract's words, every day tried in turn."""
    places = MINOR_UNITS[to]
    if currency == to:
        return "FINAL", None, amount
    day = at.date()
    while not (is_target_day(day) and applies_from(day) <= at):
        day -= timedelta(days=1)
    used, age = day, 0
    while used not in rates:
        used -= timedelta(days=1)
        age += is_target_day(used)
        if age > 5:
            return "UNSUPPORTED", None, None
    units = rates[used] | {"EUR": Decimal(1)}
    if currency not in units or to not in units:
        return "UNSUPPORTED", None, None
    exact = Fraction(amount) * Fraction(units[to]) / Fraction(units[currency])
    rounded = Decimal(f"{round(exact * 10**places)}e-{places}")
    return "FINAL" if used == day else "PROVISIONAL", used, rounded


MINUTES = st.integers(0, DAYS * 24 * 60)
PAYMENTS = st.lists(st.tuples(MINUTES, st.integers(0, 10**12), st.sampled_from(CURRENCIES)), min_size=1, max_size=12)


def paid(rates: dict[date, dict[str, Decimal]], payments: list[tuple[int, int, str]], to: str) -> list[tuple[Any, Any]]:
    """What each payment's row says, and what it should; all are refunds."""
    cases = [
        (datetime(2026, 3, 16, tzinfo=UTC) + timedelta(minutes=minute), exactly(minor, currency), currency)
        for minute, minor, currency in payments
    ]
    payloads: list[bytes | None] = [refund(*case) for case in cases]
    policy = replace(POLICY, reporting_currency=to, max_past=timedelta(days=400))
    rows = enrich(window(payloads), SOURCE, reference(rates), policy).rows
    assert rows["status"].unique().to_list() == ["OK"]
    said = rows.select("fx_status", "fx_rate_date", "reporting_amount", "signed_reporting_amount", "signed_amount")
    found = (expected(rates, *case, to) for case in cases)
    should = [
        (status, day, result, None if result is None else -result, -amount)
        for (status, day, result), (_, amount, _) in zip(found, cases, strict=True)
    ]
    return list(zip(said.rows(), should, strict=True))


def exactly(minor: int, currency: str) -> Decimal:
    return Decimal(f"{minor}e-{MINOR_UNITS[currency]}")


def refund(at: datetime, amount: Decimal, currency: str) -> bytes:
    changed = {"amount": f"{amount:f}", "currency": currency, "occurred_at": at.isoformat(), "event_type": "refund"}
    return json.dumps(json.loads(GOOD[0]) | changed).encode()


@settings(max_examples=8)
@given(published(), PAYMENTS, st.sampled_from(CURRENCIES))
def test_money_is_exact_with_the_rate_that_trying_every_day_finds(
    rates: dict[date, dict[str, Decimal]], payments: list[tuple[int, int, str]], to: str
) -> None:
    for said, should in paid(rates, payments, to):
        assert said == should


def midnight(day: date) -> datetime | None:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) if is_target_day(day) else None


WRONG: dict[str, tuple[Any, str, Any]] = {
    "a stand-in of any age": (stage, "MAX_PROVISIONAL_TARGET_DAYS", 60),
    "rates from midnight on": (stage.calendar, "publication", midnight),
    "a refund that adds": (stage, "_signed", stage._numeric),
    "the stand-in is final": (stage.contract, "FX_PROVISIONAL", "FINAL"),
}


@pytest.mark.parametrize("name", WRONG)
def test_rates_that_are_almost_right_are_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rates = {FIRST: {"USD": Decimal("1.1")}, FIRST + timedelta(days=1): {"USD": Decimal("1.3")}}
    payments = [(n * 8 * 60, 10_000, "USD") for n in range(3 * DAYS)]
    assert all(said == should for said, should in paid(rates, payments, "EUR"))
    monkeypatch.setattr(*WRONG[name])
    assert any(said != should for said, should in paid(rates, payments, "EUR"))
