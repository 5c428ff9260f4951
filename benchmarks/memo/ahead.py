"""What comes with more payments: the first limits, and the step to ten times the rate."""

from decimal import Decimal
from typing import Final

from assets.cost.asked import Asked
from assets.cost.choices import TIMES
from assets.cost.limits import Break, first_to_break
from assets.cost.lines import COMPONENTS, Component
from assets.cost.model import Bill
from assets.cost.render import figures
from assets.cost.trust import MOSTLY, assumed_share
from assets.cost.units import GB, MB, MILLION
from benchmarks.memo.bill import FILE, MONTH, computed
from benchmarks.memo.figure import Figure, Tree, percent

NAMED: Final = 3
"""Limits within ten times the rate that the first page names; the appendix has all."""


def collect(asked: Asked) -> Tree:
    """Limits and the step to ten times the rate. Raises PriceMissing."""
    breaks = [each for each in first_to_break(asked.scenario, asked.drivers) if each.rate_per_s is not None]
    tenfold = asked.scenario.rate_per_s * TIMES[1]
    limits = [_limit(each, tenfold) for each in breaks]
    reached = [limit for limit, each in zip(limits, breaks, strict=True) if (each.rate_per_s or 0) <= tenfold]
    return {
        "limits": limits,
        "reached": reached[:NAMED],
        "more": reached[NAMED:],
        "next": next(iter(limits[len(reached) :]), None),
        "tenfold": _tenfold(asked),
    }


def _limit(each: Break, tenfold: Decimal) -> Tree:
    limit, rate = each.limit, each.rate_per_s or Decimal(0)
    key = f"limits.first_to_break, {limit.name}"
    return {
        "component": limit.component,
        "name": limit.name,
        "rate": Figure(coarse(rate), f"{rate:.3f}", FILE, key, "computed"),
        "in_use": computed(each.share(tenfold), f"limits.Break.share at {tenfold}/s, {limit.name}", percent),
        "bound": Figure(_bound(limit.bound, limit.unit), str(limit.bound), "assets/cost/quotas.py", key, "cited"),
        "ours": limit.owner == "ours",
        "how": limit.how,
        "way_out": limit.way_out,
        "source": limit.source,
    }  # fmt: skip


def coarse(rate: Decimal) -> str:
    """Two digits: `870/s`, `7.5 million/s`."""
    digits = rate.quantize(Decimal(1).scaleb(rate.adjusted() - 1))
    return f"{figures.plain(digits / MILLION)} million/s" if digits >= MILLION else f"{digits:,.0f}/s"


def _bound(bound: Decimal, unit: str) -> str:
    """Bytes as MB or GB, other units as they are."""
    if unit.startswith("bytes") and bound >= MB:
        size, name = (GB, "GB") if bound >= GB else (MB, "MB")
        return f"{figures.quantity(bound / size)} {name}{unit.removeprefix('bytes')}"
    return f"{figures.quantity(bound)} {unit}"


# --- ten times the rate ---


def _tenfold(asked: Asked) -> Tree:
    """Each component's dollars before and after, those that grow most first; `same` are those that do not move."""
    rates = [asked.scenario.rate_per_s * times for times in TIMES[:2]]
    now, then = (asked.at(rate).bill() for rate in rates)
    where = f"month {MONTH}, rates {rates[0]}/s and {rates[1]}/s"
    million = then.per_million_events / now.per_million_events
    moved = sorted(COMPONENTS, key=lambda part: now.by_component[part] - then.by_component[part])
    return {
        "times": computed(then.usd / now.usd, f"bills compared, {where}", _times),
        "million": computed(million, f"bills a million events compared, {where}", percent),
        "grow": [_grown(part, now, then, where) for part in moved if then.by_component[part] > now.by_component[part]],
        "same": [part for part in COMPONENTS if 0 < then.by_component[part] <= now.by_component[part]],
    }


def _grown(part: Component, now: Bill, then: Bill, where: str) -> Tree:
    before, after = (
        computed(bill.by_component[part], f"model.bill of({part}), {where}", assumed=assumed_share(bill, part) > MOSTLY)
        for bill in (now, then)
    )
    return {"name": part, "now": before, "then": after}


def _times(factor: Decimal) -> str:
    return f"{factor:.1f}×"
