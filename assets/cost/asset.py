"""Dagster's view of the bill: projected each day from what the stream measured, with its picture and its check."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final, Protocol

import dagster as dg
from pydantic import Field

from assets.checks.ask import CheckNotAsked
from assets.checks.thresholds import THRESHOLDS
from assets.cost import drivers, prices, scenario
from assets.cost.daily_projection import LAST, DailyProjection, project_day
from assets.cost.drawing import Bar, as_markdown, bars
from assets.cost.lines import COMPONENTS
from assets.cost.live_sources import read_day, read_members
from assets.cost.prices import PriceMissing
from assets.cost.scenario import BadScenario
from assets.warehouse.asset import Warehouse
from assets.warehouse.size import size_of

CHECK: Final = "projection_within_band"
LINES_SHOWN: Final = 12
"""The dearest of some thirty: `tidemark cost explain` has them all."""


class Stream(Protocol):
    """The resource `stream`: where the members leave their heartbeats."""

    state_dir: str


class CostConfig(dg.Config):
    """What is projected."""

    scenario: str = Field(default="default", description="A bundled scenario's name, or a YAML file.")
    day: str = Field(default="", description="The closed day to measure, 2026-11-29; empty: yesterday, UTC.")


@dg.asset(
    name="cost_projection",
    deps=["payments", "payments_daily"],
    group_name="cost",
    owners=["team:data-platform"],
    kinds={"python"},
    check_specs=[
        dg.AssetCheckSpec(
            CHECK,
            asset="cost_projection",
            description="What the stream measured keeps month 13 between P10 and P90 of the committed projection",
        )
    ],
    description=(
        "The monthly bill, projected from yesterday's rate, shares and bytes and from the members' CPU and memory, "
        "at dated list prices. `tidemark cost` prints the same model for any rate."
    ),
)
def cost_projection(
    config: CostConfig, warehouse: dg.ResourceParam[Warehouse], stream: dg.ResourceParam[Stream]
) -> dg.MaterializeResult:  # type: ignore[type-arg]  # with a check, Dagster refuses the annotation with None
    """Measure a closed day, project from it. Raises dagster's Failure for a scenario or a price that is not there."""
    now = datetime.now(UTC)
    day = _day(config.day) or now.date() - timedelta(days=1)
    client = warehouse.client()
    thresholds = THRESHOLDS.for_size(size_of(client, warehouse.dataset, now.date()))
    try:
        measured = read_day(client, warehouse.dataset, day, thresholds)
        found = project_day(
            scenario.read(config.scenario),
            drivers.read(),
            prices.read(),
            measured,
            read_members(Path(stream.state_dir)),
            on=now.date(),
        )
    except (BadScenario, PriceMissing) as error:
        raise dg.Failure(str(error), allow_retries=False) from None
    except CheckNotAsked as silence:
        raise dg.Failure(f"the day {day} was not measured: {silence}") from None
    return dg.MaterializeResult(metadata=metadata(found), check_results=[verdict(found)])


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise dg.Failure(f"day is {text!r}: give a date as 2026-11-29", allow_retries=False) from None


def verdict(found: DailyProjection) -> dg.AssetCheckResult:
    """The check: a warning outside of the band, since nobody is paged for a bill."""
    return dg.AssetCheckResult(
        check_name=CHECK,
        passed=found.within,
        severity=dg.AssetCheckSeverity.WARN,
        description=found.line,
        metadata={
            "usd_month_13": float(found.now.bills[LAST].usd),
            "p10": float(found.bands.total.p10),
            "p90": float(found.bands.total.p90),
            "moved": dg.MetadataValue.md(moved_table(found)),
        },
    )


def metadata(found: DailyProjection) -> dict[str, dg.MetadataValue]:
    """Figures that the page plots over time, tables, and the picture. Dollars are rounded to cents here, no earlier."""
    bill = found.now.bills[LAST]
    rows = [Bar(part, bill.of(part), found.bands.by_component[part]) for part in COMPONENTS]
    title = f"Dollars of month {LAST} by component at {bill.month.scenario.rate_per_s:,.0f} events/s"
    return {
        **{f"usd_month_{n}": dg.MetadataValue.float(round(float(b.usd), 2)) for n, b in found.now.bills.items()},
        "usd_per_million_events": dg.MetadataValue.float(round(float(bill.per_million_events), 4)),
        "events_per_s": dg.MetadataValue.float(round(float(bill.month.scenario.rate_per_s), 1)),
        "measured": dg.MetadataValue.text(found.line),
        "picture": dg.MetadataValue.md(as_markdown(title, bars(title, rows))),
        "lines": dg.MetadataValue.md("\n".join(_lines(found))),
        "moved": dg.MetadataValue.md(moved_table(found)),
    }


def _lines(found: DailyProjection) -> Iterator[str]:
    bill = found.now.bills[LAST]
    yield f"| line of month {LAST} | dollars | how |"
    yield "|---|---:|---|"
    for line in sorted(bill.lines, key=lambda each: -each.usd)[:LINES_SHOWN]:
        yield f"| {line.use.label} | {line.usd:,.2f} | {line.use.how} |"


def moved_table(found: DailyProjection) -> str:
    """What was measured against what was committed, and what each alone does to month 13."""
    rows = [f"| {m.name} | {m.before:,.4g} | {m.now:,.4g} | {m.usd:+,.2f} |" for m in found.moved]
    return "\n".join(["| figure | committed | measured | dollars |", "|---|---:|---:|---:|", *rows])
