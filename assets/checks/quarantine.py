"""Records that broke a rule: by reason, and as a share of all."""

from collections.abc import Sequence
from datetime import date

from assets.checks.thresholds import Thresholds
from assets.checks.verdict import Row, Verdict, graded, within

_PREFIX = "QUARANTINED_"


def statement(dataset: str, days: Sequence[date]) -> str:
    """Records by the status of their newest revision: one that was mended since is not in quarantine any more."""
    return f"""
SELECT status, COUNT(*) AS records
FROM (
  SELECT MAX_BY(status, enrichment_revision) AS status
  FROM `{dataset}.payments_landing`
  WHERE {within(days)}
  GROUP BY business_date, kafka_topic_id, kafka_partition, kafka_offset
)
WHERE status != 'MOVED'
GROUP BY status
ORDER BY records DESC, status"""


def judge(rows: Sequence[Row], thresholds: Thresholds) -> Verdict:
    """Pass if few are quarantined, or there are too few records to say."""
    records = sum(row["records"] for row in rows)
    reasons = {r["status"].removeprefix(_PREFIX): r["records"] for r in rows if r["status"].startswith(_PREFIX)}
    bad = sum(reasons.values())
    share = bad / records if records >= thresholds.least_records else 0.0
    passed, severity = graded(share, thresholds.quarantine_warn, thresholds.quarantine_error)
    line = f"{bad:,} of {records:,} records quarantined"
    if reasons:
        line += ": " + ", ".join(f"{reason} {count:,}" for reason, count in reasons.items())
    return Verdict(passed, severity, {"records": records, "quarantined": bad, "share": share, **reasons}, line)
