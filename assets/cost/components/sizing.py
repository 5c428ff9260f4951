"""How many machines of what size an engine needs: one set of rules, for ours and for every other engine.

Cores are bought for the peak and are at most `cpu_ceiling` busy then. An engine first grows its smallest set-up to the
largest machine worth having and then adds machines of that size, so that no figure falls when the rate rises.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from assets.cost.lines import Month, Use, in_steps
from assets.cost.units import MILLION

IN_TWO_ZONES: Final = 2
"""Smallest set-up that goes on when a zone is lost: one machine in each of two."""


@dataclass(frozen=True)
class Load:
    """What arrives at the peak, and what a million events take of it."""

    per_s: Decimal
    """Events a second, of the size that was measured."""
    cpu_s_per_million: Decimal
    ceiling: Decimal
    """Share of the bought cores that may be busy."""
    fixed: Decimal = Decimal(0)
    """Cores that each machine takes whatever the rate."""

    @property
    def all_vcpu(self) -> Decimal:
        """vCPU to buy for all of it, unrounded."""
        return self.vcpu(self.per_s)

    @property
    def said(self) -> str:
        """How `all_vcpu` comes about."""
        return (
            f"{self.per_s:,.0f} events/s at the peak x {self.cpu_s_per_million} CPU s a million, at most "
            f"{self.ceiling:.0%} busy = {self.all_vcpu:.2f} vCPU"
        )

    def full(self, vcpu: Decimal) -> Decimal:
        """Events a second that a machine of so many vCPU takes below the ceiling. Raises ValueError if none is left."""
        room = vcpu * self.ceiling - self.fixed
        if room <= 0:
            raise ValueError(f"{vcpu} vCPU at {self.ceiling} busy leave nothing beside {self.fixed} fixed cores")
        return room * MILLION / self.cpu_s_per_million

    def vcpu(self, per_s: Decimal) -> Decimal:
        """vCPU to buy for one machine that takes so many events a second."""
        return (self.fixed + per_s * self.cpu_s_per_million / MILLION) / self.ceiling


@dataclass(frozen=True)
class Fleet:
    """So many machines of one size."""

    count: Decimal
    vcpu: Decimal
    """Of each."""
    gib: Decimal
    """Of each."""
    how: str
    """Why so many of that size."""


def load(month: Month, cpu_s_per_million: Decimal, fixed: Decimal = Decimal(0)) -> Load:
    """The peak of a month. Messages of twice the size take twice the CPU: an upper bound, the same for all engines."""
    per_s = month.peak_rate * month.scenario.message_size
    return Load(per_s, cpu_s_per_million, month.drivers["cpu_ceiling"], fixed)


def fleet(load: Load, full_per_s: Decimal, gib: Decimal, at_least: int = IN_TWO_ZONES) -> Fleet:
    """Machines of which one takes at most `full_per_s` events a second. Their vCPU are what each needs, unrounded."""
    count = in_steps(load.per_s / full_per_s, 1, at_least)
    each = min(load.per_s / at_least, full_per_s)
    vcpu = load.vcpu(each)
    fixed = f" + {load.fixed} fixed cores" if load.fixed else ""
    how = (
        f"{load.per_s:,.0f} events/s at the peak on {count}, each sized for {each:,.0f}/s: {each:,.0f} x "
        f"{load.cpu_s_per_million} CPU s a million{fixed}, at most {load.ceiling:.0%} busy = {vcpu:.3f} vCPU"
    )
    return Fleet(count, vcpu, gib, how)


def smallest(needed: Decimal, offered: Sequence[Decimal]) -> Decimal:
    """The smallest size offered that is enough. Raises ValueError if none is."""
    enough = [size for size in offered if size >= needed]
    if not enough:
        raise ValueError(f"no machine of {needed:.2f} vCPU is offered, the largest has {max(offered)}")
    return min(enough)


def disks(month: Month, key: str, label: str, count: Decimal, gib: int, *, drivers: tuple[str, ...]) -> Use:
    """Balanced persistent disks, one a machine."""
    return Use(f"engine.{key}", "engine", label, "gcp.pd.balanced", count * gib, f"{count} disks x {gib} GiB", drivers,
               month.scenario.region)  # fmt: skip
