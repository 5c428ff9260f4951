"""The policy comes from the settings, keeps its key to itself, and the walk agrees with the sandbox's generator."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest
from stage_samples import BROKER, REFERENCE, SOURCE, payload, window

from sandbox.producer.planning import Mix, Plan
from sandbox.world.merchants import MerchantBook
from streaming.landing import WINDOW
from streaming.settings import Settings, SettingsError
from streaming.walk import Policy, enrich

KEY = "0123456789abcdef0123456789abcdef"


def test_settings_become_a_policy() -> None:
    environment = {
        "TIDEMARK_MAC_KEY": KEY,
        "TIDEMARK_PAN_IN_IDS": "allow",
        "TIDEMARK_MAX_PAST_DAYS": "2",
        "TIDEMARK_MAX_FUTURE_MINUTES": "1",
        "TIDEMARK_REPORTING_CURRENCY": "USD",
    }
    policy = Policy.of(Settings.from_environment(environment))
    assert policy == Policy(KEY.encode(), "USD", 65_536, timedelta(minutes=1), timedelta(days=2), False)
    assert KEY not in repr(policy)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MAC_KEY", ""),
        ("MAC_KEY", "short"),
        ("MAC_KEY", "x" * 65),
        ("REPORTING_CURRENCY", "XXX"),
        ("REPORTING_CURRENCY", "BGN"),
    ],
)
def test_settings_that_cannot_be_used_are_named(name: str, value: str) -> None:
    environment = {"TIDEMARK_MAC_KEY": KEY, f"TIDEMARK_{name}": value}
    with pytest.raises(SettingsError, match=f"TIDEMARK_{name}"):
        Policy.of(Settings.from_environment(environment))


@pytest.mark.parametrize(
    "broker", [datetime(1969, 12, 31, 23, 59, 59, 999_000, UTC), datetime(2299, 12, 31, tzinfo=UTC)]
)
def test_a_broker_s_odd_clock_stops_nothing(broker: datetime) -> None:
    at = (broker - timedelta(seconds=1)).isoformat()
    enriched = enrich(
        window([payload(), payload(occurred_at=at), None], broker=broker), SOURCE, REFERENCE, Policy(b"k" * 16)
    )
    assert enriched.internal == ()
    assert enriched.rows["status"].to_list() == ["QUARANTINED_BAD_OCCURRED_AT", "OK", "QUARANTINED_TOMBSTONE"]


def test_statuses_are_those_that_the_generator_expects() -> None:
    """The sandbox knows from how it made a record what must become of it, and shares no code with the stages."""
    plan = Plan(
        seed=11, run="r", start=BROKER, rate=1_000, mix=Mix(bad=0.6, duplicates=0.01, late=0.1), mac_key=KEY,
        book=MerchantBook.build(11, 200),
    )  # fmt: skip
    planned = [plan.next() for _ in range(1_500)]
    frame = pl.DataFrame(
        {
            "kafka_partition": [0] * len(planned),
            "kafka_offset": list(range(len(planned))),
            "broker_timestamp": [BROKER + timedelta(milliseconds=n + 5) for n in range(len(planned))],
            "payload": [one.payload for one in planned],
        },
        schema=WINDOW,
    )
    enriched = enrich(frame, SOURCE, REFERENCE, Policy(KEY.encode()))
    assert enriched.rows["status"].to_list() == [one.intent.expect for one in planned]
    assert enriched.rows["payload_mac"].to_list() == [one.intent.mac for one in planned]
    for row, one in zip(enriched.rows.iter_rows(named=True), planned, strict=True):
        if one.intent.expect == "OK":
            assert (row["event_id"], row["currency"]) == (one.intent.event_id, one.intent.currency)
            assert row["amount"] == Decimal(one.intent.amount or "")
            assert str(row["business_date"]) == one.intent.business_date
