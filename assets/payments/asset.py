"""Dagster's view of payments: the topic, the view analysts read and the quarantine, which no run makes; the report.

The stream is a process of its own; the supervisor's sensor reports what it did, once a minute, without a run.
"""

from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from typing import Final, Protocol

import dagster as dg
from pydantic import Field

from assets.payments.correct import MAX_ROWS, Corrections, CorrectionsFailed, correct, todays_reference
from assets.payments.daily import build_changed
from assets.payments.pages import MAX_GIB
from assets.payments.settled import settle
from assets.payments.touched import LastLooks, whole_look
from assets.warehouse.asset import Warehouse, column_schema
from assets.warehouse.clock import ClocksDiffer, require_agreement, warehouse_now
from assets.warehouse.ddl import NOTHING_SETTLED
from assets.warehouse.refusals import typed_refusals
from assets.warehouse.size import size_of
from streaming.settings import Settings
from streaming.stages.plan import arrow_schema

DAYS: Final = dg.DailyPartitionsDefinition(start_date="2026-01-01", timezone="UTC", end_offset=1)
"""Business dates in UTC, today included."""
BATCH_WRITES: Final = "payments_batch_writes"
"""Pool of what appends superseding rows: two writers at a time would give two rows of one record the same revision."""
OWNERS: Final = ["team:data-platform"]
BUILT_DAYS: Final = "payments_built_days"
"""Pool of what is built of whole days, one run at a time: the report reads the view, and the view must not change over
between the look at a day and its build."""

kafka_payments = dg.AssetSpec(
    "kafka_payments",
    group_name="payments",
    owners=OWNERS,
    kinds={"kafka"},
    description="Payment events as producers send them: the topic, outside of Dagster.",
)

payments_quarantine = dg.AssetSpec(
    "payments_quarantine",
    deps=["payments"],
    group_name="payments",
    owners=OWNERS,
    kinds={"bigquery"},
    description="Records that broke a rule, with the rule's name: a view of the landing table. Nothing is dropped.",
)


class LandedWarehouse(Warehouse, Protocol):
    """A warehouse whose landing table is written."""

    project: str

    def settings(self) -> Settings:
        """For the adapters of the stream."""


class SettledWarehouse(Warehouse, Protocol):
    """A warehouse whose days settle."""

    settle_after_days: int

    def settings(self) -> Settings:
        """How late a payment may be is one of the stream's."""


class SettledConfig(dg.Config):
    """How far back to look."""

    days: int = Field(default=0, ge=0, le=10_000)
    """Look at so many days now, today included, whatever earlier runs looked at. 0: once a day at those that a late
    payment may land on, else at the open ones. For rows that lay in Kafka longer than two weeks."""


class CorrectionsConfig(dg.Config):
    """How far back to look."""

    days: int = Field(default=7, ge=1, le=400)
    """Business dates, today included. A provisional rate is at most five TARGET days old and a late merchant comes with
    the next night's snapshot; every further day at 500 events/s is a scan of some 40 GB."""
    max_rows: int = Field(default=MAX_ROWS, ge=1_000, le=100_000_000)
    """Rows of one day that may change: they are held until they are written, at 2 kB each. A day that needs more
    fails and says so; start it again with more of both."""
    max_gib: int = Field(default=0, ge=0, le=100_000)
    """GiB that the query of one day may bill. 0: 64, some $0.40 and enough for 500 events/s, and as many times that as
    the busiest day lately was larger. A day that needs more fails and says so."""


@dg.asset(
    name="payments_corrections",
    deps=["payments", "merchants", "fx_rates"],
    group_name="payments",
    owners=OWNERS,
    kinds={"bigquery", "polars"},
    pool=BATCH_WRITES,
    description=(
        "Enriches again, with today's merchants and rates, payments that were landed without them or with older ones, "
        "and appends a superseding row where a value really changes. Nothing is updated; a repeat appends nothing."
    ),
)
def payments_corrections(
    context: dg.AssetExecutionContext, config: CorrectionsConfig, warehouse: dg.ResourceParam[LandedWarehouse]
) -> dg.MaterializeResult[None]:
    """Correct the last days. A retry within the run commits what the first attempt wrote."""
    from assets.payments.pending_bigquery import BigQueryBatchWarehouse
    from streaming.adapters.bigquery import BigQueryWarehouse

    at, settings, client = datetime.now(UTC), warehouse.settings(), warehouse.client()
    days = [at.date() - timedelta(days=ago) for ago in range(config.days - 1, -1, -1)]
    with closing(BigQueryWarehouse(settings, arrow_schema())) as live:
        reference = todays_reference(live)
    with closing(BigQueryBatchWarehouse(client, settings)) as batch:
        try:
            done = correct(
                client,
                f"{warehouse.project}.{warehouse.dataset}",
                batch,
                reference,
                days,
                replay_id=f"correction-{context.run.run_id}",
                reporting_currency=settings.reporting_currency,
                at=at,
                max_rows=config.max_rows,
                max_gib=config.max_gib or MAX_GIB * size_of(client, warehouse.dataset, at.date()),
            )
        except CorrectionsFailed as error:
            raise dg.Failure(str(error), metadata=_corrected(error.done, days)) from error
    context.log.info("%s rows appended on %s", f"{done.appended:,}", ", ".join(map(str, done.days)) or "no day")
    return dg.MaterializeResult(metadata=_corrected(done, days))


