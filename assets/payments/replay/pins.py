"""Which versions of the reference tables a replay uses. Values in, values out.

A version of the rates is what was recorded by the time of its publication, so "rates as known at T" are the newest
version published by T.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from assets.payments.replay.options import Options, ReplayRefused

MERCHANTS = "merchants"
FX_RATES = "fx_rates"


@dataclass(frozen=True, slots=True)
class Published:
    """A row of `reference_versions`; the time in UTC."""

    name: str
    version: str
    published_at: datetime


@dataclass(frozen=True, slots=True)
class Pins:
    """The versions of a replay, and the newest ones when it was pinned."""

    merchants: str
    fx_rates: str
    newest_merchants: str
    newest_fx_rates: str

    @property
    def older(self) -> tuple[str, ...]:
        """What is pinned to another version than the newest, in words."""
        pairs = (
            ("merchants", self.merchants, self.newest_merchants),
            ("fx_rates", self.fx_rates, self.newest_fx_rates),
        )
        return tuple(f"{name} {used}, newest {newest}" for name, used, newest in pairs if used != newest)


def pin(published: Iterable[Published], options: Options) -> Pins:
    """Choose the versions. Raises ReplayRefused for one that was never published, or not by the time asked for."""
    ordered = sorted(published, key=lambda one: one.published_at)
    merchants = [one for one in ordered if one.name == MERCHANTS]
    rates = [one for one in ordered if one.name == FX_RATES]
    if not merchants or not rates:
        absent = MERCHANTS if not merchants else FX_RATES
        raise ReplayRefused(f"no version of {absent} was ever published: load the reference tables first")
    return Pins(
        _named(merchants, options.merchants_version),
        _known_at(rates, options.fx_as_known_at),
        merchants[-1].version,
        rates[-1].version,
    )


def _named(merchants: Sequence[Published], version: str | None) -> str:
    if version is None:
        return merchants[-1].version
    if version not in {one.version for one in merchants}:
        listed = ", ".join(one.version for one in reversed(merchants[-3:]))
        raise ReplayRefused(f"version {version} of merchants was never published; the newest are {listed}")
    return version


def _known_at(rates: Sequence[Published], at: datetime | None) -> str:
    known = rates if at is None else [one for one in rates if one.published_at <= at]
    if not known:
        first = rates[0].published_at.astimezone(UTC)
        raise ReplayRefused(f"no rates were known then: the first were published at {first:%Y-%m-%dT%H:%M:%SZ}")
    return known[-1].version
