"""Checks with one tempting shortcut each; each with the state of the warehouse in which it gives the wrong answer."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import checks_world as w

from assets.checks import (
    completeness,
    control_totals,
    duplicates,
    enrichment,
    fx_freshness,
    merchant_history,
    quarantine,
)
from assets.checks.catalogue import CHECKS, Check
from assets.checks.verdict import Verdict

GOOD = w.defect("a good warehouse", "")
LIVE = " AND replay_id IS NULL AND enrichment_revision = 0"


def rewritten(statement: Callable[..., str], old: str, new: str) -> Callable[..., str]:
    """The statement with other words in one place."""

    def mutant(*args: Any) -> str:
        sql = statement(*args)
        assert old in sql, old
        return sql.replace(old, new)

    return mutant


def tolerant(rows: Any, thresholds: Any) -> Verdict:
    """Money that is nearly the same passes."""
    near = all(abs(row["landing_amount"] - row["report_amount"]) < 1 for row in rows)
    return Verdict(near, "ERROR")


def by_the_clock(rows: Any, thresholds: Any) -> Verdict:
    """An hour of the newest day says that rates are fresh: days of the calendar, one of them forgiven."""
    return Verdict((rows[0]["as_of"] - rows[0]["newest"]).days <= 1, "WARN")


def surely_late(rows: Any, thresholds: Any) -> Verdict:
    """One offset that is missing is a late record's, surely."""
    return Verdict(all(r["highest"] - r["lowest"] + 1 - r["landed"] - r["late"] <= 1 for r in rows), "ERROR")


def all_late(rows: Any, thresholds: Any) -> Verdict:
    """Whatever has no row by now is a late record's: the daily check will tell."""
    return Verdict(True, "ERROR")


def without_merchants(rows: Any, thresholds: Any) -> Verdict:
    """Sums per day, currency and type."""
    net = Counter()
    for row in rows:
        key = row["business_date"], row["currency"], row["event_type"]
        net[key] += row["landing_amount"] - row["report_amount"]
    return Verdict(not any(net.values()), "ERROR")


MUTANTS: dict[str, tuple[str, dict[str, Any], str]] = {
    "corrections count as duplicates": (
        "duplicate_coordinates",
        {"statement": rewritten(duplicates.coordinates_statement, LIVE, "")},
        GOOD.name,
    ),
    "coordinates have a date": (
        "duplicate_coordinates",
        {
            "statement": rewritten(
                duplicates.coordinates_statement,
                "_partition, kafka_offset\n",
                "_partition, kafka_offset, business_date\n",
            )
        },
        "a record landed on two days",
    ),
    "events are counted in landing": (
        "duplicate_events",
        {"statement": rewritten(duplicates.events_statement, ".payments`", ".payments_landing`")},
        GOOD.name,
    ),
    "rows are counted, not offsets": (
        "completeness_closed_days",
        {"statement": rewritten(completeness.statement, "COUNT(DISTINCT kafka_offset)", "COUNT(kafka_offset)")},
        "a record is lost and another landed twice",
    ),
    "one missing is surely late": ("completeness_closed_days", {"judge": surely_late}, "a record is lost"),
    "whatever is missing in an hour is late": ("completeness", {"judge": all_late}, "many records are lost"),
    "days late is missing": ("completeness", {"judge": completeness.judge}, GOOD.name),
    "the daily look is as short as the hourly": (
        "completeness_closed_days",
        {"back": completeness.OPEN_BACK},
        GOOD.name,
    ),
    "few without a row pass daily": (
        "completeness_closed_days",
        {"judge": completeness.judge_open},
        "a record that is many days late is lost",
    ),
    "unknown merchants are counted in landing": (
        "unknown_merchants",
        {"statement": rewritten(enrichment.statement, ".payments`", ".payments_landing`")},
        "unknown merchants that were corrected",
    ),
    "quarantine is counted in live rows": (
        "quarantine_by_reason",
        {"statement": rewritten(quarantine.statement, "\n  GROUP BY", LIVE + "\n  GROUP BY")},
        "quarantined records that were mended",
    ),
    "totals without merchants": ("control_totals", {"judge": without_merchants}, "another merchant's money"),
    "totals as floats": (
        "control_totals",
        {"statement": rewritten(control_totals.statement, "CAST(0 AS NUMERIC)", "CAST(0 AS FLOAT64)")},
        "a cent among quadrillions",
    ),
    "totals with a tolerance": ("control_totals", {"judge": tolerant}, "a billionth too much"),
    "totals of every revision": (
        "control_totals",
        {
            "statement": rewritten(
                control_totals.statement,
                "GROUP BY business_date, kafka_topic_id, kafka_partition, kafka_offset",
                "GROUP BY business_date, kafka_topic_id, kafka_partition, kafka_offset, enrichment_revision",
            )
        },
        GOOD.name,
    ),
    "totals of every repeat": (
        "control_totals",
        {"statement": rewritten(control_totals.statement, "payment.event_id\n", "payment.kafka_offset\n")},
        GOOD.name,
    ),
    "rates by the calendar's days": ("fx_freshness", {"judge": by_the_clock}, "yesterday's rates are missing"),
    "rates of the day itself count": (
        "fx_freshness",
        {"statement": rewritten(fx_freshness.statement, "MAX(rate_date)", "MAX(DATE(recorded_at))")},
        "yesterday's rates are missing",
    ),
    "superseded versions count": (
        "merchant_history",
        {"statement": rewritten(merchant_history.statement, "WHERE superseded_at IS NULL", "WHERE TRUE")},
        GOOD.name,
    ),
    "every gap is a defect": (
        "merchant_history",
        {"statement": rewritten(merchant_history.statement, "HOUR) < 24", "HOUR) < 240000")},
        GOOD.name,
    ),
    "two current versions overlap nothing": (
        "merchant_history",
        {"statement": rewritten(merchant_history.statement, "IF(COUNTIF(valid_to IS NULL) > 1, 1, 0)", "0")},
        "two current versions",
    ),
}
"""Check, what is put in its place, and the state in which it errs."""


def with_mutant(name: str) -> tuple[Check, ...]:
    which, change, _ = MUTANTS[name]
    return tuple(replace(check, **change) if check.name == which else check for check in CHECKS)
