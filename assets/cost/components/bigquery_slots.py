"""BigQuery with its queries on slots that scale by themselves, instead of by the byte: the same ingest and storage.

Enterprise edition without baseline or commitment: it promises 99.99 % as on-demand does, Standard 99.9 %
(cloud.google.com/bigquery/docs/editions-intro). Slots come in steps of 50 and are billed while they are there, used or
not. Fluid scaling is on, which bills them by the second; it has to be asked for (the project's option
`preflight_fluid_autoscaling_reservations`). Without it a step is billed for a minute at least: at 500 events/s our
27,000 statements a month would then cost more than on demand (cloud.google.com/bigquery/docs/slots, autoscaling).
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from assets.cost import scans
from assets.cost.components import bigquery
from assets.cost.drivers import Drivers
from assets.cost.lines import Month, Use
from assets.cost.scans import Scan
from assets.cost.units import TB

SLOT_HOUR: Final = "gcp.bigquery.slot_hour.enterprise"
STEP: Final = 50
"""Slots (same page)."""
LEAST_S: Final = 1
"""Seconds of a step that a statement takes at least; assumed: planning and a shuffle or two."""
DRIVERS: Final = ("scan_bytes_per_slot_s", "slots_busy_share")
"""Names of the figures that turn bytes into slot-hours."""


def uses(month: Month) -> Iterator[Use]:
    """What a month of BigQuery uses where slots answer."""
    yield bigquery.ingest(month)
    yield from bigquery.storage(month)
    yield from queries(month)


def queries(month: Month) -> Iterator[Use]:
    """All statements, a line a group as on demand, by the slot-hours that they take."""
    asked = bigquery.statements(month)
    for group, label in bigquery.LABELS.items():
        of_group = scans.of(group, asked)
        hours = sum((scan.runs * slot_hours(scan.read(month), month.drivers) for scan in of_group), Decimal(0))
        names = (*DRIVERS, *bigquery.drivers_of(group))
        how = f"{bigquery.largest(of_group, month)}: {_in_words(of_group, month)}: {hours:,.0f} slot-hours"
        region = month.scenario.warehouse_region
        yield Use(f"warehouse.{group}", "warehouse", label, SLOT_HOUR, hours, how, names, region)


def slot_hours(size: Decimal, drivers: Drivers) -> Decimal:
    """Slot-hours billed for one statement that reads so many bytes: those that work and those that stand by, or the
    least, which is billed as it is."""
    working = size / drivers["scan_bytes_per_slot_s"]
    return max(working / drivers["slots_busy_share"], Decimal(STEP * LEAST_S)) / 3600


def _in_words(asked: tuple[Scan, ...], month: Month) -> str:
    busy, speed = month.drivers["slots_busy_share"], month.drivers["scan_bytes_per_slot_s"]
    return (
        f"{scans.read(asked, month) / TB:,.1f} TB at {speed / 10**6:,.0f} MB a slot-second, {STEP} slot-seconds at "
        f"least, {busy:.0%} of the slots busy"
    )
