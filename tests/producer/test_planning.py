from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import blake2b
from itertools import pairwise

import msgspec
import pytest
from contract_reading import broken_rules, parsed, time_of

from sandbox.producer.planning import LATE_US, Mix, Plan
from sandbox.world.merchants import MerchantBook

START = datetime(2026, 11, 23, 23, 59, 58, tzinfo=UTC)  # the run goes over midnight
KEY = "0123456789abcdef0123456789abcdef"
MIX = Mix(bad=0.02, duplicates=0.03, late=0.01)
N = 3_000
RATE = 1_000


@pytest.fixture(scope="module")
def book():
    return MerchantBook.build(7, 1_000)


def planned(book, *, seed=7, run="run", rate=RATE, mix=MIX, count=N):
    plan = Plan(seed=seed, run=run, start=START, rate=rate, mix=mix, mac_key=KEY, book=book)
    return [plan.next() for _ in range(count)]


@pytest.fixture(scope="module")
def records(book):
    return planned(book)


def test_the_same_arguments_give_the_same_records(book, records):
    assert planned(book) == records
    assert planned(book, seed=8, count=50) != records[:50]


def test_records_are_numbered_and_evenly_spaced(records):
    assert [record.intent.n for record in records] == list(range(N))
    assert {b.due_us - a.due_us for a, b in pairwise(records)} == {1_000}


def test_the_mix_is_as_asked_for(records):
    labels = Counter(record.intent.label for record in records)
    assert labels["bad"] / N == pytest.approx(MIX.bad, abs=0.006)
    assert labels["duplicate"] / N == pytest.approx(MIX.duplicates, abs=0.007)
    assert labels["late"] / N == pytest.approx(MIX.late, abs=0.005)
    assert labels.total() == N


@pytest.mark.parametrize("label", ["bad", "late", "duplicate"])
def test_a_share_of_zero_means_none(book, label):
    field = {"bad": "bad", "late": "late", "duplicate": "duplicates"}[label]
    mix = Mix(**{"bad": 0.1, "late": 0.1, "duplicates": 0.1, field: 0.0})
    assert label not in {record.intent.label for record in planned(book, mix=mix, count=500)}


def test_sound_records_are_sound_and_their_intents_exact(records):
    for record in records:
        if record.intent.expect != "OK":
            continue
        stamped = datetime.fromtimestamp(record.due_us / 1e6, UTC) + timedelta(milliseconds=5)
        assert broken_rules(record.payload, stamped) == []
        fields, intent = parsed(record.payload), record.intent
        for name in ("event_id", "transaction_id", "event_type", "sequence", "merchant_id", "currency"):
            assert fields[name] == getattr(intent, name)
        for name in ("card_token", "channel", "country"):
            assert fields[name] == getattr(intent, name)
        assert Decimal(fields["amount"]) == Decimal(intent.amount)
        assert time_of(fields["occurred_at"]) == time_of(intent.occurred_at)
        assert intent.business_date == time_of(fields["occurred_at"]).date().isoformat()
        assert record.key == fields["transaction_id"]


def test_bad_records_break_what_their_intent_says(records):
    for record in records:
        if record.intent.label == "bad":
            stamped = datetime.fromtimestamp(record.due_us / 1e6, UTC)
            assert [record.intent.expect] == [f"QUARANTINED_{rule}" for rule in broken_rules(record.payload, stamped)]


def test_an_intent_never_names_what_was_spoiled(records):
    for record in records:
        intent = record.intent
        if intent.label != "bad":
            continue
        reason = intent.expect.removeprefix("QUARANTINED_")
        if reason in ("TOMBSTONE", "OVERSIZED", "NOT_JSON"):
            assert intent.event_id is None
            assert intent.amount is None
        field = reason.removeprefix("MISSING_").removeprefix("BAD_").removeprefix("PAN_IN_").lower()
        assert getattr(intent, field, None) is None
        assert (intent.business_date is None) == (intent.occurred_at is None)


def test_the_mac_is_of_the_bytes_that_are_sent(records):
    for record in records:
        expected = blake2b(record.payload or b"", digest_size=16, key=KEY.encode()).hexdigest()
        assert record.intent.mac == expected
    assert any(record.payload is None for record in planned_tombstones())


def planned_tombstones():
    return planned(MerchantBook.build(7, 100), mix=Mix(bad=1.0, duplicates=0, late=0), count=1_000)


def test_a_duplicate_repeats_the_bytes_of_an_earlier_record(records):
    duplicates = [record for record in records if record.intent.label == "duplicate"]
    for record in duplicates:
        original = records[record.intent.of]
        assert original.intent.n < record.intent.n <= original.intent.n + 1_100
        assert (original.payload, original.key) == (record.payload, record.key)
        assert msgspec.structs.replace(record.intent, n=0, label="normal", of=None) == msgspec.structs.replace(
            original.intent, n=0, label="normal", of=None
        )
        assert original.intent.label in ("normal", "late")
    assert {record.intent.of is None for record in records if record.intent.label != "duplicate"} == {True}


def test_event_ids_repeat_only_in_duplicates(records):
    minted = [r.intent.event_id for r in records if r.intent.label != "duplicate" and r.intent.event_id]
    assert len(set(minted)) == len(minted)


def test_late_means_an_hour_to_twenty_nine_days(records):
    ages = []
    for record in records:
        age = record.due_us / 1e6 - time_of(record.intent.occurred_at).timestamp() if record.intent.occurred_at else 0
        if record.intent.label == "late":
            ages.append(age)
        elif record.intent.label == "normal":
            assert abs(age) < 1e-3
    assert min(ages) >= LATE_US[0] / 1e6 - 1
    assert max(ages) <= 29 * 86_400 + 1
    assert max(ages) > 20 * 86_400


def test_a_run_over_midnight_has_two_business_dates(records):
    dates = Counter(record.intent.business_date for record in records if record.intent.label == "normal")
    assert dates == {"2026-11-23": dates["2026-11-23"], "2026-11-24": dates["2026-11-24"]}
    assert 1_800 < dates["2026-11-23"] < 2_000


def test_some_payments_are_spelled_otherwise(records):
    texts = [record.payload for record in records if record.intent.label == "normal"]
    local = sum(not parsed(text)["occurred_at"].endswith("Z") for text in texts)
    foreign = sum(b'"terminal"' in text for text in texts)
    assert 0.01 < local / len(texts) < 0.05
    assert 0.003 < foreign / len(texts) < 0.03


@pytest.mark.parametrize(
    ("shares", "says"),
    [({"bad": -0.1}, "bad is a share"), ({"late": 1.5}, "late is a share"), ({"bad": 0.6, "late": 0.6}, "together")],
)
def test_an_impossible_mix_is_refused(shares, says):
    with pytest.raises(ValueError, match=says):
        Mix(**shares)


def test_any_rate_keeps_its_grid(book):
    for rate in (0.5, 3, 333, 7_000):
        due = [record.due_us for record in planned(book, rate=rate, count=20)]
        first = due[0]
        assert all(abs(at - first - n * 1e6 / rate) <= 1 for n, at in enumerate(due))
