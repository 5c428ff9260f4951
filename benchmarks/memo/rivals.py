"""Other engines and warehouses beside ours: cost, latency, guarantee, parts, and the rubric's ranking."""

from decimal import Decimal
from typing import Final

from assets.cost.asked import Asked
from assets.cost.tradeoffs import read, report
from assets.cost.tradeoffs.book import SCALES, Book
from assets.cost.tradeoffs.costs import Cost
from assets.cost.tradeoffs.options import Latency, Option
from assets.cost.tradeoffs.report import Section
from assets.cost.tradeoffs.sensitivity import Swing
from assets.cost.tradeoffs.weights import DEFAULT
from benchmarks.memo import reach
from benchmarks.memo.ahead import coarse
from benchmarks.memo.bill import FILE, MONTH, computed
from benchmarks.memo.figure import Figure, Kind, Tree

FOLDER: Final = "assets/cost/tradeoffs"
WORTH: Final = Decimal("0.05")
"""Share below which a difference of two bills is no reason for anything: every band is wider."""
_MS: Final = 1000
_ORDINALS: Final = {1: "1st", 2: "2nd", 3: "3rd"}


def collect(asked: Asked) -> Tree:
    """Each family's options, ours first, the others by their points. Raises ValueError for a file not in its form."""
    made = report.of(Book(asked.scenario, asked.drivers, asked.prices, asked.on), DEFAULT)
    most = reach.ours(asked)
    return {
        section.facts.family: _family(section, most if section.facts.family == "engine" else None)
        for section in made.sections
    }


def _family(section: Section, most: Decimal | None) -> Tree:
    facts = section.facts
    names = [scored.name for scored in section.ranking]
    order = [facts.ours, *(name for name in names if name != facts.ours)]
    turned = [swing for swing in section.swings if {swing.halved, swing.doubled} != {names[0]}]
    file = f"{FOLDER}/{read.FILES[facts.family]}"
    rows = [_option(section, name, file, most) for name in order]
    return {
        "options": rows,
        "below": [below(rows, place) for place in range(len(SCALES))],
        "count": Figure(str(len(names)), str(len(names)), file, "options, counted", "computed"),
        "ours": facts.option(facts.ours).title,
        "first": facts.option(names[0]).title,
        "ours_first": names[0] == facts.ours,
        "ours_level": facts.ours in section.level,
        "level": [facts.option(name).title for name in section.level],
        "turned": [_turn(section, swing, names[0]) for swing in turned],
    }


def below(rows: list[Tree], place: int) -> list[Tree]:
    """Options whose bill at one of the rates is clearly below ours, each in its cheapest set-up."""
    ours, *others = [(row["title"], row["costs"][place]) for row in rows]
    if ours[1] is None:
        return []
    most = Decimal(ours[1].value) * (1 - WORTH)
    return [{"title": title, "usd": usd} for title, usd in others if usd is not None and Decimal(usd.value) < most]


def _turn(section: Section, swing: Swing, first: str) -> Tree:
    """A weight that changes the first place, and to whom."""
    how, to = ("halved", swing.halved) if swing.halved != first else ("doubled", swing.doubled)
    return {"criterion": swing.criterion.replace("_", " "), "how": how, "to": section.facts.option(to).title}


def _option(section: Section, name: str, file: str, most: Decimal | None) -> Tree:
    option, key = section.facts.option(name), f"options.{name}"
    place = next(number for number, each in enumerate(section.ranking, start=1) if each.name == name)
    points, parts = section.ranking[place - 1].total, len(option.ours_to_run)
    ranked = f"tradeoffs.score.ranking {name}"
    return {
        "title": option.title,
        "costs": [_cost(each, name) for each in section.costs[name]],
        "setups": list(dict.fromkeys(each.choice for each in section.costs[name] if each.choice)),
        "latency": _latency(option.latency, file, key),
        "parts": Figure(str(parts), str(parts), file, f"{key}.parts run by us, counted", "computed"),
        "points": Figure(f"{points:.1f}", f"{points:.4f}", FILE, ranked, "computed"),
        "place": Figure(_ORDINALS.get(place, f"{place}th"), str(place), FILE, f"{ranked}, place", "computed"),
        "cheaper": reach.within(section.cheaper.get(name, ""), most, coarse(most or Decimal(0))),
        **_said(option),
    }


def _said(option: Option) -> dict[str, str]:
    """Of several facts of a kind the first: the file puts the weightiest there."""
    single = {"guarantee": option.guarantee, "dedup": option.dedup, "lock_in": option.lock_in, "switch": option.switch}
    single |= {"failure": option.failures[0], "better": option.better[0]}
    return {name: fact.says for name, fact in single.items()}


def _cost(cost: Cost, name: str) -> Figure | None:
    if cost.usd is None:
        return None
    return computed(
        cost.usd,
        f"tradeoffs.costs {name} as {cost.choice}, rate {cost.rate}/s, month {MONTH}",
        assumed=cost.assumed,
    )


def _latency(latency: Latency, file: str, key: str) -> Figure | None:
    ms = latency.p95_ms
    if ms is None:
        return None
    kind: Kind = "measured" if latency.kind == "measured" else "cited"
    return Figure(f"{ms:,} ms" if ms < _MS else f"{ms / _MS:,.1f} s", str(ms), file, f"{key}.latency.p95_ms", kind)
