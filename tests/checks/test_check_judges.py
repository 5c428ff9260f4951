"""The judges on rows by hand: where the line is, how grave it is, and what they say."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from assets.checks import (
    completeness,
    control_totals,
    duplicates,
    enrichment,
    fx_freshness,
    gaps,
    merchant_history,
    quarantine,
)
from assets.checks.thresholds import THRESHOLDS, Thresholds
from assets.checks.verdict import closed_days, open_days, plain, within

NOW = datetime(2026, 11, 25, 0, 50, tzinfo=UTC)
DAY = date(2026, 11, 24)


def test_days_are_counted_from_today_in_utc():
    assert open_days(NOW) == (date(2026, 11, 24), date(2026, 11, 25))
    assert closed_days(NOW) == (date(2026, 11, 22), date(2026, 11, 23), date(2026, 11, 24))


def test_a_filter_of_no_days_is_refused():
    with pytest.raises(ValueError, match="at least one day"):
        within(())


def test_only_a_name_is_quoted():
    for name in ("dG9waWMtaWQ_x.y", "d8eJhtgPQ3i+Lo3n/4ny9g=="):  # both alphabets of base64
        assert plain(name) == f"'{name}'"
    for bad in ("a'b", "", "a b", "a\\", "a\n"):
        with pytest.raises(ValueError, match="topic id"):
            plain(bad)


def partition(number, lowest, highest, landed):
    return {"kafka_topic_id": "t", "kafka_partition": number, "lowest": lowest, "highest": highest, "landed": landed}


def late(number, count):
    return {"kafka_topic_id": "t", "kafka_partition": number, "late": count}


def found(rows, late):
    return completeness.judge(completeness.with_late(rows, late), THRESHOLDS)


class TestCompleteness:
    def test_an_empty_landing_misses_nothing(self):
        assert completeness.judge([], THRESHOLDS).passed
        assert completeness.judge_open([], THRESHOLDS).passed
        assert completeness.late_statement("p.d", [DAY], [], 30) is None

    def test_one_missing_offset_is_an_error_with_its_range(self):
        verdict = completeness.judge([partition(0, 0, 9, 10), partition(3, 5, 14, 9)], THRESHOLDS)
        assert (verdict.passed, verdict.severity) == (False, "ERROR")
        assert verdict.line == "records missing, partition 3: 1 of offsets 5 to 14"
        assert verdict.facts["missing"] == 1

    def test_late_records_account_for_their_own_partition_only(self):
        rows = [partition(0, 0, 9, 9), partition(1, 0, 9, 9)]
        assert not found(rows, [late(0, 2)]).passed
        assert found(rows, [late(0, 1), late(1, 1)]).passed

    @pytest.mark.parametrize(("back", "first"), [(30, "2026-10-25"), (3, "2026-11-21")])
    def test_the_second_question_names_the_partitions_that_miss_something(self, back, first):
        rows = [partition(0, 0, 9, 10), partition(3, 5, 14, 9)]
        sql = completeness.late_statement("p.d", [DAY, date(2026, 11, 25)], rows, back)
        assert "kafka_partition = 3 AND kafka_offset BETWEEN 5 AND 14" in sql
        assert "kafka_partition = 0" not in sql
        assert f"BETWEEN DATE '{first}' AND DATE '2026-11-23'" in sql

    @pytest.mark.parametrize(
        ("offsets", "without", "passed"),
        [(100, 10, True), (100, 11, False), (10_000, 20, True), (10_000, 21, False)],
    )
    def test_few_offsets_without_a_row_are_told_apart_daily(self, offsets, without, passed):
        verdict = completeness.judge_open([partition(4, 0, offsets - 1, offsets - without)], THRESHOLDS)
        assert (verdict.passed, verdict.severity, verdict.facts["late_or_missing"]) == (passed, "ERROR", without)
        assert verdict.facts["share"] == without / offsets

    def test_an_hour_says_that_it_cannot_tell_late_from_missing(self):
        some, many = partition(4, 0, 999, 998), partition(4, 0, 999, 900)
        assert completeness.judge_open([some], THRESHOLDS).line == (
            "1,000 records on 1 partitions, late or missing: 2, told apart daily"
        )
        assert completeness.judge_open([many], THRESHOLDS).line == (
            "100 of 1,000 records late or missing, partition 4: 100 of offsets 0 to 999"
        )

    def test_offsets_at_which_nothing_is_delivered_are_no_records(self):
        rows = completeness.with_late([partition(0, 0, 9, 7), partition(1, 0, 9, 10)], [late(0, 1)])
        verdict = completeness.judge(completeness.with_delivered(rows, {("t", 0): 0}), THRESHOLDS)
        assert verdict.passed
        assert verdict.line == "18 records on 2 partitions, none missing; 2 offsets hold no record"
        assert (verdict.facts["expected"], verdict.facts["without_record"]) == (18, 2)
        assert completeness.judge_open(completeness.with_delivered(rows, {}), THRESHOLDS).facts["late_or_missing"] == 0

    def test_a_record_that_is_delivered_there_is_missing(self):
        rows = completeness.with_delivered([partition(0, 0, 9, 7)], {("t", 0): 1})
        verdict = completeness.judge(rows, THRESHOLDS)
        assert (verdict.passed, verdict.facts["missing"]) == (False, 1)
        assert verdict.line == "records missing, partition 0: 1 of offsets 0 to 9; 2 offsets hold no record"

    def test_gaps_are_sorted_by_partition(self):
        gap = {"kafka_topic_id": "t", "kafka_partition": 1, "lowest": 7, "highest": 8}
        rows = [gap, gap | {"kafka_partition": 0}, gap | {"lowest": 2, "highest": 2}]
        assert gaps.by_lane(rows) == {("t", 0): [(7, 8)], ("t", 1): [(2, 2), (7, 8)]}


def test_duplicates_are_named_by_partition_and_offset():
    row = {"kafka_partition": 2, "live_rows": 12, "records": 10, "first_offset": 77}
    good = {"kafka_partition": 1, "live_rows": 10, "records": 10, "first_offset": None}
    verdict = duplicates.judge_coordinates([good, row], THRESHOLDS)
    assert (verdict.passed, verdict.severity) == (False, "ERROR")
    assert verdict.line == "2 live rows too many: partition 2 from offset 77"
    assert duplicates.judge_coordinates([good], THRESHOLDS).passed
    assert duplicates.judge_coordinates([], THRESHOLDS).passed


def test_a_day_with_fewer_events_than_rows_is_named():
    rows = [{"business_date": DAY, "payments": 11, "events": 10}]
    verdict = duplicates.judge_events(rows, THRESHOLDS)
    assert verdict.line == "1 rows too many in payments on 2026-11-24"
    assert not verdict.passed


@pytest.mark.parametrize(
    ("unknown", "passed", "severity"),
    [(5, True, "WARN"), (6, False, "WARN"), (50, False, "WARN"), (51, False, "ERROR")],
)
def test_unknown_merchants_are_graded_by_their_share(unknown, passed, severity):
    verdict = enrichment.judge([{"payments": 1_000, "unknown": unknown, "merchants": 1}], THRESHOLDS)
    assert (verdict.passed, verdict.severity) == (passed, severity)


@pytest.mark.parametrize("payments", [0, 99])
def test_few_payments_say_nothing_about_a_share(payments):
    assert enrichment.judge([{"payments": payments, "unknown": payments, "merchants": 1}], THRESHOLDS).passed


def statuses(**counts):
    return [{"status": status, "records": count} for status, count in counts.items()]


@pytest.mark.parametrize(
    ("bad", "passed", "severity"), [(10, True, "WARN"), (11, False, "WARN"), (50, False, "WARN"), (51, False, "ERROR")]
)
def test_quarantine_is_graded_by_its_share_of_all_records(bad, passed, severity):
    verdict = quarantine.judge(statuses(OK=1_000 - bad, QUARANTINED_NOT_JSON=bad), THRESHOLDS)
    assert (verdict.passed, verdict.severity) == (passed, severity)


def test_quarantine_is_told_by_reason():
    verdict = quarantine.judge(statuses(OK=990, QUARANTINED_NOT_JSON=6, QUARANTINED_BAD_AMOUNT=4), THRESHOLDS)
    assert verdict.line == "10 of 1,000 records quarantined: NOT_JSON 6, BAD_AMOUNT 4"
    assert verdict.facts["BAD_AMOUNT"] == 4
    assert quarantine.judge([], THRESHOLDS).line == "0 of 0 records quarantined"


def test_another_platform_may_set_other_limits():
    lenient = Thresholds(quarantine_warn=0.5, quarantine_error=0.9)
    assert quarantine.judge(statuses(OK=60, QUARANTINED_NOT_JSON=40), lenient).passed


def rates(as_of, newest):
    return [{"as_of": as_of, "newest": newest}]


class TestFxFreshness:
    @pytest.mark.parametrize(
        ("as_of", "newest"),
        [
            (date(2026, 11, 24), date(2026, 11, 24)),
            (date(2026, 11, 22), date(2026, 11, 20)),  # a Sunday has Friday's
            (date(2026, 4, 6), date(2026, 4, 2)),  # Easter Monday has Thursday's
            (date(2026, 1, 1), date(2025, 12, 31)),
        ],
    )
    def test_the_last_target_days_snapshot_is_enough(self, as_of, newest):
        assert fx_freshness.judge(rates(as_of, newest), THRESHOLDS).passed

    @pytest.mark.parametrize(
        ("newest", "missing", "severity"),
        [(date(2026, 4, 1), 1, "WARN"), (date(2026, 3, 31), 2, "WARN"), (date(2026, 3, 30), 3, "ERROR")],
    )
    def test_missing_snapshots_are_counted_in_target_days(self, newest, missing, severity):
        verdict = fx_freshness.judge(rates(date(2026, 4, 6), newest), THRESHOLDS)
        assert (verdict.passed, verdict.severity, verdict.facts["missing"]) == (False, severity, missing)

    def test_no_rates_at_all_is_an_error(self):
        verdict = fx_freshness.judge(rates(DAY, None), THRESHOLDS)
        assert (verdict.passed, verdict.severity) == (False, "ERROR")


def group(differs, newest, **changed):
    row = {"business_date": DAY, "merchant_id": "m1", "currency": "EUR", "event_type": "capture", "differs": differs}
    row |= {"newest": newest, "asked_at": NOW, "day_events": 9}
    for source in control_totals.SOURCES:
        row |= {f"{source}_events": 9} | {f"{source}_{a}": Decimal("1.10") for a in control_totals.AMOUNTS}
    return row | changed


class TestControlTotals:
    def test_totals_that_agree_pass(self):
        verdict = control_totals.judge([group(False, NOW)], THRESHOLDS)
        assert verdict.passed
        assert verdict.line == "9 payments of 1 days: landing, view and report agree"

    def test_a_group_that_differs_is_named_with_the_measure(self):
        rows = [group(True, NOW - timedelta(hours=3), report_amount=Decimal("1.11"))]
        verdict = control_totals.judge(rows, THRESHOLDS)
        assert (verdict.passed, verdict.severity) == (False, "ERROR")
        expected = "2026-11-24 m1 EUR capture: amount landing 1.10, view 1.10, report 1.11"
        assert verdict.line == f"1 groups differ, the first: {expected}"

    @pytest.mark.parametrize(("minutes", "passed"), [(0, True), (89, True), (90, False)])
    def test_a_group_that_landing_has_just_changed_is_under_way(self, minutes, passed):
        verdict = control_totals.judge([group(True, NOW - timedelta(minutes=minutes), report_events=8)], THRESHOLDS)
        assert verdict.passed is passed
        assert verdict.facts["under_way"] == int(passed)

    def test_a_group_that_landing_never_had_is_wrong_at_once(self):
        assert not control_totals.judge([group(True, None, landing_events=0, view_events=0)], THRESHOLDS).passed

    def test_days_without_a_payment_agree(self):
        assert control_totals.judge([], THRESHOLDS).passed


def test_each_defect_of_the_merchants_is_counted_and_the_first_named():
    row = dict.fromkeys(merchant_history.DEFECTS, 0) | {"merchants": 7, "first_merchant": None}
    assert merchant_history.judge([row], THRESHOLDS).passed
    for name, what in merchant_history.DEFECTS.items():
        verdict = merchant_history.judge([row | {name: 2, "first_merchant": "m3"}], THRESHOLDS)
        assert (verdict.passed, verdict.severity) == (False, "ERROR")
        assert verdict.line == f"2 {what}; the first is m3"


def test_a_dimension_without_rows_is_not_green():
    row = dict.fromkeys(merchant_history.DEFECTS) | {"merchants": 0, "first_merchant": None}
    verdict = merchant_history.judge([row], THRESHOLDS)
    assert (verdict.passed, verdict.severity, verdict.line) == (False, "ERROR", "no merchants")
