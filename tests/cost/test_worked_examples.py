"""The bills of examples.yaml, worked by hand, against the model; and wrong models against them."""

import ast
import operator
import re
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from assets.cost import drivers, model, prices, scenario
from assets.cost.lines import Use
from assets.cost.prices import PriceBook
from assets.cost.tiers import Tier
from assets.cost.units import GB, GIB, MB, MIB, TB, TIB

CENT, HALF_A_CENT = Decimal("0.01"), Decimal("0.005")
ALLOWED = Decimal("0.01")
FIGURES, BOOK = drivers.read(), prices.read()
OPERATORS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
STEP = re.compile(r"(?P<what>[^:=]+): (?P<sum>[\d_. ()*/+-]+) = (?P<result>[\d_.]*\d)(?=$|[^\d_.]|\.$)")


def worked_out(text):
    """A pocket calculator: numbers, + - * / ** and parentheses."""

    def value(node):
        match node:
            case ast.BinOp(left, op, right) if type(op) in OPERATORS:
                return OPERATORS[type(op)](value(left), value(right))
            case ast.Constant(int() | float()):
                return Decimal(ast.get_source_segment(text, node).replace("_", ""))
        raise ValueError(f"not arithmetic: {text}")

    return value(ast.parse(text, mode="eval").body)


@dataclass(frozen=True)
class Example:
    name: str
    why: str
    steps: list
    lines: dict
    total: dict
    lines_of: tuple = ()
    rest: str = ""
    month: int = 1
    scenario: dict = None
    drivers: dict = None
    uses: dict = None
    anchor: dict = None
    at_list: dict = None

    def used(self, month):
        if self.uses:
            return [
                Use(key, "network", key, sku, Decimal(much), "")
                for key, line in self.uses.items()
                for sku, much in line.items()
            ]
        return model.components.uses(month)

    def bill(self, priced=model.priced, book=BOOK):
        """The model's bill, of the lines that the example is about."""
        chosen = scenario.parse(self.scenario or {})
        figures = FIGURES.replaced({name: Decimal(str(value)) for name, value in (self.drivers or {}).items()})
        month = model.Month(chosen, figures, self.month, model.inflow(chosen.rate_per_s, chosen.growth, self.month))
        lines = priced(self.used(month), book)
        if self.rest:
            lines = [line for line in lines if line.key in self.lines]
        elif not self.uses:
            lines = [line for line in lines if line.use.component in self.lines_of]
        return model.Bill(month, tuple(lines))

    def differences(self, **how):
        """Lines, and the total, of which the model says something else; empty if it agrees."""
        bill = self.bill(**how)
        place = prices.TERMS.index(bill.month.scenario.commitment)
        got = {line.key: line.usd_by_term[place] for line in bill.lines} | {"total": bill.usd}
        wanted = {key: Decimal(str(line["usd"])) for key, line in {**self.lines, "total": self.total}.items()}
        return {
            key: (wanted.get(key), got.get(key))
            for key in wanted | got
            if key not in wanted or key not in got or not near(got[key], wanted[key])
        }


def near(got, wanted):
    return abs(got - wanted) <= max(ALLOWED * wanted, HALF_A_CENT)


LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
LISTED = yaml.load((Path(__file__).with_name("examples.yaml")).read_bytes(), Loader=LOADER)["examples"]
EXAMPLES = {line["name"]: Example(**line) for line in LISTED}
each = pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)


@each
def test_the_model_says_what_was_worked_out_by_hand(example):
    assert example.differences() == {}


@each
def test_the_arithmetic_that_is_shown_gives_the_dollars_that_are_shown(example):
    shown = {**example.lines, "total": example.total, "at list": example.at_list or {"sum": "0", "usd": 0}}
    for key, line in shown.items():
        assert abs(worked_out(line["sum"]) - Decimal(str(line["usd"]))) <= HALF_A_CENT, key
    assert example.total["usd"] == pytest.approx(sum(line["usd"] for line in example.lines.values()), abs=0.001)


@each
def test_each_step_gives_the_result_that_the_next_ones_use(example):
    for step in example.steps:
        found = STEP.match(step)
        assert found or not re.search(r"\d =|= \d", step), f"not in the form of a step: {step}"
        if found:
            shown = Decimal(found["result"].replace("_", ""))
            digits = Decimal(1).scaleb(shown.as_tuple().exponent)
            assert abs(worked_out(found["sum"]) - shown) <= digits / 2, step


