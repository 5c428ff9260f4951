"""Prices, figures and lines for programs: every figure is the text of a decimal, whole, never a float."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

from assets.cost.drivers import Driver
from assets.cost.lines import COMPONENTS, Line
from assets.cost.model import Bill
from assets.cost.prices import Price, PriceBook
from assets.cost.render import title
from assets.cost.render.figures import marked
from assets.cost.scenario import Scenario
from assets.cost.trust import assumed_share, is_assumed, reasons


def number(value: Decimal) -> str:
    """A decimal's digits, without exponent."""
    return f"{value:f}"


def flat(value: Any) -> str:
    """A value for a cell of CSV; what is nested is JSON within it."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def of_scenario(scenario: Scenario) -> dict[str, Any]:
    """Every setting, nested ones too; a scenario without a title has what it changes there."""
    return {**_plain(vars(scenario)), "title": title.of(scenario)}


def _plain(settings: dict[str, Any]) -> dict[str, Any]:
    def one(value: Any) -> Any:
        if isinstance(value, Decimal):
            return number(value)
        return _plain(vars(value)) if hasattr(value, "__dataclass_fields__") else value

    return {name: one(value) for name, value in settings.items()}


def of_bill(bill: Bill) -> dict[str, Any]:
    """A month's totals under the scenario's commitment."""
    return {
        "usd": number(bill.usd),
        "per_million_events": number(bill.per_million_events),
        "assumed_share": number(assumed_share(bill)),
        "by_component": {component: number(bill.of(component)) for component in COMPONENTS},
    }


def of_line(line: Line, bill: Bill, prices: PriceBook, on: date) -> dict[str, Any]:
    """One line with its price and the names of its drivers."""
    return {
        "key": line.key,
        "component": line.use.component,
        "label": line.use.label,
        "usd": dict(zip(("list", "1y", "3y"), map(number, line.usd_by_term), strict=True)),
        "quantity": number(line.use.quantity),
        "free": number(line.free),
        "how": line.use.how,
        "price": of_price(line.price),
        "credit": line.use.currency_sku or None,
        "weak": list(reasons(line, prices, on)),
        "assumed": is_assumed(line, bill.month.drivers),
        "drivers": list(line.use.drivers),
    }


def of_price(price: Price, on: date | None = None) -> dict[str, Any]:
    """One line of the price book; with a day, also why it is weak then."""
    tiers = [{"up_to": tier.up_to and number(tier.up_to), "price": number(tier.price)} for tier in price.tiers]
    judged = {} if on is None else {"missing": price.price is None, "weak": list(price.weak(on))}
    return {
        "sku": price.sku,
        "unit": price.unit,
        "price": None if price.price is None else number(price.price),
        "currency": price.currency,
        "region": price.region,
        "as_of": None if price.as_of is None else price.as_of.isoformat(),
        "grade": price.grade,
        **judged,
        "free": number(price.free),
        "tiers": tiers,
        "committed": {term: number(saved) for term, saved in (price.committed or {}).items()},
        "source": price.source,
        "notes": price.notes,
    }


def of_driver(driver: Driver, value: Decimal | None = None) -> dict[str, Any]:
    """One figure; `shown` carries the mark of an assumed one. `value` is what a bill used, if that is another."""
    used = number(driver.value if value is None else value)
    return {
        "value": used,
        "shown": marked(used, assumed=driver.assumed),
        "low": number(driver.low),
        "high": number(driver.high),
        "unit": driver.unit,
        "kind": driver.kind,
        "assumed": driver.assumed,
        "what": driver.what,
        "source": driver.source,
        "run": driver.run,
        "machine": driver.machine,
        "date": driver.date,
    }
