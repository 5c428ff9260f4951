"""Counters and the latencies of the last minute."""

from datetime import timedelta

import polars as pl
from runner_rig import START
from test_take import block

from streaming.adapters.clock import ManualClock
from streaming.landing import TIMESTAMP
from streaming.runner.meters import LATENCY_WINDOW_S, Meters
from streaming.stages.plan import Block


def aged(*ages_ms: int, status: str = "OK") -> Block:
    plain = block(0, len(ages_ms))
    occurred = pl.Series([START - timedelta(milliseconds=age) for age in ages_ms], dtype=TIMESTAMP)
    return Block.of(plain.rows.with_columns(occurred_at=occurred, status=pl.lit(status)), plain.payloads)


def test_rows_are_counted_by_status():
    meters = Meters(ManualClock(START))
    meters.landed(aged(10, 20))
    meters.landed(aged(10, status="QUARANTINED_NOT_JSON"))
    assert (meters.appends, meters.rows_landed) == (2, 3)
    assert meters.by_status == {"OK": 2, "QUARANTINED_NOT_JSON": 1}


def test_percentiles_are_of_the_age_at_the_acknowledgement():
    meters = Meters(ManualClock(START))
    meters.landed(aged(*range(1, 101)))
    latency = meters.latency_ms()
    assert latency["p50"] in (50, 51)
    assert latency["p95"] in (95, 96)
    assert latency["p99"] in (99, 100)


def test_nothing_landed_has_no_latency():
    assert Meters(ManualClock(START)).latency_ms() == {"p50": None, "p95": None, "p99": None}


def test_what_the_producer_sent_late_says_nothing_about_this_pipeline():
    meters = Meters(ManualClock(START))
    meters.landed(aged(10, 10, 7_200_000))
    assert meters.latency_ms()["p99"] == 10


def test_quarantined_rows_have_no_latency():
    meters = Meters(ManualClock(START))
    meters.landed(aged(10, status="QUARANTINED_BAD_AMOUNT"))
    assert meters.latency_ms()["p50"] is None


def test_only_the_last_minute_counts():
    clock = ManualClock(START)
    meters = Meters(clock)
    meters.landed(aged(500))
    clock.advance(LATENCY_WINDOW_S + 1)
    assert meters.latency_ms()["p50"] is None


def test_a_large_append_counts_its_oldest_rows_as_well_as_its_newest():
    meters = Meters(ManualClock(START))
    meters.landed(aged(*range(1_000, 0, -1)))  # in the order of the log: the oldest first
    latency = meters.latency_ms()
    assert 490 <= latency["p50"] <= 510
    assert 940 <= latency["p95"] <= 960
