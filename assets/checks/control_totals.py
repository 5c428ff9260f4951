"""Control totals of closed days: landing, the view `payments` and the report `payments_daily` say the same.

The landing's side is computed here in another way than the view's SQL does it: by aggregates, without a window.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from assets.checks.thresholds import SEVERITY_OF_TOTALS, Thresholds
from assets.checks.verdict import Row, Verdict, within

AMOUNTS: Final = ("amount", "signed_amount", "reporting_amount", "signed_reporting_amount")
SOURCES: Final = ("landing", "view", "report")
_KEY: Final = "business_date, merchant_id, currency, event_type"
_MEASURES: Final = ("events", *AMOUNTS)
_SHOWN: Final = 1_000
"""Groups that differ are listed no further, those first that landing left alone for longest."""


def statement(dataset: str, days: Sequence[date]) -> str:
    """One row per group (date, merchant, currency, type) that differs, and per day one with its totals at least.

    Columns: the group, `events` and the four amounts per source (`landing_events`, `view_amount`, ...), `differs`,
    `day_events`, `newest` (when landing last got a row of it) and `asked_at`.
    """
    per_source = ",\n    ".join(
        f"SUM(IF(source = '{s}', {m}, {'0' if m == 'events' else _zero()})) AS {s}_{m}"
        for s in SOURCES
        for m in _MEASURES
    )
    unequal = " OR ".join(f"landing_{m} != {s}_{m}" for s in SOURCES[1:] for m in _MEASURES)
    return f"""
WITH newest AS (
  SELECT business_date, MAX_BY(STRUCT({_fields()}), enrichment_revision) AS payment
  FROM `{dataset}.payments_landing`
  WHERE {within(days)}
  GROUP BY business_date, kafka_topic_id, kafka_partition, kafka_offset
),
once AS (
  SELECT business_date, MIN_BY(payment, {_place()}) AS payment
  FROM newest
  WHERE payment.status = 'OK'
  GROUP BY business_date, payment.event_id
),
sides AS (
  {_side("landing", "once", f"WHERE {within(days)}", "payment.")}
  UNION ALL
  {_side("view", f"`{dataset}.payments`", f"WHERE {within(days)}")}
  UNION ALL
  SELECT 'report' AS source, {_KEY}, events, {", ".join(f"COALESCE({a}, {_zero()}) AS {a}" for a in AMOUNTS)},
    CAST(NULL AS TIMESTAMP) AS newest
  FROM `{dataset}.payments_daily`
  WHERE {within(days)}
),
totals AS (
  SELECT {_KEY},
    {per_source},
    MAX(newest) AS newest
  FROM sides
  GROUP BY {_KEY}
),
judged AS (SELECT *, {unequal} AS differs FROM totals)
SELECT *,
  SUM(landing_events) OVER (PARTITION BY business_date) AS day_events,
  CURRENT_TIMESTAMP() AS asked_at
FROM judged
WHERE TRUE
QUALIFY differs OR ROW_NUMBER() OVER (PARTITION BY business_date ORDER BY differs DESC, merchant_id) = 1
ORDER BY differs DESC, newest
LIMIT {_SHOWN}"""


def _zero() -> str:
    return "CAST(0 AS NUMERIC)"


def _fields() -> str:
    names: tuple[str, ...] = (
        "status",
        "event_id",
        "merchant_id",
        "currency",
        "event_type",
        *AMOUNTS,
        "enrichment_revision",
    )
    names = (*names, "broker_timestamp", "kafka_partition", "kafka_offset", "loaded_at")
    return ", ".join(f"{name} AS {name}" for name in names)


def _place() -> str:
    """The view's order of an event's rows as a text that sorts alike: newest revision, then first in the log.

    The parts are whole numbers of at most 19 digits, padded; a revision counts down.
    """
    parts = (
        "1000000000 - payment.enrichment_revision",
        "UNIX_MICROS(payment.broker_timestamp)",
        "payment.kafka_partition",
        "payment.kafka_offset",
    )
    return "CONCAT(" + ", ".join(f"LPAD(CAST({part} AS STRING), 20, '0')" for part in parts) + ")"


def _side(source: str, table: str, where: str, prefix: str = "") -> str:
    keys = ", ".join(f"{prefix}{name} AS {name}" for name in ("merchant_id", "currency", "event_type"))
    sums = ", ".join(f"COALESCE(SUM({prefix}{a}), {_zero()}) AS {a}" for a in AMOUNTS)
    return (
        f"SELECT '{source}' AS source, business_date, {keys}, COUNT(*) AS events, {sums}, "
        f"MAX({prefix}loaded_at) AS newest\n  FROM {table}\n  {where}\n  GROUP BY {_KEY}"
    )


def judge(rows: Sequence[Row], thresholds: Thresholds) -> Verdict:
    """Pass if no group differs, but for those that landing changed after the report may last have been rebuilt."""
    differing = [row for row in rows if row["differs"]]
    wrong = [row for row in differing if not _under_way(row, timedelta(minutes=thresholds.report_lag_minutes))]
    per_day = {row["business_date"]: row["day_events"] for row in rows}
    payments = sum(per_day.values())
    facts = {"days": len(per_day), "payments": payments, "differing": len(wrong)}
    facts["under_way"] = len(differing) - len(wrong)
    if not wrong:
        line = f"{payments:,} payments of {len(per_day)} days: landing, view and report agree"
        return Verdict(True, SEVERITY_OF_TOTALS, facts, line)
    return Verdict(False, SEVERITY_OF_TOTALS, facts, f"{len(wrong):,} groups differ, the first: {_said(wrong[0])}")


def _under_way(row: Row, lag: timedelta) -> bool:
    return row["newest"] is not None and row["asked_at"] - row["newest"] < lag


def _said(row: Row) -> str:
    """The group and the first measure that differs, of all three sources."""
    group = f"{row['business_date']} {row['merchant_id']} {row['currency']} {row['event_type']}"
    measure = next(m for m in _MEASURES if len({row[f"{source}_{m}"] for source in SOURCES}) > 1)
    return f"{group}: {measure} " + ", ".join(f"{source} {row[f'{source}_{measure}']:,}" for source in SOURCES)
