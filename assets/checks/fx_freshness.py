"""How many FX snapshots are missing at the end of a day, in TARGET days: none over a weekend or Easter."""

from collections.abc import Sequence
from datetime import date

from assets.checks.thresholds import Severity, Thresholds
from assets.checks.verdict import Row, Verdict
from streaming.reference.calendar import is_target_day, previous_target_day, target_days_between

_COUNTED = 30
"""TARGET days are counted no further; a month without rates needs no better figure."""


def statement(dataset: str, days: Sequence[date]) -> str:
    """The newest snapshot by the end of the last day. The table is small and has no partitions."""
    as_of = max(days)
    return f"""
SELECT DATE '{as_of}' AS as_of, MAX(rate_date) AS newest
FROM `{dataset}.fx_rates`
WHERE rate_date <= DATE '{as_of}'"""


def judge(rows: Sequence[Row], thresholds: Thresholds) -> Verdict:
    """Pass if the snapshot of the last TARGET day is there; it was due at 16:00 of that day, which is over."""
    as_of, newest = rows[0]["as_of"], rows[0]["newest"]
    due = as_of if is_target_day(as_of) else previous_target_day(as_of)
    if newest is None:
        return Verdict(False, "ERROR", {"due": due.isoformat()}, "there are no FX rates at all")
    missing = target_days_between(newest, due, _COUNTED)
    line = f"the newest FX snapshot is of {newest}, due was {due}: {missing} TARGET days missing"
    facts = {"newest": newest.isoformat(), "due": due.isoformat(), "missing": missing}
    severity: Severity = "ERROR" if missing >= thresholds.fx_missing_error else "WARN"
    return Verdict(missing < thresholds.fx_missing_warn, severity, facts, line)