def _corrected(done: Corrections, days: list[date]) -> dict[str, dg.MetadataValue]:
    counts = {
        "looked at": done.candidates,
        "another merchant": done.merchant,
        "another amount": done.money,
        "rows appended": done.appended,
    }
    rows = [f"| {name} | {count:,} |" for name, count in counts.items()]
    return {
        "rows_appended": dg.MetadataValue.int(done.appended),
        "looked_at": dg.MetadataValue.text(f"{days[0]} to {days[-1]}"),
        "days_touched": dg.MetadataValue.text(", ".join(map(str, done.days)) or "none"),
        "corrections": dg.MetadataValue.md("\n".join(["| payments | count |", "|---|---:|", *rows])),
    }


@dg.asset(
    name="payments_settled",
    deps=["payments", "payments_corrections"],
    group_name="payments",
    owners=OWNERS,
    kinds={"bigquery"},
    pool=BUILT_DAYS,
    metadata={"dagster/column_schema": column_schema("payments_settled"), "partition_expr": "business_date"},
    description=(
        "Payments of days that are over, deduplicated and clustered by merchant: the view `payments` reads them here "
        "instead of making them of landing rows. Each hour the days are built anew of which landing rows came."
    ),
)
def payments_settled(
    context: dg.AssetExecutionContext, config: SettledConfig, warehouse: dg.ResourceParam[SettledWarehouse]
) -> dg.MaterializeResult[None]:
    """Build what changed and move the date in the view. Raises dagster's Failure for a clock that is wrong: one that is
    ahead would settle days that are open, and the date never goes back."""
    client, now, late = warehouse.client(), datetime.now(UTC), whole_look(warehouse.settings().max_past_days)
    looks = _last_looks(context, "payments_settled")
    if config.days:
        looks, late = LastLooks(looks.last, None), max(late, config.days)
    with typed_refusals("build settled days"):
        try:
            require_agreement(now, warehouse_now(client))
        except ClocksDiffer as error:
            raise dg.Failure(str(error), allow_retries=False) from None
        done = settle(client, warehouse.dataset, now, warehouse.settle_after_days, looks, all_days=late)
    for day, rows in done.rows.items():
        context.log.info("%s: %s payments", day, f"{rows:,}")
    for day in done.kept:
        context.log.warning("%s: landing has fewer rows than the day was built from: left as it was", day)
    return dg.MaterializeResult(
        metadata={
            "days_rebuilt": len(done.rows),
            "days_kept": dg.MetadataValue.text(", ".join(map(str, done.kept)) or "none"),
            "settled_before": dg.MetadataValue.text(_reached(done.settled_before)),
            "bytes_read": done.bytes,
            **_looked(now, done.whole),
            "rebuilt": _days_built(done.rows),
        }
    )


def _reached(settled_before: date) -> str:
    return "nothing settled yet" if settled_before == NOTHING_SETTLED else settled_before.isoformat()


@dg.asset(
    name="payments_daily",
    deps=["payments", "payments_corrections", "payments_settled"],
    group_name="payments",
    owners=OWNERS,
    kinds={"bigquery"},
    pool=BUILT_DAYS,
    metadata={"dagster/column_schema": column_schema("payments_daily"), "partition_expr": "business_date"},
    description=(
        "The report that the nightly batch used to make: per business date, merchant, currency and type, counts and "
        "exact sums. Each hour the days are built anew whose payments changed: of settled days any, of open ones "
        "those of which landing rows came."
    ),
)
def payments_daily(
    context: dg.AssetExecutionContext, warehouse: dg.ResourceParam[LandedWarehouse]
) -> dg.MaterializeResult[None]:
    """Rebuild the days that changed."""
    now, late = datetime.now(UTC), whole_look(warehouse.settings().max_past_days)
    looks = _last_looks(context, "payments_daily")
    with typed_refusals("build the report"):
        built = build_changed(warehouse.client(), warehouse.dataset, now, looks, all_days=late)
    for day, events in built.events.items():
        context.log.info("%s: %s payments", day, f"{events:,}")
    looked = f"{built.looked_at[0]} to {built.looked_at[-1]}"
    return dg.MaterializeResult(
        metadata={
            "days_rebuilt": len(built.events),
            "looked_at": looked,
            **_looked(now, built.whole),
            "rebuilt": _days_built(built.events),
        }
    )


def _days_built(payments_of_days: Mapping[date, int]) -> dg.MarkdownMetadataValue:
    rows = [f"| {day} | {payments:,} |" for day, payments in payments_of_days.items()] or ["| none changed | |"]
    return dg.MetadataValue.md("\n".join(["| day rebuilt | payments |", "|---|---:|", *rows]))


LAST_LOOK: Final = "looked_at_open_days"
WHOLE_LOOK: Final = "looked_at_all_days"
"""Metadata: when a run did. The next runs read it."""
_LOOKS_READ: Final = 50
"""Two days of hourly runs."""


def _looked(now: datetime, whole: bool) -> dict[str, dg.MetadataValue]:
    at = dg.MetadataValue.timestamp(now)
    return {LAST_LOOK: at, WHOLE_LOOK: at} if whole else {LAST_LOOK: at}


def _last_looks(context: dg.AssetExecutionContext, asset: str) -> LastLooks:
    """When runs of this asset last looked; where none did lately, the next one looks at everything."""
    records = context.instance.fetch_materializations(dg.AssetKey(asset), limit=_LOOKS_READ).records
    found = [record.asset_materialization.metadata for record in records if record.asset_materialization]
    return LastLooks(_newest(found, LAST_LOOK), _newest(found, WHOLE_LOOK))


def _newest(materialized: Sequence[Mapping[str, dg.MetadataValue]], name: str) -> datetime | None:
    for metadata in materialized:  # the newest first
        if name in metadata:
            return datetime.fromtimestamp(float(str(metadata[name].value)), UTC)
    return None
