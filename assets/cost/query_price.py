"""What a statement costs, by the way in which the scenario pays BigQuery's queries: bytes, or slot-hours.

For answers beside the bill, which are at list price: free parts are left out, since the bill has used them up.
"""

from decimal import Decimal

from assets.cost.components.bigquery import ON_DEMAND
from assets.cost.components.bigquery_slots import DRIVERS, SLOT_HOUR, slot_hours
from assets.cost.lines import Month
from assets.cost.prices import PriceBook
from assets.cost.scans import LEAST_BYTES, Scan
from assets.cost.units import TIB


def list_price(month: Month, prices: PriceBook, sku: str) -> Decimal:
    """Dollars a unit where the warehouse is. Raises PriceMissing."""
    found = prices.get(sku, month.scenario.warehouse_region).price
    assert found is not None  # `get` raises
    return found


def once(size: Decimal, month: Month, prices: PriceBook, tables: int = 1) -> Decimal:
    """Dollars of one statement that reads so many bytes of so many tables. Raises PriceMissing."""
    if month.scenario.queries == "slots":
        return slot_hours(size, month.drivers) * list_price(month, prices, SLOT_HOUR)
    return max(size, tables * LEAST_BYTES) / TIB * list_price(month, prices, ON_DEMAND)


def of_scan(scan: Scan, month: Month, prices: PriceBook) -> Decimal:
    """Dollars a month of a statement that runs again and again. Raises PriceMissing."""
    return scan.runs * once(scan.read(month), month, prices, scan.tables)


def drivers_of(month: Month) -> tuple[str, ...]:
    """Names of the figures that turn bytes into dollars."""
    return DRIVERS if month.scenario.queries == "slots" else ()
