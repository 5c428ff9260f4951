"""Payments whose merchant the dimension does not know, as a share of all."""

from collections.abc import Sequence
from datetime import date

from assets.checks.thresholds import Thresholds
from assets.checks.verdict import Row, Verdict, graded, within


def statement(dataset: str, days: Sequence[date]) -> str:
    """Payments and those of unknown merchants, by the view: one that was corrected since is known."""
    return f"""
SELECT COUNT(*) AS payments, COUNTIF(merchant_status = 'UNKNOWN') AS unknown,
  COUNT(DISTINCT IF(merchant_status = 'UNKNOWN', merchant_id, NULL)) AS merchants
FROM `{dataset}.payments`
WHERE {within(days)}"""


def judge(rows: Sequence[Row], thresholds: Thresholds) -> Verdict:
    """Pass if few are unknown, or there are too few payments to say."""
    payments, unknown, merchants = (rows[0][name] for name in ("payments", "unknown", "merchants"))
    share = unknown / payments if payments >= thresholds.least_records else 0.0
    passed, severity = graded(share, thresholds.unknown_merchants_warn, thresholds.unknown_merchants_error)
    line = f"{unknown:,} of {payments:,} payments are of {merchants:,} unknown merchants"
    return Verdict(passed, severity, {"payments": payments, "unknown": unknown, "share": share}, line)
