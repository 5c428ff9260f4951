"""The bill of a set-up: a choice of the cost model, or one of the ways in which BigQuery is paid."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from assets.cost import model
from assets.cost.tradeoffs.book import MONTH, Book
from assets.cost.tradeoffs.read import Family

BIGQUERY: Final[Mapping[str, Mapping[str, str]]] = {
    "bigquery-on-demand": {"warehouse": "bigquery", "billing": "logical", "queries": "on-demand"},
    "bigquery-slots": {"warehouse": "bigquery", "billing": "logical", "queries": "slots"},
    "bigquery-slots-physical": {"warehouse": "bigquery", "billing": "physical", "queries": "slots"},
    "bigquery-us-physical": {
        "warehouse": "bigquery", "warehouse_region": "us", "billing": "physical", "queries": "slots",
    },
}  # fmt: skip
"""Settings of each way. Compressed bytes have a price in the US multi-region alone, not in us-central1 (price book)."""


def bill(choice: str, family: Family, rate: Decimal, book: Book) -> model.Bill:
    """The bill of `MONTH` at a rate. Raises PriceMissing."""
    settings = BIGQUERY.get(choice, {family: choice})
    return model.bill(book.scenario.at(rate).having(**settings), book.drivers, book.prices, MONTH)
