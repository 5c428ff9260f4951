"""A load of FX rates: source, gate, publication. What the gate rejects changes nothing."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import blake2b
from typing import TYPE_CHECKING

import polars as pl

from assets.fx.ecb import RATES, RatesUnreadable
from assets.fx.gate import Reason, Rule, judge
from assets.fx.snapshots import next_revisions
from assets.fx.source import Fetched, FxSource
from assets.warehouse.publish import publish_fx_rates
from assets.warehouse.standing import published_versions, standing_rates

if TYPE_CHECKING:
    from google.cloud.bigquery import Client  # noqa: TID251  # a type only: whoever has a client has paid the import


@dataclass(frozen=True, slots=True)
class FxLoaded:
    """What a load did. `version` stands afterwards; `revisions` has the days that got a new revision, and its number.

    Rejected: `accepted` is false, `reasons` says why, nothing changed. `rates` are those of the file, in `ecb.RATES`.
    """

    accepted: bool
    reasons: tuple[Reason, ...]
    days: tuple[date, ...]
    revisions: dict[date, int]
    version: str
    note: str
    rates: pl.DataFrame


def load_fx_rates(
    client: "Client",
    dataset: str,
    source: FxSource,
    first: date,
    last: date,
    *,
    at: datetime,
    accepted: Collection[str] = (),
) -> FxLoaded:
    """Publish the rates of `first` to `last`, both included, recorded at `at`; running it again publishes nothing.

    `accepted` are reasons of the gate that a person has looked at (`JUMP:TRY`). Raises PublicationRefused;
    google.api_core errors pass. Whatever is raised, the tables are as they were.
    """
    standing = standing_rates(client, dataset)
    fetched, reasons = _fetch(source, first, last)
    reasons = reasons or judge(fetched.rates, standing, last, at, accepted)
    rows = pl.DataFrame() if reasons else next_revisions(standing, fetched.rates, at)
    if rows.is_empty():
        version = next(reversed(published_versions(client, dataset, "fx_rates")), "")
    else:
        version = version_of(rows, last)
        publish_fx_rates(client, dataset, fetched.rates, version, at)
    return FxLoaded(
        accepted=not reasons,
        reasons=reasons,
        days=tuple(fetched.rates["rate_date"].unique().sort()),
        revisions={}
        if rows.is_empty()
        else dict(rows.select("rate_date", "revision").unique().sort("rate_date").rows()),
        version=version,
        note=fetched.note,
        rates=fetched.rates,
    )


def version_of(rows: pl.DataFrame, last: date) -> str:
    """Name a publication by its last day and what it adds; with the revisions, so that an old rate is a new name."""
    text = "\n".join(f"{d} {c} {rate} {n}" for d, c, rate, n in _identity(rows).iter_rows())
    return f"{last:%Y%m%d}-{blake2b(text.encode(), digest_size=8).hexdigest()}"


def _identity(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select("rate_date", "currency", "rate", "revision").sort("rate_date", "currency")


def _fetch(source: FxSource, first: date, last: date) -> tuple[Fetched, tuple[Reason, ...]]:
    try:
        return source(first, last), ()
    except RatesUnreadable as error:
        return Fetched(pl.DataFrame(schema=dict(RATES))), (Reason(Rule.UNREADABLE, None, "", str(error)),)
