"""What `tidemark cost` is asked, read and checked, and the model's inputs: nothing here knows Kafka or a network."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Final, cast, get_args

from assets.cost import drivers, prices, scenario
from assets.cost.asked import Asked
from assets.cost.choices import Compared
from assets.cost.explain import NoSuchLine
from assets.cost.prices import PriceMissing
from assets.cost.render import console, markdown
from assets.cost.render.answers import Answer
from assets.cost.scenario import BadScenario, Scenario
from orchestration.errors import UserError

MOST_EVENTS_A_SECOND: Final = Decimal(10**7)
"""Twenty thousand times today's rate. More is a typing mistake, and no figure here was measured near it."""
MOST_RATES: Final = 6
"""So many columns fit on a page."""
LAST_MONTH: Final = 120
"""Ten years: no list price and no rate is worth projecting further."""


@contextmanager
def mistakes() -> Iterator[None]:
    """Turn what the model refuses into one line for a person."""
    try:
        yield
    except (BadScenario, PriceMissing, NoSuchLine, ValueError) as refused:
        raise UserError(str(refused)) from None


def read(name: str, on: str | None, month: str) -> Asked:
    """Read scenario, figures and prices. Raises UserError."""
    with mistakes():
        asked = Asked(scenario.read(name), drivers.read(), prices.read(), day(on), month_of(month))
    _warn_if_early(asked)
    return asked


def _warn_if_early(asked: Asked) -> None:
    """A price read after the day that is asked says nothing of that day."""
    later = [price.as_of for price in asked.prices.prices if price.as_of and price.as_of > asked.on]
    if later:
        print(
            f"tidemark: {len(later)} of {len(asked.prices.prices)} prices were read after {asked.on}, "
            f"the last on {max(later)}: no earlier ones are kept",
            file=sys.stderr,
        )


def rates(text: str | None, chosen: Scenario) -> list[Decimal]:
    """Read `5000` or `500,5000,50000`; the scenario's own rate if left out. Raises UserError."""
    if text is None:
        if chosen.rate_per_s > MOST_EVENTS_A_SECOND:
            raise UserError(f"rate_per_s of scenario {chosen.name} is above {MOST_EVENTS_A_SECOND:,}: give fewer")
        return [chosen.rate_per_s]
    parts = [part.strip() for part in text.split(",")]
    if "" in parts:
        raise UserError(f"--rate {text}: part {parts.index('') + 1} of {len(parts)} is empty: give 500 or 500,5000")
    found = list(map(_rate, parts))
    if len(found) > MOST_RATES:
        raise UserError(f"--rate has {len(found)} rates: at most {MOST_RATES} fit on a page")
    return list(dict.fromkeys(found))


def at(asked: Asked, text: str | None) -> Asked:
    """The same at a single rate. Raises UserError."""
    found = rates(text, asked.scenario)
    if len(found) > 1:
        raise UserError("give one --rate here: several stand side by side in a plain `tidemark cost`")
    return asked.at(found[0])


def _rate(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or not 0 < value <= MOST_EVENTS_A_SECOND:
        raise UserError(f"--rate {text}: give events a second, above 0 and at most {MOST_EVENTS_A_SECOND:,}")
    return value


def compared(text: str) -> Compared:
    """Read `--compare`. Raises UserError."""
    for component in get_args(Compared):
        if text == component:
            return cast(Compared, component)
    raise UserError(f"--compare {text}: it may be {', '.join(get_args(Compared))}")


def day(text: str | None) -> date:
    """Read `--on`; today if left out. Raises UserError."""
    if text is None:
        return datetime.now(UTC).date()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UserError(f"--on must be a date like 2026-11-30, not {text!r}") from None


def month_of(text: str) -> int:
    """Read `--month`. Raises UserError."""
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= LAST_MONTH):
        raise UserError(f"--month {text}: give a whole number from 1 to {LAST_MONTH}")
    return int(text)


def say(answer: Answer, form: str) -> None:
    """Print an answer as `json`, `csv`, `markdown` or, for people, as `text`."""
    if form == "json":
        print(json.dumps(answer.as_json(), indent=2, ensure_ascii=False))
    elif form == "csv":
        print(answer.as_csv(), end="")
    elif form == "markdown":
        print(markdown.text(answer.page()))
    else:
        console.show(answer.page(), sys.stdout)


def form_of(*, as_json: bool, as_csv: bool, as_markdown: bool) -> str:
    """The one form that is asked for. Raises UserError if there are more."""
    asked = [name for name, wanted in (("json", as_json), ("csv", as_csv), ("markdown", as_markdown)) if wanted]
    if len(asked) > 1:
        raise UserError(f"choose one of {', '.join(f'--{name}' for name in asked)}")
    return asked[0] if asked else "text"
