"""The page of `tidemark cost`: one scenario at one rate, or the totals of several rates side by side."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final

from assets.cost.lines import COMPONENTS, Component
from assets.cost.model import Bill
from assets.cost.prices import TERMS, Term
from assets.cost.render import figures, qualms, title
from assets.cost.render.page import Cell, Page, Remarks, Table, cell, columns, row
from assets.cost.scenario import Queries
from assets.cost.summary import Summary, by_term
from assets.cost.trust import MOSTLY, assumed_share

_QUERIES: Final[Mapping[Queries, str]] = {"on-demand": "on demand", "slots": "on slots"}
TERM_NAMES: Final[Mapping[Term, str]] = {"none": "list", "1y": "1 year", "3y": "3 years"}


def one_rate(summary: Summary) -> Page:
    """Everything about one rate."""
    parts: list[Table | Remarks] = [_bill(summary), qualms.excluded(), _commitments(summary)]
    parts += qualms.about(summary)
    parts.append(qualms.legend())
    return Page(
        f"What Tidemark costs at {figures.rate(summary.asked.scenario.rate_per_s)}", _subtitle(summary), tuple(parts)
    )


def several_rates(summaries: Sequence[Summary]) -> Page:
    """Totals by rate. Raises ValueError without summaries."""
    if not summaries:
        raise ValueError("no rates")
    rates = ", ".join(figures.rate(each.asked.scenario.rate_per_s) for each in summaries)
    parts: tuple[Table | Remarks, ...] = (
        _by_rate(summaries), qualms.excluded(), qualms.by_rate(summaries), qualms.legend(),
    )  # fmt: skip
    return Page(f"What Tidemark costs at {rates}", _subtitle(summaries[0]), parts)


def _subtitle(summary: Summary) -> str:
    chosen = summary.asked.scenario
    paid = f" ({chosen.billing} billing, queries {_QUERIES[chosen.queries]})" if chosen.warehouse == "bigquery" else ""
    hosting = f"Kafka {chosen.kafka}, engine {chosen.engine}, warehouse {chosen.warehouse}{paid}"
    return (
        f"{title.named(chosen)}. {hosting}, {chosen.orchestration}. US dollars a month of 730 hours, "
        f"{_commitment(chosen.commitment)}, priced on {summary.asked.on}."
    )


def _commitment(term: Term) -> str:
    return "list prices" if term == "none" else f"committed for {TERM_NAMES[term]}"


def money(usd: Decimal, bill: Bill, component: Component | None = None) -> Cell:
    """Dollars of a component or of the total, in the assumed style if more than half rests on assumed figures."""
    return cell(figures.dollars(usd), assumed=assumed_share(bill, component) > MOSTLY)


def _bill(summary: Summary) -> Table:
    names = [
        *(f"month {each}" for each in summary.projection.bills),
        f"month {summary.asked.month}\nP10–P90",
        "of it\nassumed",
    ]
    parts: tuple[Component | None, ...] = (*COMPONENTS, None)
    rows = (*(_months(summary, part) for part in parts), _per_million(summary))
    return Table("", columns("<", *names), rows, footer=2)


def _months(summary: Summary, part: Component | None) -> tuple[Cell, ...]:
    """A component, or None for the total."""
    bills = summary.projection.bills.values()
    band = summary.bands.total if part is None else summary.bands.by_component[part]
    assumed = assumed_share(summary.bill, part)
    return row(
        part or "total a month",
        *(money(bill.usd if part is None else bill.of(part), bill, part) for bill in bills),
        figures.band(band.p10, band.p90),
        cell(figures.share(assumed), assumed=assumed > 0),
    )


def _per_million(summary: Summary) -> tuple[Cell, ...]:
    return row("a million events", *map(_a_million, summary.projection.bills.values()), "", "")


def _commitments(summary: Summary) -> Table:
    parts: tuple[Component | None, ...] = (*COMPONENTS, None)
    rows = [
        row(part or "total a month", *(money(by_term(summary.bill, term, part), summary.bill, part) for term in TERMS))
        for part in parts
    ]
    heading = f"Month {summary.asked.month} by commitment"
    return Table(heading, columns("<", *(TERM_NAMES[term] for term in TERMS)), tuple(rows), footer=1)


def _a_million(bill: Bill) -> Cell:
    return cell(figures.per_million(bill.per_million_events), assumed=assumed_share(bill) > MOSTLY)


def _by_rate(summaries: Sequence[Summary]) -> Table:
    month = summaries[0].asked.month
    names = [figures.rate(each.asked.scenario.rate_per_s) for each in summaries]
    rows = [
        row(component, *(money(each.bill.of(component), each.bill, component) for each in summaries))
        for component in COMPONENTS
    ]
    rows += [
        row("total a month", *(money(each.bill.usd, each.bill) for each in summaries)),
        row("P10–P90", *(figures.band(each.bands.total.p10, each.bands.total.p90) for each in summaries)),
        *_other_months(summaries),
        *_other_terms(summaries),
        row("a million events", *(_a_million(each.bill) for each in summaries)),
    ]
    return Table(f"Month {month}", columns("<", *names), tuple(rows), footer=len(rows) - len(COMPONENTS))


def _other_months(summaries: Sequence[Summary]) -> Iterator[tuple[Cell, ...]]:
    for month in summaries[0].projection.bills:
        if month != summaries[0].asked.month:
            bills = [each.projection.bills[month] for each in summaries]
            yield row(f"in month {month}", *(money(bill.usd, bill) for bill in bills))


def _other_terms(summaries: Sequence[Summary]) -> Iterator[tuple[Cell, ...]]:
    for term in TERMS:
        if term != summaries[0].asked.scenario.commitment:
            amounts = (money(by_term(each.bill, term), each.bill) for each in summaries)
            yield row("at list price" if term == "none" else f"committed for {TERM_NAMES[term]}", *amounts)
