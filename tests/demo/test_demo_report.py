"""The report says PASS only with proof, and its figures follow from the evidence."""

import io
import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from latency_cases import SECOND, blocks, records, samples
from rich.console import Console

from audit.model import Check
from audit.model import Report as Audit
from sandbox.demo.control import Replay, ReplayedDay
from sandbox.demo.options import Options
from sandbox.demo.questions import Example
from sandbox.demo.report import Evidence, Spent, build, recoveries
from sandbox.demo.samples import Census
from sandbox.demo.stream import Kill
from sandbox.demo.verdict import verdict

SUMMARY = {
    "produced_rate": 499.9,
    "held_rate": True,
    "behind_ms_max": 12,
    "seconds": 30.0,
    "acked": 3,
    "cpu_seconds": 0.3,
}
PASSED = Check("nothing_lost", "Has every acknowledged record a row?", True, {"acked": 3})
FAILED = Check("payload_mac", "Is each payload what was sent?", False, {"offenders": 1}, ["partition 0 offset 1"])
EVENTS = {
    "acked": 3,
    "landed": 3,
    "quarantined": 1,
    "lost": 0,
    "duplicate_coordinates": 0,
    "phantom": 0,
    "producer_duplicates_collapsed": 1,
}


def audit(*checks: Check) -> Audit:
    return Audit(list(checks), EVENTS, {"NOT_JSON": 1}, {}, 1.0)


def measured(*rows: tuple[float, float, float, float]) -> pl.DataFrame:
    """Events of occurred, broker, loaded, queryable in seconds; partition 0, offsets from 0."""
    frame = records(*({"occurred_us": int(o * SECOND), "broker_ms": int(b * 1_000)} for o, b, _, _ in rows))
    return frame.with_columns(
        loaded_us=pl.Series([int(loaded * SECOND) for _, _, loaded, _ in rows]),
        queryable_us=pl.Series([int(seen * SECOND) for _, _, _, seen in rows]),
    )


DAY = date(2026, 11, 25)
ANSWERS = ((1.0, 1.2, 0), (6.1, 6.2, 1), (7.2, 7.3, 2))
"""Asked, answered, highest offset seen."""
EVIDENCE = Evidence(
    options=Options(),
    began_us=0,
    summary=SUMMARY,
    events=measured((1, 1.01, 1.1, 1.2), (3, 3.01, 6.0, 6.2), (7, 7.01, 7.1, 7.3)),
    samples=samples(*((int(asked * SECOND), int(answered * SECOND), 0, seen) for asked, answered, seen in ANSWERS)),
    blocks=blocks(*((0, n, n, int(loaded * SECOND)) for n, loaded in enumerate((1.1, 6.0, 7.1)))),
    censuses=[Census(2 * SECOND, 1, {"OK": 1}), Census(8 * SECOND, 3, {"OK": 2, "QUARANTINED_NOT_JSON": 1})],
    kills=[Kill("member-1", 99, 2 * SECOND, [0], next_pid=100, next_us=5 * SECOND)],
    spent=Spent(5.0, 3.0, 2.5, 10.0, 250_000_000, 0.3),
    to_first_row_s=9.5,
    total_s=40.0,
    probe_busy_s=2.0,
    missing=None,
    audit=audit(PASSED),
    replay=Replay([ReplayedDay(DAY, 3, 3, 0, 0, "r-1")], 4.0),
    landed={DAY: 3},
    plane_bytes=551_000_000,
)


def test_the_report_has_the_documented_shape_and_is_plain_json():
    report = json.loads(json.dumps(build(EVIDENCE)))
    assert report["verdict"] == "PASS"
    assert report["rate"] == {
        "requested": 500.0,
        "produced": 499.9,
        "held": True,
        "behind_ms_max": 12,
        "producer_cpu_seconds_per_million": 100_000.0,
    }
    assert report["events"] == EVENTS
    assert set(report["latency_ms"]) >= {"end_to_end", "steady", "by_hop"}
    assert set(report["latency_ms"]["steady"]) == {"p50", "p95", "p99", "left_out"}
    assert report["seconds"] == {"to_first_row": 9.5, "produced": 30.0, "total": 40.0}


def test_recovery_ends_when_the_new_process_has_landed_rows_and_the_view_has_caught_up():
    report = build(EVIDENCE)
    assert report["recoveries"] == [
        {
            "member": "member-1",
            "pid": 99,
            "next_pid": 100,
            "restarted_by": "supervisor",
            "restart_seconds": 3.0,
            "within_contract": True,
            "first_row_seconds": 4.0,
            "recovery_seconds": 4.2,
        }
    ]
    assert report["consumer"]["recovery_seconds"] == 4.2
    assert report["consumer"]["kills"] == 1
    assert report["latency_ms"]["steady"] == {"p50": 250.0, "p95": 295.0, "p99": 299.0, "left_out": 1}
    assert report["latency_ms"]["end_to_end"]["p99"] == pytest.approx(3142.0)


def test_rows_of_other_members_are_no_sign_of_recovery():
    kill = Kill("member-1", 99, 2 * SECOND, [1])
    (found,) = recoveries([kill], pl.DataFrame(schema={"asked_us": pl.Int64}), EVIDENCE.blocks)
    assert (found.resumed_us, found.recovered_us) == (None, None)


