"""Dagster's view of the FX rates: one asset, a partition per calendar day; a day's run publishes that day."""

from datetime import UTC, date, datetime
from typing import Final

import dagster as dg
from pydantic import Field

from assets.fx.gate import Rule
from assets.fx.load import FxLoaded, load_fx_rates
from assets.fx.source import FxSource
from assets.warehouse.asset import Warehouse, column_schema
from assets.warehouse.publish import PublicationRefused
from assets.warehouse.refusals import typed_refusals
from streaming.reference.calendar import is_target_day

PARTITIONS: Final = dg.DailyPartitionsDefinition(start_date="2026-01-01", timezone="UTC", end_offset=1)
"""Calendar days in UTC, today included: its rates appear at 16:00 in Frankfurt. A payment is at most 30 days late."""
ROWS_SHOWN: Final = 50
"""A snapshot has 30 to 40 currencies."""
_NOT_YET: Final = frozenset({Rule.EMPTY, Rule.STALE})


class FxRatesConfig(dg.Config):
    """What a person has looked at."""

    accepted: list[str] = Field(default_factory=list)
    """Reasons of the gate to accept, as the rejection names them: `JUMP:TRY`, `MISSING_CURRENCY:RUB`."""


@dg.asset(
    name="fx_rates",
    group_name="reference",
    owners=["team:data-platform"],
    kinds={"bigquery", "polars"},
    pool="reference",
    partitions_def=PARTITIONS,
    metadata={"dagster/column_schema": column_schema("fx_rates"), "partition_expr": "rate_date"},
    description=(
        "Foreign exchange snapshots, one a TARGET day, units per euro as the ECB publishes them. A quality gate "
        "rejects a file as a whole and says why; a revision is a new snapshot of the day beside the old one. On a day "
        "without TARGET there is nothing to publish and the run says so."
    ),
)
def fx_rates(
    context: dg.AssetExecutionContext,
    config: FxRatesConfig,
    warehouse: dg.ResourceParam[Warehouse],
    fx_source: dg.ResourceParam[FxSource],
) -> dg.MaterializeResult[None]:
    """Publish the partition's day. Raises dagster's Failure; it allows retries where the day is not published yet."""
    day = date.fromisoformat(context.partition_key)
    if not is_target_day(day):
        return dg.MaterializeResult(metadata={"dagster/partition_row_count": 0, "note": "TARGET is closed on this day"})
    at = datetime.now(UTC)
    try:
        with typed_refusals("load the rates"):
            loaded = load_fx_rates(
                warehouse.client(), warehouse.dataset, fx_source, day, day, at=at, accepted=config.accepted
            )
    except PublicationRefused as refused:
        raise dg.Failure(str(refused)) from None
    if not loaded.accepted:
        raise _rejected(loaded)
    context.log.info("version %s, revisions %s", loaded.version, loaded.revisions or "none: it stands already")
    return dg.MaterializeResult(metadata=_metadata(loaded))


def _rejected(loaded: FxLoaded) -> dg.Failure:
    listed = "; ".join(map(str, loaded.reasons))
    acceptable = sorted({reason.accepted_as for reason in loaded.reasons} - {""})
    metadata: dict[str, dg.MetadataValue] = {"reasons": dg.MetadataValue.md(reasons_table(loaded))}
    if acceptable:
        metadata["to_accept"] = dg.MetadataValue.json({"accepted": acceptable})
    if loaded.note:
        metadata["note"] = dg.MetadataValue.text(loaded.note)
    return dg.Failure(
        f"rates rejected, nothing changed: {listed}{f'; {loaded.note}' if loaded.note else ''}",
        metadata=metadata,
        allow_retries=all(reason.rule in _NOT_YET for reason in loaded.reasons),
    )


def _metadata(loaded: FxLoaded) -> dict[str, dg.MetadataValue]:
    revised = {day.isoformat(): revision for day, revision in loaded.revisions.items()}
    return {
        "dagster/partition_row_count": dg.MetadataValue.int(len(loaded.rates)),
        "version": dg.MetadataValue.text(loaded.version),
        "new_revisions": dg.MetadataValue.json(revised),
        "source": dg.MetadataValue.text(", ".join(loaded.rates["source"].unique().sort())),
        "rates": dg.MetadataValue.md(rates_table(loaded)),
        **({"note": dg.MetadataValue.text(loaded.note)} if loaded.note else {}),
    }


def reasons_table(loaded: FxLoaded) -> str:
    """The gate's reasons as a Markdown table."""
    rows = [f"| {r.rule} | {r.rate_date or ''} | {r.currency} | {r.says} |" for r in loaded.reasons[:ROWS_SHOWN]]
    return "\n".join(["| rule | day | currency | figures |", "|---|---|---|---|", *rows])


def rates_table(loaded: FxLoaded) -> str:
    """The snapshot as a Markdown table."""
    shown = loaded.rates.select("currency", "rate", "source").head(ROWS_SHOWN)
    rows = [f"| {currency} | {rate.normalize():f} | {source} |" for currency, rate, source in shown.iter_rows()]
    return "\n".join(["| currency | per euro | source |", "|---|---:|---|", *rows])
