"""The ECB's euro reference rates as it publishes them: `eurofxref` XML (daily, 90 days) and its history as CSV.

Both are text until a rate is a Decimal: no float on the way. Format: ecb.europa.eu, "Euro foreign exchange reference
rates", for developers.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Final, NoReturn
from xml.parsers import expat

import polars as pl

from streaming.landing import FX_RATES

RATES: Final[Mapping[str, pl.DataType | type[pl.DataType]]] = {
    name: FX_RATES[name] for name in ("rate_date", "currency", "rate", "source")
}
"""Rates as a source gives them: units of `currency` per 1 EUR as published, the euro itself not listed."""

_RATE: Final = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,9})?")
"""At most 9 decimals, as NUMERIC keeps them: more would be rounded without a word. The ECB gives 6 at most."""
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_CUBE: Final = "http://www.ecb.int/vocabulary/2002-08-01/eurofxref Cube"
_NOT_QUOTED: Final = ("", "N/A")

Quote = tuple[date, str, Decimal]


class RatesUnreadable(ValueError):
    """This is not a file of reference rates. One line that says where it stops being one."""


def parse_xml(document: bytes, source: str) -> pl.DataFrame:
    """Return every rate of an `eurofxref` document in the schema `RATES`, as given: also twice, also zero.

    A document type is refused before anything it declares: without one, XML has no entities but the five of its own,
    so nothing can be expanded or fetched. Raises RatesUnreadable.
    """
    cubes = _Cubes()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartDoctypeDeclHandler = _refuse_document_type
    parser.StartElementHandler = cubes.start
    try:
        parser.Parse(document, True)
    except expat.ExpatError as error:
        raise RatesUnreadable(f"rates are not XML: {error}") from None
    if not cubes.seen:
        raise RatesUnreadable("XML without a Cube of the ECB's eurofxref")
    return _frame(cubes.quotes, source)


def parse_csv(text: str, source: str, first: date, last: date) -> pl.DataFrame:
    """Return the rates of `first` to `last` from the ECB's history, a column per currency. Raises RatesUnreadable."""
    return _frame(list(_rows(text, first, last)), source)


def newest_day(text: str) -> date:
    """Return the newest day of the ECB's history as CSV. Raises RatesUnreadable where it has none."""
    rows = csv.DictReader(io.StringIO(text))
    if rows.fieldnames is None or "Date" not in rows.fieldnames:
        raise RatesUnreadable("history of rates without a column Date")
    newest = max((_day(row["Date"]) for row in rows), default=None)
    if newest is None:
        raise RatesUnreadable("history of rates without a day")
    return newest


def decimal_rate(text: str, day: date, currency: str) -> Decimal:
    """Return the rate as written. Raises RatesUnreadable for anything but plain digits with at most 9 decimals."""
    if not _RATE.fullmatch(text):
        raise RatesUnreadable(f"rate of {currency} on {day} is {text[:40]!r}: not plain digits with at most 9 decimals")
    return Decimal(text)


class _Cubes:
    """Cube elements in document order: one with a time opens a day, those with a currency belong to it."""

    def __init__(self) -> None:
        self.seen = False
        self.quotes: list[Quote] = []
        self._day: date | None = None

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name != _CUBE:
            return
        self.seen = True
        if "time" in attributes:
            self._day = _day(attributes["time"])
        if "currency" in attributes:
            currency = attributes["currency"]
            if self._day is None or not _CURRENCY.fullmatch(currency):
                raise RatesUnreadable(f"a rate without a day, or of {currency[:40]!r}, which is no currency code")
            rate = decimal_rate(attributes.get("rate", ""), self._day, currency)
            self.quotes.append((self._day, currency, rate))


def _rows(text: str, first: date, last: date) -> Iterator[Quote]:
    rows = csv.DictReader(io.StringIO(text))
    if rows.fieldnames is None or "Date" not in rows.fieldnames:
        raise RatesUnreadable("history of rates without a column Date")
    for row in rows:
        day = _day(row.pop("Date"))
        if first <= day <= last:
            quoted = ((c, rate) for c, rate in row.items() if c and rate not in _NOT_QUOTED)
            yield from ((day, currency, decimal_rate(rate or "", day, currency)) for currency, rate in quoted)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise RatesUnreadable(f"a day of rates is {text[:40]!r}, not a date") from None


def _frame(quotes: list[Quote], source: str) -> pl.DataFrame:
    rows = [(*quote, source) for quote in quotes]
    return pl.DataFrame(rows, schema=dict(RATES), orient="row").sort("rate_date", "currency")


def _refuse_document_type(name: str, *_: object) -> NoReturn:
    raise RatesUnreadable(f"rates declare a document type ({name[:40]}): refused, it could declare entities")
