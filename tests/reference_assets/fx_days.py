"""Rates of a few days in November 2026 and around Easter, as a source gives them."""

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl

from assets.fx.ecb import RATES
from assets.fx.snapshots import next_revisions
from streaming.landing import FX_RATES

THURSDAY, FRIDAY, MONDAY = date(2026, 11, 19), date(2026, 11, 20), date(2026, 11, 23)
SATURDAY = date(2026, 11, 21)
NOON = datetime(2026, 11, 23, 15, 30, tzinfo=UTC)
"""Half past four in Frankfurt on the Monday."""
NOTHING = pl.DataFrame(schema=FX_RATES)
USUAL = {"USD": "1.1172", "JPY": "175.68", "TRY": "55.8015"}


def rates(days: dict[date, dict[str, str]]) -> pl.DataFrame:
    rows = [(day, c, Decimal(rate), "ecb") for day, quoted in days.items() for c, rate in quoted.items()]
    return pl.DataFrame(rows, schema=dict(RATES), orient="row")


def published(days: dict[date, dict[str, str]]) -> pl.DataFrame:
    return next_revisions(NOTHING, rates(days), NOON)


def document(*cubes: str, head: str = "") -> bytes:
    """An `eurofxref` document around these Cubes, in the ECB's own frame."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>{head}
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
  <gesmes:subject>Reference rates</gesmes:subject>
  <gesmes:Sender><gesmes:name>European Central Bank</gesmes:name></gesmes:Sender>
  <Cube>{"".join(cubes)}</Cube>
</gesmes:Envelope>""".encode()


def cube(day: date | str, **quoted: str) -> str:
    inner = "".join(f"<Cube currency='{currency}' rate='{rate}'/>" for currency, rate in quoted.items())
    return f"<Cube time='{day}'>{inner}</Cube>"