def test_a_kill_that_nobody_recovered_from_has_no_time_and_leaves_all_later_events_out():
    gone = replace(EVIDENCE, blocks=EVIDENCE.blocks.head(1))
    report = build(gone)
    assert report["consumer"]["recovery_seconds"] is None
    assert report["latency_ms"]["steady"]["left_out"] == 2


def test_consumer_figures_leave_start_up_out_of_the_work_and_say_it_apart():
    consumer = build(EVIDENCE)["consumer"]
    assert consumer["rss_mb"] == 250.0
    assert consumer["cores_used"] == 0.25
    assert consumer["startup_cpu_seconds"] == 3.0
    assert consumer["cpu_seconds_per_million"] == pytest.approx(2.0 / 3 * 1e6, abs=0.1)


def test_the_course_has_a_point_a_second_from_the_order_on():
    assert build(EVIDENCE)["course"] == [
        {"second": 2, "logged": 1, "landed": 1, "lag": 0, "behind_seconds": None},
        {"second": 8, "logged": 3, "landed": 3, "lag": 0, "behind_seconds": None},
    ]


@pytest.mark.parametrize(
    ("evidence", "says"),
    [
        (replace(EVIDENCE, audit=audit(PASSED, FAILED)), "partition 0 offset 1"),
        (replace(EVIDENCE, audit=audit()), "Not all of it was proven"),
        (replace(EVIDENCE, missing="7 records have no row in the table"), "7 records have no row"),
        (replace(EVIDENCE, replay=Replay([ReplayedDay(DAY, 3, 2, 0, 1, "r-1")])), "1 of 3 replayed rows differ"),
        (replace(EVIDENCE, replay=Replay([ReplayedDay(DAY, 2, 2, 0, 0, "r-1")])), "3 rows landed, 2 came out"),
        (replace(EVIDENCE, replay=Replay(trouble="Kafka does not answer")), "could not be held: Kafka does not"),
        (replace(EVIDENCE, kills=[Kill("member-1", 99, 2 * SECOND, [0])]), "did not bring member-1 back"),
        (replace(EVIDENCE, blocks=EVIDENCE.blocks.head(1)), "did not bring member-1 back"),
    ],
)
def test_what_is_not_proven_is_a_fail_and_says_why(evidence: Evidence, says: str):
    report = build(evidence)
    assert report["verdict"] == "FAIL"
    assert says in rendered(report)
    assert "each exactly once" not in rendered(report)


def test_a_member_that_came_back_later_than_promised_is_said_loudly():
    late = replace(EVIDENCE, blocks=EVIDENCE.blocks.with_columns(loaded_us=pl.col("loaded_us") * 20))
    report = build(replace(late, kills=[replace(EVIDENCE.kills[0], killed_us=22 * SECOND)]))
    assert report["recoveries"][0]["within_contract"] is False
    assert "LATER than the 15 s" in rendered(report)


def test_without_a_kill_there_is_no_recovery_to_speak_of():
    report = build(replace(EVIDENCE, kills=[]))
    assert report["consumer"]["recovery_seconds"] is None
    assert report["latency_ms"]["steady"]["left_out"] == 0
    assert "kill -9" not in rendered(report)


def rendered(report: dict[str, Any], examples: list[Example] | None = None, width: int = 96) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(verdict(report, examples or [], "report.json"))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_verdict_tells_people_what_the_report_tells_programs():
    text = rendered(build(EVIDENCE))
    for part in (
        "PASS",
        "3 rows in the table",
        "1 of 1 checks passed",
        "NOT_JSON 1",
        "next row after 4.0 s, caught up after 4.2 s",
        "3 of 3 rows of its day identical, 0 unexplained, in 4 s",
        "551 MB, all its processes",
        "250 MB",
    ):
        assert part in text


def test_a_producer_that_fell_behind_is_said_loudly():
    report = build(replace(EVIDENCE, summary=SUMMARY | {"held_rate": False, "behind_ms_max": 4_000}))
    assert "DID NOT HOLD ITS RATE" in rendered(report)


def test_sample_rows_show_money_exactly_and_a_quarantined_row_without_its_payload():
    refund = {
        "event_type": "refund",
        "amount": Decimal("1128.190000000"),
        "currency": "CNY",
        "reporting_amount": Decimal("151.450000000"),
        "reporting_currency": "EUR",
        "fx_rate_date": date(2026, 11, 20),
        "fx_status": "FINAL",
        "merchant_name": "Goods Chen 19",
        "description": "card 4111-11**-****-1111 read out by phone",
        "status": "OK",
    }
    bad = {"status": "QUARANTINED_BAD_AMOUNT", "status_detail": "amount: must be digits"}
    text = rendered(build(EVIDENCE), [Example("a refund", refund), Example("quarantined", bad)])
    assert "refund 1,128.19 CNY = 151.45 EUR (rates of 2026-11-20, final)" in text
    assert "“card 4111-11**-****-1111 read out by phone”" in text
    assert "QUARANTINED_BAD_AMOUNT: amount: must be digits" in text
