import re
from collections import Counter, defaultdict
from decimal import Decimal
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.world.currencies import PER_EUR, WITHOUT_RATE, minor_digits
from sandbox.world.events import EPOCH, Instants, micros_of
from sandbox.world.ids import Minter, card_token
from sandbox.world.lifecycles import Lifecycles
from sandbox.world.merchants import MerchantBook
from sandbox.world.prices import draw_part, draw_price
from sandbox.world.published_cards import NUMBERS, spelled
from sandbox.world.trades import CASH_CATEGORY, TRADES

START_US = 1_795_000_000_000_000
RATE = 500


@pytest.fixture(scope="module")
def book():
    return MerchantBook.build(7, 2_000)


def half_a_minute(book, seed=7, run="run-a"):
    lifecycles = Lifecycles(seed, run, book)
    return [lifecycles.next(n / RATE, START_US + n * 1_000_000 // RATE) for n in range(30 * RATE)]


@pytest.fixture(scope="module")
def events(book):
    return half_a_minute(book)


@pytest.fixture(scope="module")
def transactions(events):
    grouped = defaultdict(list)
    for event in events:
        grouped[event.transaction_id].append(event)
    return grouped


def test_the_same_seed_and_run_give_the_same_events(book, events):
    assert half_a_minute(book) == events


def test_another_run_has_the_same_payments_under_other_ids(book, events):
    other = half_a_minute(book, run="run-b")
    assert not {event.event_id for event in events} & {event.event_id for event in other}
    assert [(e.event_type, e.amount, e.merchant_id) for e in other] == [
        (e.event_type, e.amount, e.merchant_id) for e in events
    ]


def test_half_a_minute_shows_every_type(events):
    types = Counter(event.event_type for event in events)
    assert set(types) == {"authorization", "capture", "refund", "reversal", "chargeback"}
    assert types["authorization"] > types["capture"] > types["refund"] > types["chargeback"] >= 5


def test_event_ids_are_unique(events):
    assert len({event.event_id for event in events}) == len(events)


def test_a_transaction_counts_its_events_and_keeps_its_facts(transactions):
    for members in transactions.values():
        assert [event.sequence for event in members] == list(range(len(members)))
        assert members[0].event_type == "authorization"
        facts = {(e.merchant_id, e.currency, e.card_token, e.channel, e.country) for e in members}
        assert len(facts) == 1


def test_never_captures_more_than_authorized_nor_returns_more_than_captured(transactions):
    partial = 0
    for members in transactions.values():
        total = defaultdict(Decimal)
        for event in members:
            total[event.event_type] += Decimal(event.amount)
            assert total["capture"] <= total["authorization"]
            assert total["refund"] + total["chargeback"] <= total["capture"]
        if total["reversal"]:
            assert total["reversal"] == total["authorization"]
            assert not total["capture"]
        partial += 0 < total["refund"] < total["capture"]
    assert partial > 20


def test_amounts_have_exactly_the_digits_of_their_minor_unit(events):
    for event in events:
        digits = minor_digits(event.currency)
        pattern = rf"\d{{1,18}}\.\d{{{digits}}}" if digits else r"\d{1,18}"
        assert re.fullmatch(pattern, event.amount), event.amount
    assert len({event.currency for event in events}) > 25
    assert {minor_digits(event.currency) for event in events} == {0, 2, 3}


def test_no_id_holds_a_run_of_digits_that_could_be_a_card(events):
    for event in events:
        for text in (event.event_id, event.transaction_id, event.merchant_id, event.card_token):
            assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", text)
            assert max(map(len, re.findall(r"\d+", re.sub(r"[_-]", "", text))), default=0) <= 9, text


@given(st.text(max_size=20), st.integers(0, 2**40 - 1))
def test_no_draw_of_an_id_can_look_like_a_card(run, number):
    minter = Minter(run)
    for text in (minter.event_id(number), minter.transaction_id(number), card_token(7, number)):
        assert max(map(len, re.findall(r"\d+", text)), default=0) <= 8


def test_plain_base32_would_have_looked_like_a_card():
    """Why there is a letter in the middle: the alphabet has six digits, so an id of 16 can be all digits."""
    assert re.fullmatch(r"[A-Z2-7]{16}", "4222222222222222")


def test_ids_of_a_run_do_not_repeat():
    minter = Minter("run")
    assert len({minter.event_id(n) for n in range(20_000)}) == 20_000


def test_a_few_payments_at_unknown_merchants_and_without_a_rate(book):
    lifecycles = Lifecycles(3, "run", book)
    events = [lifecycles.stray(START_US) for _ in range(20_000)]
    known = set(book.ids)
    unknown = sum(event.merchant_id not in known for event in events)
    without = sum(event.currency == WITHOUT_RATE for event in events)
    assert 5 <= unknown <= 45
    assert 5 <= without <= 45


def test_a_fifth_is_described_and_some_descriptions_hold_a_published_number(events):
    described = [event.description for event in events if event.description is not None]
    assert 0.17 < len(described) / len(events) < 0.23
    careless = [text for text in described if re.sub(r"\D", "", text) in NUMBERS]
    assert 0.005 < len(careless) / len(described) < 0.05
    others = [text for text in described if text not in careless]
    assert all(len(re.sub(r"\D", "", text)) < 13 for text in others)


def test_published_numbers_pass_luhn_in_every_spelling():
    for number in NUMBERS:
        doubled = [int(d) * (2 if at % 2 else 1) for at, d in enumerate(reversed(number))]
        assert sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0
        assert {spelled(Random(n), number).replace(" ", "").replace("-", "") for n in range(9)} == {number}


def test_without_a_description_the_field_is_left_out(events):
    plain = next(event for event in events if event.description is None)
    fields = msgspec.json.decode(msgspec.json.encode(plain))
    assert list(fields) == [
        *("schema_version", "event_id", "transaction_id", "event_type", "sequence", "merchant_id", "amount"),
        *("currency", "occurred_at", "card_token", "channel", "country"),
    ]


@given(st.sampled_from(TRADES), st.sampled_from(sorted(PER_EUR)), st.integers(0, 10**6))
def test_prices_and_parts_are_whole_minor_units_within_bounds(trade, currency, seed):
    rng = Random(seed)
    price = draw_price(rng, trade, currency)
    assert isinstance(price, int)
    assert 0 < price < 10**18
    assert 0 < draw_part(rng, price, currency) <= price
    if trade.category == CASH_CATEGORY:
        assert price % 10 ** minor_digits(currency) == 0


def test_prices_often_end_like_prices():
    rng, grocery = Random(1), TRADES[0]
    endings = Counter(draw_price(rng, grocery, "EUR") % 100 for _ in range(2_000))
    assert endings[99] > 500
    assert endings[0] > 250


@given(st.integers(0, 4 * 10**15))
def test_instants_are_exact_to_the_microsecond(micros):
    from datetime import datetime, timedelta

    at = EPOCH + timedelta(microseconds=micros)
    text = Instants().text(micros)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", text)
    assert datetime.fromisoformat(text) == at
    assert micros_of(at) == micros
