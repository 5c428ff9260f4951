"""A summary for programs: all of it as JSON, the lines of its month as CSV."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from assets.cost.beside import Aside
from assets.cost.exclusions import EXCLUSIONS
from assets.cost.limits import Break
from assets.cost.lines import Line
from assets.cost.montecarlo import Band
from assets.cost.prices import TERMS
from assets.cost.render import records
from assets.cost.render.figures import LEGEND, marked
from assets.cost.render.records import number
from assets.cost.summary import Summary, by_term
from assets.cost.tornado import Swing
from assets.cost.trust import assumed_share, is_assumed, reasons, weak_share

FORMULA: Final = ("=", "+", "-", "@")
"""What a cell begins with that a spreadsheet takes for a formula."""


def as_json(summary: Summary) -> dict[str, Any]:
    """All of a summary, as JSON holds it."""
    asked, bill = summary.asked, summary.bill
    used = sorted({name for line in bill.lines for name in line.use.drivers})
    return {
        "legend": LEGEND,
        "scenario": records.of_scenario(asked.scenario),
        "on": asked.on.isoformat(),
        "month": asked.month,
        "months": {str(month): records.of_bill(each) for month, each in summary.projection.bills.items()},
        "commitments": {term: number(by_term(bill, term)) for term in TERMS},
        **_qualms(summary),
        "not_in_the_total": dict(EXCLUSIONS),
        "lines": [records.of_line(line, bill, asked.prices, asked.on) for line in bill.lines],
        "drivers": {name: records.of_driver(asked.drivers.about(name), asked.drivers[name]) for name in used},
    }


def _qualms(summary: Summary) -> dict[str, Any]:
    bill, bands = summary.bill, summary.bands
    weak = [{"sku": each.price.sku, "usd": number(each.usd), "reasons": list(each.reasons)} for each in summary.weak]
    return {
        "band": {
            "draws": bands.draws,
            "total": _band(bands.total),
            "by_component": {component: _band(band) for component, band in bands.by_component.items()},
        },
        "weak": {"share": number(weak_share(bill, summary.asked.prices, summary.asked.on)), "prices": weak},
        "assumed_share": number(assumed_share(bill)),
        "drives_the_band": list(map(_swing, summary.swings)),
        "first_to_break": [_break(each, summary) for each in summary.limits],
        "asides": [_aside(each) for each in summary.asides],
    }


def _band(band: Band) -> dict[str, str]:
    return {"p10": number(band.p10), "p50": number(band.p50), "p90": number(band.p90)}


def _swing(swing: Swing) -> dict[str, str]:
    ends = {"low": swing.low, "high": swing.high, "usd_at_low": swing.usd_at_low, "usd_at_high": swing.usd_at_high}
    return {"name": swing.name, "of": swing.of, **{name: number(value) for name, value in ends.items()}}


def _break(each: Break, summary: Summary) -> dict[str, Any]:
    limit = each.limit
    return {
        "component": limit.component,
        "name": limit.name,
        "bound": number(limit.bound),
        "unit": limit.unit,
        "rate_per_s": None if each.rate_per_s is None else number(each.rate_per_s),
        "in_use": number(each.share(summary.asked.scenario.rate_per_s)),
        "whose": limit.owner,
        "how": limit.how,
        "source": limit.source,
        "way_out": limit.way_out,
    }


def _aside(each: Aside) -> dict[str, Any]:
    usd = None if each.usd is None else number(each.usd)
    return {"label": each.label, "usd": usd, "assumed": each.assumed, "how": each.how}


def as_csv(summaries: Iterable[Summary]) -> str:
    """The lines of each summary's month, one row each, under a row of names. `usd` is at list price.

    Assumed drivers carry their mark, as `~peak_to_mean=2`.
    """
    return table([_row(line, summary) for summary in summaries for line in summary.bill.lines])


def _row(line: Line, summary: Summary) -> dict[str, str]:
    asked, price, use = summary.asked, line.price, line.use
    about = asked.drivers.about
    drivers = [marked(f"{name}={number(asked.drivers[name])}", assumed=about(name).assumed) for name in use.drivers]
    listed, year, three_years = map(number, line.usd_by_term)
    return {
        "rate_per_s": number(asked.scenario.rate_per_s), "month": str(asked.month),
        "key": line.key, "component": use.component, "label": use.label,
        "usd": listed, "usd_1y": year, "usd_3y": three_years,
        "assumed": "yes" if is_assumed(line, asked.drivers) else "no",
        "weak": "; ".join(reasons(line, asked.prices, asked.on)),
        "quantity": number(use.quantity), "unit": price.unit, "free": number(line.free),
        "sku": price.sku, "price": records.flat(price.price and number(price.price)), "currency": price.currency,
        "as_of": records.flat(price.as_of and price.as_of.isoformat()), "grade": price.grade, "source": price.source,
        "drivers": " ".join(drivers), "how": use.how,
    }  # fmt: skip


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as CSV under the names of the first; empty without rows."""
    out = io.StringIO()
    if rows:
        writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: safe(records.flat(value)) for name, value in row.items()} for row in rows)
    return out.getvalue()


def safe(text: str) -> str:
    """A cell that a spreadsheet shows and does not carry out: text that would begin a formula stands behind an
    apostrophe (owasp.org, CSV injection). A scenario's title is somebody's text; numbers stay numbers."""
    line = " ".join(text.split())
    return f"'{line}" if line.startswith(FORMULA) and not _is_number(line) else line


def _is_number(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False
