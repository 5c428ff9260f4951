"""Figures of the stream from heartbeats, and the verdicts on them."""

from dataclasses import replace

import pytest
from supervised_world import NOW, beat, free, held

from orchestration.supervision import judging, thresholds
from orchestration.supervision.absence import Absence
from orchestration.supervision.metrics import StreamMetrics, aggregate
from orchestration.supervision.model import Counted, MemberFacts


def member(name, pid=7, **facts):
    return MemberFacts(name, True, pid, beat(NOW, **facts), pid)


class TestAggregate:
    def test_counts_are_summed_and_percentiles_are_the_worst(self):
        one = member("member-1", lag=5, latency_ms={"p50": 10.0, "p95": 90.0, "p99": 99.0}, rows_landed=100)
        two = member("member-2", lag=2, latency_ms={"p50": 20.0, "p95": 80.0, "p99": None}, rows_landed=11)
        metrics, _ = aggregate([one, two], 2, {})
        assert (metrics.lag, metrics.rows_landed, metrics.running) == (7, 111, 2)
        assert (metrics.p50_ms, metrics.p95_ms, metrics.p99_ms) == (20.0, 90.0, 99.0)
        assert metrics.members == {"member-1": "running", "member-2": "running"}

    def test_one_unknown_lag_leaves_the_sum_unknown(self):
        metrics, _ = aggregate([member("member-1", lag=5), member("member-2", lag=None)], 2, {})
        assert metrics.lag is None

    def test_a_member_without_a_partition_has_no_lag_to_know(self):
        idle = member("member-2", lag=None, state="starting", partitions=[])
        metrics, _ = aggregate([member("member-1", lag=5), idle], 2, {}, absence=Absence(idle=("member-2",)))
        assert metrics.lag == 5
        assert metrics.warnings == ("member-2 owns no partition: there are more members than partitions",)

    def test_what_a_dead_process_said_last_is_no_figure_of_the_living(self):
        dead = MemberFacts("member-1", False, None, beat(NOW, lag=5, halts=[{"message": "old"}]), 7)
        metrics, _ = aggregate([dead], 1, {})
        expected = {"member-1": "down"}
        assert metrics == StreamMetrics(members=expected, expected=1, landed_lately=100)

    def test_a_heartbeat_of_its_predecessor_is_not_its_own(self):
        metrics, _ = aggregate([held(pid=8, beat_pid=7, lag=5)], 1, {})
        assert (metrics.members, metrics.lag, metrics.rows_landed) == ({"member-1": "starting"}, None, 0)

    def test_a_farewell_is_stopped(self):
        metrics, _ = aggregate([replace(free(), beat=beat(state="stopped"), beat_pid=7)], 0, {})
        assert (metrics.members, metrics.running) == ({"member-1": "stopped"}, 0)

    def test_what_came_since_the_last_report_is_counted_by_process(self):
        statuses = {"OK": 90, "QUARANTINED_NOT_JSON": 9, "QUARANTINED_TOMBSTONE": 1}
        metrics, counted = aggregate([member("member-1", by_status=statuses)], 1, {})
        assert (metrics.landed_lately, metrics.quarantined_lately) == (100, 10)
        assert metrics.quarantined == {"QUARANTINED_NOT_JSON": 9, "QUARANTINED_TOMBSTONE": 1}
        later = member("member-1", rows_landed=130, by_status=statuses | {"OK": 120})
        metrics, _ = aggregate([later], 1, counted)
        assert (metrics.landed_lately, metrics.quarantined_lately) == (30, 0)
        metrics, _ = aggregate([member("member-1", pid=8, rows_landed=3, by_status={"OK": 3})], 1, counted)
        assert (metrics.landed_lately, metrics.quarantined_lately) == (3, 0)
        assert counted == {"member-1": Counted(7, 100, 10)}

    def test_halts_and_warnings_name_their_member(self):
        facts = member("member-2", halts=[{"partition": 3, "message": "partition 3 halted"}], warnings=["no room"])
        metrics, _ = aggregate([facts], 1, {})
        assert (metrics.halts, metrics.warnings) == (("member-2: partition 3 halted",), ("member-2: no room",))


