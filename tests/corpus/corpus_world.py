"""Where the corpus is judged: a clock, a small reference, windows made of payloads, and good neighbours."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache

import polars as pl

from sandbox.producer.planning import Mix, Plan
from sandbox.world.merchants import MerchantBook
from streaming.landing import FX_RATES, MERCHANTS, WINDOW
from streaming.reference.tables import Reference
from streaming.walk import Policy, Source

NOW = datetime(2026, 11, 23, 10, 0, 1, 123456, tzinfo=UTC)
"""The broker's time of every record here, and what `@NOW@` stands for: bounds can be met to the microsecond."""
SOURCE = Source("payments", "a-topic-id")
POLICY = Policy(mac_key=b"0123456789abcdef")
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_RATES = {"USD": "1.0912", "JPY": "163.45", "BHD": "0.4112", "GBP": "0.8412", "CLF": "0.0262", "ISK": "149.3"}
_DAYS = [date(2026, 10, 23) + timedelta(days=n) for n in range(29)]
NEIGHBOURS = 1_000


def _reference() -> Reference:
    known = ("m_corpus", "A shop", "5411", "DE", "low", _BEGINNING, None, _BEGINNING, None, "v1")
    rates = [
        (day, code, Decimal(rate), 1, datetime.combine(day, datetime.min.time(), UTC), _BEGINNING, "test")
        for day in _DAYS
        if day.weekday() < 5
        for code, rate in _RATES.items()
    ]
    return Reference.build(
        pl.DataFrame([known], schema=MERCHANTS, orient="row"),
        pl.DataFrame(rates, schema=FX_RATES, orient="row"),
        "m-1",
        "f-1",
    )


REFERENCE = _reference()


def window(payloads: Sequence[bytes | None], now: datetime = NOW) -> pl.DataFrame:
    """`landing.WINDOW` of one partition."""
    return pl.DataFrame(
        {
            "kafka_partition": [0] * len(payloads),
            "kafka_offset": range(len(payloads)),
            "broker_timestamp": [now] * len(payloads),
            "payload": list(payloads),
        },
        schema=WINDOW,
    )


@cache
def neighbours(count: int = NEIGHBOURS) -> tuple[bytes, ...]:
    """Good payments as the producer makes them, one millisecond apart, up to NOW."""
    book = MerchantBook.build(7, 200)
    start = NOW - timedelta(milliseconds=count)
    mix = Mix(bad=0, duplicates=0.01, late=0.02)
    plan = Plan(seed=7, run="corpus", start=start, rate=1_000, mix=mix, mac_key="k" * 16, book=book)
    return tuple(payload for _ in range(count) if (payload := plan.next().payload) is not None)
