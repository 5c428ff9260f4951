"""The nightly load of the merchants: read what stands, fold the day's snapshot in, publish what differs."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

import polars as pl

from assets.merchants.fold import Folded, content_hash, fold, holds_from
from assets.warehouse.publish import publish_merchants
from assets.warehouse.standing import published_versions, standing_merchants

if TYPE_CHECKING:
    from google.cloud.bigquery import Client  # noqa: TID251  # a type only: whoever has a client has paid the import

_DIGITS_OF_HASH: Final = 16
"""64 bits in the version's name, beside the day: enough that two contents of a day differ in it."""
_OF_A_DAY: Final = re.compile(r"(\d{8})-[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class MerchantsLoaded:
    """What a load did. `version` stands afterwards; `published` is false if it stood before, whoever published it."""

    day: date
    version: str
    content: str
    published: bool
    versions: int
    open: int
    inserted: int
    changed: int
    closed: int
    reopened: int
    unchanged: int


def load_merchants(client: "Client", dataset: str, snapshot: pl.DataFrame, day: date, at: datetime) -> MerchantsLoaded:
    """Fold the snapshot of `day` (schema `fold.SNAPSHOT`) into the dataset's merchants, recorded at `at`.

    Running it again publishes nothing. Raises SnapshotRejected, PublicationRefused; google.api_core errors pass.
    Whatever is raised, the tables are as they were.
    """
    versions = published_versions(client, dataset, "merchants")
    folded = fold(standing_merchants(client, dataset), snapshot, holds_from(day), known_until=last_day(versions))
    content = content_hash(folded.history)
    if not folded.differs:
        return _loaded(folded, day, next(reversed(versions), ""), content, published=False)
    version = version_of(day, content)
    published = publish_merchants(client, dataset, folded.history, version, at)
    return _loaded(folded, day, version, content, published=published)


def version_of(day: date, content: str) -> str:
    """Name the version that the snapshot of `day` made, by the day and what then stands."""
    return f"{day:%Y%m%d}-{content[:_DIGITS_OF_HASH]}"


def last_day(versions: Iterable[str]) -> datetime | None:
    """From when the newest snapshot among these versions holds; versions that no snapshot made are passed over."""
    days = [found[1] for version in versions if (found := _OF_A_DAY.fullmatch(version))]
    return holds_from(date.fromisoformat(max(days))) if days else None


def _loaded(folded: Folded, day: date, version: str, content: str, *, published: bool) -> MerchantsLoaded:
    return MerchantsLoaded(
        day=day,
        version=version,
        content=content,
        published=published,
        versions=len(folded.history),
        open=folded.history["valid_to"].null_count(),
        inserted=folded.inserted,
        changed=folded.changed,
        closed=folded.closed,
        reopened=folded.reopened,
        unchanged=folded.unchanged,
    )
