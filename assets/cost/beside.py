"""What single things cost that people ask about next to a bill, gathered for a table."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Final

from assets.cost import alternatives, asides
from assets.cost.lines import Month
from assets.cost.prices import PriceBook, PriceMissing

LOADED_EVERY: Final = 5
"""Minutes between load jobs that streaming is compared with: the coarsest that keeps the contract of five minutes from
event to queryable (docs/data-contract.md) in sight."""


@dataclass(frozen=True)
class Aside:
    """One answer. Without dollars, `how` says which price nobody found."""

    label: str
    usd: Decimal | None
    how: str
    assumed: bool = False
    """Whether an assumed figure is in it."""


Answered = Callable[[Month, PriceBook], asides.Answer]
QUESTIONS: Final[tuple[tuple[str, Answered], ...]] = (
    ("replay of one day", asides.replay_of_a_day),
    ("own checks and audits, a month", asides.checks_and_audits),
    ("one question that prunes no day", asides.question_without_a_date),
    ("late rows: days built anew, a month", asides.late_rows),
)


def gather(month: Month, prices: PriceBook) -> Iterator[Aside]:
    """The asides of a month, each with its arithmetic in words."""
    for label, answered in QUESTIONS:
        yield _guarded(label, partial(_answer, label, answered, month, prices))
    other = "on demand" if month.scenario.queries == "slots" else "on slots"
    for label, made in (("one minute of freshness, a month", _fresher), (f"all queries {other}, a month", _queries)):
        yield _guarded(label, partial(made, label, month, prices))


def _guarded(label: str, made: Callable[[], Aside]) -> Aside:
    try:
        return made()
    except PriceMissing as missing:
        return Aside(label, None, str(missing))


def _answer(label: str, answered: Answered, month: Month, prices: PriceBook) -> Aside:
    answer = answered(month, prices)
    return Aside(label, answer.usd, _short(answer), _assumed(answer.drivers, month))


def _short(answer: asides.Answer) -> str:
    """The dearest three parts, the rest counted: whole it would be a page."""
    ordered = sorted(answer.parts, key=lambda part: -part.usd)
    words = [f"{part.what} ${part.usd:,.2f} ({part.how})" for part in ordered[:3]]
    if len(ordered) > 3:
        words.append(f"{len(ordered) - 3} more")
    return "; ".join((*words, answer.note) if answer.note else words)


def _assumed(names: tuple[str, ...], month: Month) -> bool:
    return any(month.drivers.about(name).assumed for name in names)


def _fresher(label: str, month: Month, prices: PriceBook) -> Aside:
    found = alternatives.fresher_minute(month, prices, LOADED_EVERY)
    allowed = "" if found.allowed else "; the quotas of load jobs do not let it"
    how = (
        f"appends ${found.streamed:,.2f} against ${found.loaded:,.2f} for free load jobs every {LOADED_EVERY} minutes"
        f"{allowed}: {found.how}"
    )
    if found.usd_a_minute < 0:
        how = f"streaming is cheaper as well: {how}"
    return Aside(label, found.usd_a_minute, how)


def _queries(label: str, month: Month, prices: PriceBook) -> Aside:
    """The queries paid the other way."""
    answer = alternatives.queries(month, prices)
    demanded, scaled = answer.parts
    other, chosen = (demanded, scaled) if month.scenario.queries == "slots" else (scaled, demanded)
    how = f"{other.how}; {chosen.what} ${chosen.usd:,.2f} ({chosen.how})"
    return Aside(label, other.usd, how, _assumed(answer.drivers, month))