@pytest.mark.parametrize("name", [name for name, example in EXAMPLES.items() if example.anchor])
def test_the_vendors_own_totals_are_met(name):
    anchor, bill = EXAMPLES[name].anchor, EXAMPLES[name].bill()
    said = Decimal(str(anchor["usd"]))
    assert abs(bill.usd.quantize(CENT) - said) <= Decimal(str(anchor["within"])) * said


@pytest.mark.parametrize("name", [name for name, example in EXAMPLES.items() if example.at_list])
def test_list_price_stands_beside_a_commitment(name):
    bill = EXAMPLES[name].bill()
    assert near(bill.total("none"), Decimal(str(EXAMPLES[name].at_list["usd"])))
    assert bill.usd < bill.total("none")


@pytest.mark.parametrize("name", [name for name, example in EXAMPLES.items() if not example.at_list])
def test_the_prices_that_are_multiplied_by_are_those_of_the_book(name):
    """So that a price that moves by less than the 1 % is changed here as well."""
    example = EXAMPLES[name]
    shown = " ".join([*(line["sum"] for line in example.lines.values()), *example.steps])
    numbers = {Decimal(text.replace("_", "")) for text in re.findall(r"\d[\d_]*(?:\.\d+)?", shown)}
    for line in example.bill().lines:
        if example.lines[line.key]["usd"]:
            assert {tier.price for tier in line.price.tiers or (Tier(None, line.price.price),)} <= numbers, line.key


def scaled(sizes):
    """A model that takes one unit of bytes for another."""

    def priced(uses, book):
        kept = [
            replace(use, quantity=use.quantity * factor)
            for use in uses
            for factor in [sizes.get(re.search(r"[KMGT]i?B|$", book.find(use.sku).unit).group(), Decimal(1))]
        ]
        return model.priced(kept, book)

    return {"priced": priced}


def changed(**change):
    """A book of which each price is changed: by name of the field, from the price to its new value."""
    return {
        "book": PriceBook(
            tuple(replace(price, **{field: new(price) for field, new in change.items()}) for price in BOOK.prices)
        )
    }


def free_for_each_line(uses, book):
    return tuple(line for use in uses for line in model.priced([use], book))


def never_long_term(price):
    return BOOK.find(price.sku.replace("longterm", "active")).price if "longterm_logical" in price.sku else price.price


def in_one_tier(price):
    return price.tiers and (Tier(None, price.tiers[0].price),)


WRONG = {
    "bytes in GB where GiB are billed": (
        scaled({"MiB": MIB / MB, "GiB": GIB / GB, "TiB": TIB / TB}),
        {"bigquery-ingest-above-free", "bigquery-storage-month-13", "google-kafka-10-mib", "to-amazon-and-back"},
    ),
    "bytes in GiB where GB are billed": (
        scaled({"GB": GB / GIB, "TB": TB / TIB}),
        {"snowflake", "clickhouse", "to-amazon-and-back", "flink-at-amazon"},
    ),
    "free parts forgotten": (
        changed(free=lambda _: Decimal(0)),
        {
            "bigquery-ingest-free", "bigquery-ingest-above-free", "bigquery-queries-share-a-tebibyte",
            "bigquery-storage-multi-region", "logs-and-metrics", "cloud-run-instances", "two-pods-and-a-free-cluster",
        },
    ),
    "free parts taken off twice": (
        changed(free=lambda price: 2 * price.free),
        {"bigquery-ingest-above-free", "bigquery-queries-share-a-tebibyte", "logs-and-metrics", "cloud-run-instances"},
    ),
    "free parts given to each line": (
        {"priced": free_for_each_line}, {"bigquery-queries-share-a-tebibyte", "bigquery-queries-small-first"},
    ),
    "the first tier for all": (changed(tiers=in_one_tier), {"to-amazon-and-back", "monitoring-tiers"}),
    "old partitions at the price of new ones": (changed(price=never_long_term), {"bigquery-storage-month-13"}),
    "no commitment": (changed(committed=lambda _: None), {"committed-for-a-year", "slots-committed-for-a-year"}),
}  # fmt: skip


@pytest.mark.parametrize("mistake", WRONG)
def test_a_wrong_model_does_not_pass(mistake):
    how, found_by = WRONG[mistake]
    assert {name for name in found_by if not EXAMPLES[name].differences(**how)} == set()


@pytest.mark.parametrize("text", ["2 * (3", "__import__('os')", "max(1, 2)", "x + 1", "-1"])
def test_only_arithmetic_is_worked_out(text):
    with pytest.raises((ValueError, SyntaxError)):
        worked_out(text)
