"""The page of `tidemark cost explain`: one line of a bill, or the list of all."""

from decimal import Decimal
from typing import Any

from assets.cost.explain import Explained
from assets.cost.lines import Line
from assets.cost.model import Bill
from assets.cost.prices import Price
from assets.cost.render import figures, qualms, records
from assets.cost.render.page import Cell, Page, Remarks, Table, cell, columns, row
from assets.cost.tiers import Tier
from assets.cost.trust import is_assumed, paid


def keys(bill: Bill) -> Page:
    """Every line of a bill with what it costs."""
    rows = [
        row(
            line.key,
            line.use.label,
            cell(figures.dollars(paid(line, bill)), assumed=is_assumed(line, bill.month.drivers)),
        )
        for line in bill.lines
    ]
    rows.append(row("", "total", figures.dollars(bill.usd)))
    table = Table("", columns("<line", "<", "a month"), tuple(rows), footer=1)
    return Page("Lines that `tidemark cost explain` takes", _where(bill), (table, qualms.legend()))


def explained(found: Explained) -> Page:
    """One line and what stands behind it."""
    parts: list[Table | Remarks] = [_sum(found), _price(found)]
    if found.line.price.tiers:
        parts.append(_tiers(found.line.price.tiers, found.line.price.unit))
    if found.drivers:
        parts.append(_drivers(found))
    parts.append(qualms.legend())
    return Page(f"{found.line.key}: {found.line.use.label}", _where(found.bill), tuple(parts))


def _where(bill: Bill) -> str:
    scenario = bill.month.scenario
    return f"Month {bill.month.number} of scenario {scenario.name} at {figures.rate(scenario.rate_per_s)}."


def _facts(title: str, *facts: tuple[str, Cell | str]) -> Table:
    return Table(title, columns("<", "<"), tuple(row(name, text) for name, text in facts if text))


def _sum(found: Explained) -> Table:
    line, use, unit = found.line, found.line.use, found.line.price.unit
    listed, year, three_years = map(figures.dollars, line.usd_by_term)
    shared = f", shared with {', '.join(found.shared_with)}" if found.shared_with else ""
    return _facts(
        "",
        ("a month", cell(listed, assumed=found.assumed)),
        ("committed", f"{year} for 1 year, {three_years} for 3" if line.price.committed else ""),
        ("quantity", cell(f"{figures.quantity(use.quantity)} {unit}", assumed=found.assumed)),
        ("made of", use.how),
        ("free of it", f"{figures.quantity(line.free)} {unit}{shared}" if line.price.free else ""),
        ("so", _arithmetic(found)),
    )  # fmt: skip


def _arithmetic(found: Explained) -> str:
    line = found.line
    assert line.price.price is not None  # a line has a price
    billed = figures.quantity(line.use.quantity - line.free)
    if line.price.tiers:
        each = "nothing" if found.each is None else f"${figures.plain(figures.rounded(found.each, 4))}"
        return (
            f"{billed} {line.price.unit} through the tiers below, {each} each on average = {figures.dollars(line.usd)}"
        )
    product = f"{billed} x {amount(line.price)}"
    if found.credit is not None:
        product += f" x {amount(found.credit)} a credit"
    return f"{product} = {figures.dollars(line.usd)}"


def amount(price: Price) -> str:
    """`$0.04` or `1.25 credits`, whole; `not found` where there is none."""
    if price.price is None:
        return "not found"
    return f"${price.price:f}" if price.currency == "USD" else f"{price.price:f} {price.currency}"


def _price(found: Explained) -> Table:
    price = found.line.price
    return _facts(
        "Price",
        ("sku", price.sku),
        ("price", f"{amount(price)} a {price.unit}, {price.region}"),
        ("free", f"{figures.plain(price.free)} {price.unit} a month, once an account" if price.free else ""),
        ("credit", f"{found.credit.sku}: {amount(found.credit)}" if found.credit else ""),
        ("as of", f"{price.as_of or 'unknown'}, grade {price.grade}"),
        ("weak", Cell("; ".join(found.weak), "weak") if found.weak else ""),
        ("source", price.source),
        ("notes", price.notes),
    )


def _tiers(tiers: tuple[Tier, ...], unit: str) -> Table:
    bounds = [Decimal(0), *(tier.up_to for tier in tiers if tier.up_to is not None)]
    rows = [
        row(figures.plain(low), "" if tier.up_to is None else figures.plain(tier.up_to), f"${tier.price:f}")
        for low, tier in zip(bounds, tiers, strict=True)
    ]
    return Table(f"Tiers, {unit} above the free part", columns("from", "up to", "each"), tuple(rows))


def _drivers(found: Explained) -> Table:
    rows = [
        row(
            driver.name,
            cell(f"{figures.plain(value)} {driver.unit}", assumed=driver.assumed),
            f"{figures.plain(driver.low)}–{figures.plain(driver.high)}",
            Cell(driver.kind, "assumed" if driver.assumed else "plain"),
            " ".join(part for part in (driver.run, driver.machine, driver.date) if part),
            f"{driver.what}; {driver.source}",
        )
        for driver, value in zip(found.drivers, found.values, strict=True)
    ]
    names = columns("<figure", "value", "range", "<kind", "<run, machine, date", "<what, and its source")
    return Table("Made of these figures", names, tuple(rows), stacks=True)


def entry(line: Line, bill: Bill) -> dict[str, str]:
    """One line of the list for programs."""
    assumed = is_assumed(line, bill.month.drivers)
    return {
        "key": line.key,
        "label": line.use.label,
        "usd": records.number(paid(line, bill)),
        "assumed": "yes" if assumed else "no",
    }


def record(found: Explained) -> dict[str, Any]:
    """The same for programs, whole."""
    line, use = found.line, found.line.use
    listed, year, three_years = map(records.number, line.usd_by_term)
    return {
        "key": line.key,
        "label": use.label,
        "month": found.bill.month.number,
        "rate_per_s": records.number(found.bill.month.scenario.rate_per_s),
        "usd": listed,
        "usd_1y": year,
        "usd_3y": three_years,
        "assumed": found.assumed,
        "quantity": records.number(use.quantity),
        "free": records.number(line.free),
        "shared_with": list(found.shared_with),
        "how": use.how,
        "arithmetic": _arithmetic(found),
        "price": records.of_price(line.price),
        "credit": records.of_price(found.credit) if found.credit else None,
        "weak": list(found.weak),
        "drivers": {
            driver.name: records.of_driver(driver, value)
            for driver, value in zip(found.drivers, found.values, strict=True)
        },
    }
