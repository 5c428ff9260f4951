"""What the bill depends on and how firm it stands: the tornado, weak prices, assumed figures."""

from decimal import Decimal
from typing import Final

from assets.cost import model
from assets.cost.asked import Asked
from assets.cost.choices import TIMES
from assets.cost.render import figures
from assets.cost.tornado import Swing, tornado
from assets.cost.trust import WeakPrice, weak_prices, weak_share
from benchmarks.memo import grounds
from benchmarks.memo.bill import FILE, MONTH, computed, usd
from benchmarks.memo.figure import Figure, Tree

BOOK: Final = "assets/cost/price_book.yaml"
SWINGS: Final = 8
"""Bars of the tornado: the ones below move the bill by less than the band of the first."""
LISTED: Final = 8
"""Assumed and measured figures and weak prices that are named, those that matter most; the others are counted."""


def collect(asked: Asked) -> Tree:
    """Swings and assumed figures at the scenario's own rate, weak prices at the highest. Raises PriceMissing."""
    bills = [asked.at(asked.scenario.rate_per_s * times).bill() for times in TIMES]
    swings = tornado(asked.scenario, asked.drivers, asked.prices, asked.on, asked.month, top=len(asked.drivers))
    weak = weak_prices(bills[-1], asked.prices, asked.on)
    moved = {swing.name: swing.usd for swing in swings}
    assumed = grounds.of_kind(bills[0], "assumed", moved)
    measured = grounds.of_kind(bills[0], "measured", moved)
    return {
        "swings": [_swing(asked, swing) for swing in swings[:SWINGS]],
        "weak": [_weak(bills[-1], price) for price in weak[:LISTED]],
        "weak_more": _count(len(weak[LISTED:]), "trust.weak_prices, those not listed"),
        "weak_shares": [_weak_share(asked, bill) for bill in bills],
        "assumed": assumed[:LISTED],
        "assumed_more": _count(len(assumed[LISTED:]), "assumed figures of the bill's lines, those not listed"),
        "assumed_count": _count(len(assumed), "assumed figures of the bill's lines, counted"),
        "measured": measured[:LISTED],
        "measured_more": _count(len(measured[LISTED:]), "measured figures of the bill's lines, those not listed"),
    }


def _count(number: int, key: str) -> Figure:
    return Figure(str(number), str(number), FILE, key, "computed")


def _weak_share(asked: Asked, bill: model.Bill) -> Figure:
    key = f"trust.weak_share, rate {bill.month.scenario.rate_per_s}/s, month {MONTH}"
    return computed(weak_share(bill, asked.prices, asked.on), key, figures.share)


def _swing(asked: Asked, swing: Swing) -> Tree:
    """What a bar of the tornado shows."""
    where = f"tornado, month {MONTH}, {swing.name}"
    if swing.of == "driver":
        about = asked.drivers.about(swing.name)
        words, assumed, (by, unit) = about.what, about.assumed, grounds.scaled(about)
    else:
        price = asked.prices.find(swing.name)
        words, assumed, by, unit = f"price of {swing.name}", False, Decimal(1), f"$ a {price.unit}"
    return {
        "name": swing.name,
        "what": words,
        "unit": unit,
        "assumed": assumed,
        "low": computed(swing.low / by, f"{where}, low", figures.quantity, assumed=assumed),
        "high": computed(swing.high / by, f"{where}, high", figures.quantity, assumed=assumed),
        "at_low": computed(swing.usd_at_low, f"{where}, usd_at_low", assumed=assumed),
        "at_high": computed(swing.usd_at_high, f"{where}, usd_at_high", assumed=assumed),
        "usd": computed(swing.usd, f"{where}, usd", assumed=assumed),
    }


def _weak(bill: model.Bill, weak: WeakPrice) -> Tree:
    price = weak.price
    shown = f"${figures.plain(price.price or Decimal(0))} a {price.unit}"
    return {
        "sku": price.sku,
        "price": Figure(shown, str(price.price), BOOK, f"prices.{price.sku}.price", "cited"),
        "why": "; ".join(weak.reasons),
        "usd": computed(weak.usd, f"trust.weak_prices {price.sku}", usd),
        "share": computed(weak.usd / bill.usd, f"trust.weak_prices {price.sku} / bill", figures.share),
    }
