"""Today's projection from what the stream measured, against the band of what was committed. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from assets.cost import model, montecarlo
from assets.cost.drivers import Drivers
from assets.cost.live import Day, Member, measured
from assets.cost.model import Projection
from assets.cost.montecarlo import Bands
from assets.cost.prices import PriceBook
from assets.cost.scenario import Scenario

LAST = model.MONTHS[-1]


@dataclass(frozen=True)
class Moved:
    """A figure that was measured, and what its change alone does to the month's bill."""

    name: str
    """A driver, or `rate_per_s`."""
    before: Decimal
    now: Decimal
    usd: Decimal


@dataclass(frozen=True)
class DailyProjection:
    """The committed projection's bands, and what the measured day makes of it."""

    day: Day
    committed: Projection
    bands: Bands
    """Of month 13 of the committed projection."""
    now: Projection
    moved: tuple[Moved, ...]
    """What was measured, the largest effect first."""
    rests_on_a_day: bool
    """False: the day had too little traffic, and `now` is what was committed."""

    @property
    def within(self) -> bool:
        """Whether month 13 is still between P10 and P90."""
        return self.bands.total.p10 <= self.now.bills[LAST].usd <= self.bands.total.p90

    @property
    def line(self) -> str:
        """The verdict in one line."""
        usd, total = self.now.bills[LAST].usd, self.bands.total
        band = f"${total.p10:,.0f} to ${total.p90:,.0f}"
        if not self.rests_on_a_day:
            return (
                f"{self.day.records:,} records on {self.day.day} are too few to tell a month from: nothing was measured"
            )
        if self.within:
            return f"${usd:,.0f} in month {LAST}, within the band of {band}"
        why = ", ".join(f"{m.name} {m.before:,.4g} -> {m.now:,.4g} (${m.usd:+,.0f})" for m in self.moved[:3])
        return f"${usd:,.0f} in month {LAST} is outside the band of {band}: {why}"


def project_day(
    scenario: Scenario, drivers: Drivers, prices: PriceBook, day: Day, members: Sequence[Member], *, on: date
) -> DailyProjection:
    """Project the scenario anew at the measured rate and figures. Raises PriceMissing.

    `on`: the day on which prices are judged old.
    """
    committed = model.project(scenario, drivers, prices)
    bands = montecarlo.bands(scenario, drivers, prices, on, LAST)
    if not day.enough:
        return DailyProjection(day, committed, bands, committed, (), False)
    found = measured(day, members, drivers)
    live = scenario.at(day.rate)
    now = model.project(live, drivers.replaced(found), prices)
    base = committed.bills[LAST].usd

    def alone(scenario: Scenario, drivers: Drivers) -> Decimal:
        return model.bill(scenario, drivers, prices, LAST).usd - base

    moved = [Moved("rate_per_s", scenario.rate_per_s, day.rate, alone(live, drivers))]
    for name, value in found.items():
        moved.append(Moved(name, drivers[name], value, alone(scenario, drivers.replaced({name: value}))))
    ordered = tuple(sorted(moved, key=lambda each: -abs(each.usd)))
    return DailyProjection(day, committed, bands, now, ordered, True)
