"""Dagster's view of `payments`: live from the stream, and replayed: to materialize a partition is to replay that day.

The stream's own reports are materializations without a run (`orchestration.supervision`). One that is a replay's has
the metadata `replay_id`, which no live report has.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Final, Literal, Protocol

import dagster as dg
from pydantic import Field

from assets.payments.asset import BATCH_WRITES, DAYS, OWNERS, LandedWarehouse
from assets.payments.replay.manifest import counts
from assets.payments.replay.options import DEFAULT_RATE, MAX_RATE, Options, ReplayRefused
from assets.payments.replay.report import difference_table, examples_table
from assets.payments.replay.run import DayReplayed, run_replay
from assets.payments.replay.tools import opened
from assets.warehouse.asset import column_schema
from streaming.ports import BrokerError, WarehouseError
from streaming.reference.tables import ReferenceError
from streaming.settings import Settings, SettingsError


class StreamSettings(Protocol):
    """The resource `stream`: what a member of the stream is told."""

    def environment(self) -> Mapping[str, str]:
        """The environment of a member, with Kafka's address and the MAC key."""


class ReplayConfig(dg.Config):
    """How to replay the day. What is left out is the newest."""

    source: Literal["kafka", "landing"] = Field(
        default="kafka",
        description="kafka: decode the records again, within the topic's retention. landing: enrich the stored rows "
        "again, any day.",
    )
    merchants_version: str | None = Field(
        default=None, description="Version of the merchants; the newest if not given."
    )
    fx_as_known_at: str | None = Field(
        default=None, description="Rates recorded by this time, RFC 3339 with its zone; all of them if not given."
    )
    publish: bool = Field(
        default=False,
        description="Append the rows that differ as newer revisions. Refused for older versions and while a "
        "difference is unexplained.",
    )
    rate: float = Field(
        default=DEFAULT_RATE, ge=1, le=MAX_RATE, description="Records a second at most: the stream goes first."
    )
    replay_id: str | None = Field(
        default=None, description="Repeat this replay, for one that was cut off while it published; else the run's."
    )


def payments(freshness: dg.FreshnessPolicy) -> dg.AssetsDefinition:
    """What analysts read, a partition per business date; `freshness` judges the newest report, live or replay."""

    @dg.asset(
        name="payments",
        deps=["kafka_payments", "merchants", "fx_rates"],
        group_name="payments",
        owners=OWNERS,
        kinds={"bigquery", "polars"},
        partitions_def=DAYS,
        backfill_policy=dg.BackfillPolicy.multi_run(max_partitions_per_run=1),
        pool=BATCH_WRITES,
        freshness_policy=freshness,
        metadata={"dagster/column_schema": column_schema("payments_landing"), "partition_expr": "business_date"},
        description=(
            "Payments, one row per event and business date, queryable seconds after Kafka has them. Each minute the "
            "stream's supervisor reports lag, latency to queryable, rows landed and quarantined, without a run. "
            "To materialize a partition is to replay that day: it is made anew beside the table and compared; what "
            "the page shows then has a replay_id."
        ),
    )
    def replayed(
        context: dg.AssetExecutionContext,
        config: ReplayConfig,
        warehouse: dg.ResourceParam[LandedWarehouse],
        stream: dg.ResourceParam[StreamSettings],
    ) -> dg.MaterializeResult[None]:
        day = date.fromisoformat(context.partition_key)
        done = _replay(day, config, warehouse, stream, run_id=context.run.run_id, say=context.log.info)
        if not done.passed:
            raise dg.Failure(_why(done), metadata=shown(done), allow_retries=False)
        return dg.MaterializeResult(metadata=shown(done))

    return replayed


replay_job: Final = dg.define_asset_job(
    "payments_replay",
    dg.AssetSelection.assets("payments").without_checks(),
    description=(
        "Replays days: choose partitions. The checks of payments are not part of it: they look at the live table, and "
        "results that belong to a run are outdated by the stream's next report."
    ),
)


def _replay(
    day: date,
    config: ReplayConfig,
    warehouse: LandedWarehouse,
    stream: StreamSettings,
    *,
    run_id: str,
    say: Callable[[str], None],
) -> DayReplayed:
    """Raises dagster's Failure with one line for what can not be done as asked."""
    try:
        options = _options(config, run_id)
        settings = _settings(warehouse, stream, needs_kafka=options.source == "kafka")
        with opened(settings, warehouse.client(), time.sleep) as tools:
            return run_replay(settings, [day], options, say, tools)[0]
    except (ReplayRefused, SettingsError, ReferenceError) as refused:
        raise dg.Failure(str(refused), allow_retries=False) from None
    except (WarehouseError, BrokerError) as silent:
        raise dg.Failure(str(silent)) from None


def _options(config: ReplayConfig, run_id: str) -> Options:
    return Options(
        replay_id=config.replay_id or f"replay-{run_id}",
        source=config.source,
        merchants_version=config.merchants_version,
        fx_as_known_at=None if config.fx_as_known_at is None else known_at(config.fx_as_known_at),
        publish=config.publish,
        rate=config.rate,
    )


def known_at(text: str) -> datetime:
    """A time from a run's configuration. Raises ReplayRefused."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ReplayRefused(f"fx_as_known_at must be a time like 2026-11-24T18:00:00Z, not {text!r}") from None


def _settings(warehouse: LandedWarehouse, stream: StreamSettings, *, needs_kafka: bool) -> Settings:
    """The warehouse is the resource's; Kafka and the MAC key are a member's, asked for only where they are needed."""
    own = warehouse.settings()
    if not needs_kafka:
        return own
    names = ("bigquery_project", "bigquery_dataset", "bigquery_rest_endpoint", "bigquery_grpc_endpoint")
    wanted = {name: getattr(own, name) for name in (*names, "reporting_currency")}
    return replace(Settings.from_environment(stream.environment()), **wanted)


def _why(done: DayReplayed) -> str:
    if done.difference.unexplained:
        return f"{done.day}: unexplained differences: {done.difference.unexplained:,}, see the examples"
    return f"{done.day}: not published: {done.refused}"


def shown(done: DayReplayed) -> dict[str, dg.MetadataValue]:
    """A replay as metadata: counts that the page plots, the tables, the manifest."""
    figures = {name: count for name, count in counts(done.difference).items() if isinstance(count, int)}
    return {
        "replay_id": dg.MetadataValue.text(done.manifest.options.replay_id),
        "difference": dg.MetadataValue.md(difference_table(done.difference)),
        "examples": dg.MetadataValue.md(examples_table(done.difference.examples)),
        "manifest": dg.MetadataValue.json(done.manifest.as_json(done.difference)),
        "shadow_table": dg.MetadataValue.text(done.manifest.shadow),
        "dagster/partition_row_count": dg.MetadataValue.int(done.manifest.made.rows),
        **{name: dg.MetadataValue.int(count) for name, count in figures.items()},
        **({} if done.published is None else {"rows_published": dg.MetadataValue.int(done.published)}),
    }
