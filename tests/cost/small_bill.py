"""A bill of a few lines with round figures, so that a test can say what must be shown."""

from datetime import date
from decimal import Decimal

from assets.cost.drivers import Driver, Drivers
from assets.cost.lines import Month, Use
from assets.cost.model import Bill, priced
from assets.cost.prices import Price, PriceBook
from assets.cost.scenario import Scenario
from assets.cost.tiers import Tier

TODAY = date(2026, 11, 30)


def driver(name, value, low, high, kind, **more):
    return Driver(
        name, "bytes", Decimal(value), Decimal(low), Decimal(high), kind, f"source of {name}", f"what {name} is", **more
    )


def figures(**values):
    of_run = {"run": "abc123", "machine": "two cores", "date": "2026-11-23"}
    known = {
        "measured_bytes": driver("measured_bytes", 300, 250, 350, "measured", **of_run),
        "guessed_bytes": driver("guessed_bytes", 20, 10, 40, "assumed"),
    }
    return Drivers(known).replaced({name: Decimal(value) for name, value in values.items()})


def price(sku, amount, unit="GiB", as_of=date(2026, 9, 1), grade="A", **more):
    amount = None if amount is None else Decimal(amount)
    return Price(sku, unit, amount, "us-central1", as_of, grade, f"https://prices.example/{sku}", **more)


BOOK = PriceBook(
    (
        price("good", "0.10", committed={"1y": Decimal("0.2"), "3y": Decimal("0.4")}),
        price("old", "2", as_of=date(2026, 1, 1), grade="B"),
        price("undated", "1", as_of=None, grade="C"),
        price("tiered", "1", free=Decimal(10), tiers=(Tier(Decimal(100), Decimal(1)), Tier(None, Decimal("0.5")))),
        price("in_credits", "3", unit="credits per hour", currency="credits"),
        price("credit", "2", unit="credit"),
        price("lost", None, as_of=None, grade="X"),
    )
)
USES = (
    Use("kafka.disks", "kafka", "disks", "good", Decimal(1000), "10 disks x 100 GiB", ("measured_bytes",)),
    Use("engine.cores", "engine", "cores", "old", Decimal(30), "3 x 10", ("measured_bytes", "guessed_bytes")),
    Use("warehouse.queries", "warehouse", "queries", "tiered", Decimal(50), "50 GiB", ("guessed_bytes",)),
    Use("warehouse.audits", "warehouse", "audits", "tiered", Decimal(80), "80 GiB"),
    Use("warehouse.hours", "warehouse", "hours", "in_credits", Decimal(7), "7 h", currency_sku="credit"),
)


def bill(uses=USES, book=BOOK, drivers=None, **choices):
    scenario = Scenario(**{"name": "small", "title": "a small one", **choices})
    month = Month(scenario, drivers or figures(), 13, (Decimal(2_000_000),) * 13)
    return Bill(month, priced(uses, book))
