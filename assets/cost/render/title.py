"""What a scenario is called on a page: by its title, and without one by what it changes."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from decimal import Decimal
from typing import Any, Final

from assets.cost.render.figures import plain
from assets.cost.scenario import Scenario

_APART: Final = ("name", "title", "rate_per_s")
"""Not changes of the set-up: every page says the rate beside it."""


def of(scenario: Scenario) -> str:
    """Its title; without one, the settings that are not the default's."""
    return scenario.title or ", ".join(_changes(scenario, Scenario())) or "as the default"


def named(scenario: Scenario) -> str:
    """The same for where its name does not stand beside it."""
    return scenario.title or f"scenario {scenario.name}: {of(scenario)}"


def _changes(of_it: Any, default: Any, prefix: str = "") -> Iterator[str]:
    """Settings with their values, those within a group as `growth.per_year 0.5`."""
    for setting in fields(of_it):
        value, usual = getattr(of_it, setting.name), getattr(default, setting.name)
        if value == usual or (not prefix and setting.name in _APART):
            continue
        if is_dataclass(value):
            yield from _changes(value, usual, f"{setting.name}.")
        else:
            yield f"{prefix}{setting.name} {_spelled(value)}"


def _spelled(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return plain(value) if isinstance(value, Decimal) else str(value)
