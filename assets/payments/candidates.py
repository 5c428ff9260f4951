"""Which stored rows a newer reference might change: asked in SQL, so that only those are read and enriched again."""

from datetime import date, timedelta
from typing import Final

from assets.payments.superseding import newest_sql
from streaming.stages.plan import COLUMNS

_NEVER: Final = "TIMESTAMP '9999-12-31 00:00:00+00:00'"
"""An end that is not set, as a value: an OR in a join's condition is compared row by row by some engines (DuckDB's left
join took minutes on 60,000 rows)."""

_CANDIDATES: Final = """
WITH newest AS ({newest}),
snapshots AS (
  SELECT rate_date, MAX(revision) AS revision, MIN(effective_from) AS effective_from
  FROM `{dataset}.fx_rates`
  WHERE effective_from < TIMESTAMP '{next} 00:00:00+00:00'
  GROUP BY rate_date
),
spans AS (
  SELECT rate_date, revision, effective_from, LEAD(effective_from) OVER (ORDER BY rate_date) AS effective_to
  FROM snapshots
),
of_the_day AS (
  SELECT * FROM spans WHERE effective_to IS NULL OR effective_to > TIMESTAMP '{day} 00:00:00+00:00'
),
rates AS (
  SELECT s.rate_date, s.effective_from, s.effective_to, r.currency, r.rate
  FROM of_the_day AS s JOIN `{dataset}.fx_rates` AS r ON r.rate_date = s.rate_date AND r.revision = s.revision
  UNION ALL
  SELECT rate_date, effective_from, effective_to, 'EUR', CAST(1 AS NUMERIC) FROM of_the_day
),
quotes AS (
  SELECT f.rate_date, f.effective_from, f.effective_to, f.currency, f.rate AS rate_from, t.rate AS rate_to
  FROM rates AS f JOIN rates AS t ON t.rate_date = f.rate_date
  WHERE t.currency = '{reporting}'
)
SELECT {columns}
FROM newest
LEFT JOIN `{dataset}.merchants` AS merchant
  ON merchant.merchant_id = newest.merchant_id AND merchant.superseded_at IS NULL
  AND merchant.valid_from <= newest.occurred_at
  AND newest.occurred_at < COALESCE(merchant.valid_to, {never})
LEFT JOIN quotes
  ON quotes.currency = newest.currency
  AND quotes.effective_from <= newest.occurred_at
  AND newest.occurred_at < COALESCE(quotes.effective_to, {never})
WHERE newest.status = 'OK' AND (
  newest.merchant_version IS DISTINCT FROM merchant.merchant_version
  OR newest.reporting_currency IS DISTINCT FROM '{reporting}'
  OR (newest.currency <> '{reporting}' AND (
    newest.fx_rate_date IS DISTINCT FROM quotes.rate_date
    OR newest.fx_rate_from IS DISTINCT FROM quotes.rate_from
    OR newest.fx_rate_to IS DISTINCT FROM quotes.rate_to
  ))
)
"""
"""The rates that apply now are those of the newest snapshot in force at `occurred_at`, whether FINAL or PROVISIONAL:
a status changes only with the snapshot's date. Accepted rows lie on the UTC date of `occurred_at`, so that one or two
snapshots serve a day, and a revision brings back the rows of the currencies it changes alone. UNSUPPORTED rows of
which the snapshot is too old, or the amount too large, are asked for each time: few, and enriching decides."""


def candidates_sql(dataset: str, day: date, reporting_currency: str) -> str:
    """Query for the newest rows (`COLUMNS`) of the day that the newest merchants and rates might change: all that do,
    and few more. `dataset` is `project.dataset`; `reporting_currency` a checked setting."""
    columns = ", ".join(f"newest.{name}" for name in COLUMNS)
    return _CANDIDATES.format(
        dataset=dataset,
        newest=newest_sql(dataset, f"business_date = DATE '{day}'"),
        day=day,
        next=day + timedelta(days=1),
        columns=columns,
        reporting=reporting_currency,
        never=_NEVER,
    )