def well(**facts):
    usual = {"members": {"member-1": "running"}, "expected": 1, "lag": 0, "p95_ms": 120.0, "landed_lately": 30_000}
    return StreamMetrics(**(usual | facts))


def verdict(check, metrics, alarms=()):
    (found,) = [v for v in judging.judge(metrics, alarms) if v.check == check]
    return (found.passed, found.severity if not found.passed else None, found.says)


def test_a_stream_that_is_well_passes_every_check_and_each_check_is_described():
    verdicts = judging.judge(well(), ())
    assert all(v.passed for v in verdicts)
    assert [v.check for v in verdicts] == list(judging.CHECKS)


@pytest.mark.parametrize(
    ("check", "facts", "severity", "says"),
    [
        ("latency_p95", {"p95_ms": 300_001.0}, "ERROR", "p95 is 300,001 ms; the limit is 300,000"),
        ("latency_p95", {"p95_ms": 10_001.0}, "WARN", "p95 is 10,001 ms; the limit is 10,000"),
        ("lag", {"lag": 150_001}, "ERROR", "150,001 records wait; the limit is 150,000"),
        ("lag", {"lag": 15_001}, "WARN", "15,001 records wait; the limit is 15,000"),
        ("lag", {"lag": None}, "WARN", "the lag is not known: a member is down or has just started"),
        (
            "lag",
            {"lag": None, "absence": Absence(missing=("member-1", "member-2"))},
            "WARN",
            "the lag is not known: missing: member-1, member-2",
        ),
        ("quarantine_rate", {"quarantined_lately": 1_501}, "ERROR", "1,501 of 30,000 records"),
        ("quarantine_rate", {"quarantined_lately": 301}, "WARN", "301 of 30,000 records"),
        ("progress", {"members": {"member-1": "down"}}, "ERROR", "0 of 1 members run"),
        ("progress", {"halts": ("member-1: halted",)}, "ERROR", "member-1: halted"),
        ("progress", {"warnings": ("member-1: no room",)}, "WARN", "member-1: no room"),
    ],
)
def test_what_is_not_well_fails_one_check_with_its_severity(check, facts, severity, says):
    passed, found, said = verdict(check, well(**facts))
    assert (passed, found) == (False, severity)
    assert said.startswith(says)
    others = [v for v in judging.judge(well(**facts), ()) if v.check != check]
    missing = well(**facts).absence.missing
    assert all(v.passed for v in others if not (missing and v.check == "progress"))


@pytest.mark.parametrize(
    ("lag", "severity", "says"),
    [
        (0, "WARN", "at least 0 records wait: missing: member-2; nobody owns partitions 2, 3"),
        (150_001, "ERROR", "at least 150,001 records wait: missing: member-2; nobody owns partitions 2, 3; the limit"),
    ],
)
def test_the_lag_of_some_partitions_never_passes(lag, severity, says):
    figures = well(lag=lag, absence=Absence(missing=("member-2",), unowned=(2, 3)))
    passed, found, said = verdict("lag", figures)
    assert (passed, found) == (False, severity)
    assert said.startswith(says)
    assert verdict("progress", figures) == (False, "ERROR", "missing: member-2")


@pytest.mark.parametrize(
    ("check", "facts"),
    [
        ("latency_p95", {"p95_ms": float(thresholds.LATENCY_P95_WARN_MS)}),
        ("latency_p95", {"p95_ms": None}),
        ("lag", {"lag": thresholds.LAG_WARN_RECORDS}),
        ("quarantine_rate", {"landed_lately": 99, "quarantined_lately": 99}),
        ("progress", {"expected": None, "members": {}}),
    ],
)
def test_what_is_just_well_or_says_nothing_passes(check, facts):
    assert verdict(check, well(**facts))[0]


def test_an_alarm_fails_progress_with_its_line():
    passed, severity, says = verdict("progress", well(), ["member-1 ended 3 times in a row"])
    assert (passed, severity, says) == (False, "ERROR", "member-1 ended 3 times in a row")
