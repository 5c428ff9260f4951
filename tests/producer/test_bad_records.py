from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random

import msgspec
import pytest
from contract_reading import REQUIRED, broken_rules, parsed

from sandbox.producer.bad import ALL_KINDS, RULE_KINDS, spoil, spoil_by
from sandbox.producer.bad_json import MALFORMED_KINDS
from sandbox.producer.bad_kind import BadKind, setting
from sandbox.world.events import micros_of
from sandbox.world.lifecycles import Lifecycles
from sandbox.world.merchants import MerchantBook

NOW = datetime(2026, 11, 23, 10, 0, 0, 123_456, tzinfo=UTC)
NOW_US = micros_of(NOW)
STAMPED = NOW + timedelta(milliseconds=20)


@pytest.fixture(scope="module")
def lifecycles():
    return Lifecycles(7, "run", MerchantBook.build(7, 500))


def named(kind):
    maker = getattr(kind.make, "__qualname__", "").split(".")[0].strip("_")
    return f"{kind.reason}-{maker}"


def breaks_only_its_rule(kind, lifecycles, seed):
    bad = spoil_by(kind, Random(seed), lifecycles.stray(NOW_US), NOW_US)
    return broken_rules(bad.payload, STAMPED) == [kind.reason]


@pytest.mark.parametrize("kind", ALL_KINDS, ids=named)
def test_each_kind_breaks_exactly_its_rule(kind, lifecycles):
    for seed in range(20):
        bad = spoil_by(kind, Random(seed), lifecycles.stray(NOW_US), NOW_US)
        assert broken_rules(bad.payload, STAMPED) == [kind.reason], bad.payload[:300] if bad.payload else None


@pytest.mark.parametrize(
    "mutant",
    [
        BadKind("BAD_AMOUNT", "amount", setting("amount", "12")),  # fine in any currency
        BadKind("BAD_CURRENCY", "currency", setting("currency", "EUR")),
        BadKind("BAD_SEQUENCE", "sequence", setting("sequence", 2**63 - 1)),
        BadKind("BAD_EVENT_ID", "event_id", setting("event_id", "4111111111111111")),  # another rule's
        BadKind("PAN_IN_EVENT_ID", "event_id", setting("event_id", "4111111111111112")),  # fails Luhn
        BadKind("BAD_OCCURRED_AT", "occurred_at", setting("occurred_at", "2026-11-23T10:04:00Z")),  # four minutes
    ],
    ids=named,
)
def test_a_kind_that_does_not_break_its_rule_would_be_seen(mutant, lifecycles):
    assert not all(breaks_only_its_rule(mutant, lifecycles, seed) for seed in range(5))


def test_sound_events_break_nothing(lifecycles):
    for _ in range(300):
        assert broken_rules(msgspec.json.encode(lifecycles.stray(NOW_US)), STAMPED) == []


def test_every_reason_of_the_contract_has_a_kind():
    wanted = {"TOMBSTONE", "OVERSIZED", "NOT_JSON", "SCHEMA_VERSION", "BAD_DESCRIPTION"}
    wanted |= {f"{rule}_{field.upper()}" for rule in ("MISSING", "BAD") for field in REQUIRED}
    wanted |= {f"PAN_IN_{field}" for field in ("EVENT_ID", "TRANSACTION_ID", "MERCHANT_ID", "CARD_TOKEN")}
    assert {kind.reason for kind in ALL_KINDS} == wanted


def test_the_spoiled_field_is_named_and_the_others_are_untouched(lifecycles):
    for kind in RULE_KINDS:
        if kind.spoiled is None or kind.reason == "SCHEMA_VERSION":
            continue
        event = lifecycles.stray(NOW_US)
        before = msgspec.to_builtins(event)
        fields = parsed(spoil_by(kind, Random(1), event, NOW_US).payload)
        changed = {name for name in before | fields if before.get(name) != fields.get(name)}
        assert changed == {kind.spoiled}
        assert msgspec.to_builtins(event) == before


def test_one_in_twenty_is_malformed_and_huge_ones_are_rare(lifecycles):
    rng = Random(5)
    reasons = Counter(spoil(rng, lifecycles.stray(NOW_US), NOW_US).reason for _ in range(4_000))
    assert 0.035 < reasons["NOT_JSON"] / 4_000 < 0.065
    assert 0 < reasons["OVERSIZED"] < 0.3 * reasons["BAD_AMOUNT"]
    assert 0 < reasons["TOMBSTONE"] < 0.3 * reasons["BAD_AMOUNT"]
    assert len(reasons) == len({kind.reason for kind in ALL_KINDS})


def test_nothing_exceeds_what_a_broker_takes(lifecycles):
    for kind in ALL_KINDS:
        for seed in range(10):
            payload = spoil_by(kind, Random(seed), lifecycles.stray(NOW_US), NOW_US).payload
            assert payload is None or len(payload) < 100_000


def test_malformed_json_comes_in_many_ways(lifecycles):
    payloads = {spoil_by(k, Random(1), lifecycles.stray(NOW_US), NOW_US).payload[-30:] for k in MALFORMED_KINDS}
    assert len(payloads) == len(MALFORMED_KINDS) == 10
