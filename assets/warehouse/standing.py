"""What stands in the reference tables now: the edge that batch loads start from."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from assets.merchants.fold import HISTORY
from assets.warehouse.client import CALL_TIMEOUT_S
from streaming.landing import FX_RATES

if TYPE_CHECKING:
    from google.cloud.bigquery import Client  # noqa: TID251  # a type only: whoever has a client has paid the import

READ_TIMEOUT_S = 120.0
"""Time limit of one read; 80,000 merchants come as REST pages in a few seconds."""

Schema = Mapping[str, pl.DataType | type[pl.DataType]]


def standing_merchants(client: "Client", dataset: str) -> pl.DataFrame:
    """Every version that is not superseded, in the schema `fold.HISTORY`. google.api_core errors pass."""
    return _read(client, f"`{client.project}.{dataset}.merchants` WHERE superseded_at IS NULL", HISTORY)


def standing_rates(client: "Client", dataset: str) -> pl.DataFrame:
    """Of each day the newest revision, in the schema `FX_RATES`. google.api_core errors pass."""
    table = f"`{client.project}.{dataset}.fx_rates`"
    newest = f"SELECT rate_date, MAX(revision) AS revision FROM {table} GROUP BY rate_date"
    return _read(client, f"{table} JOIN ({newest}) USING (rate_date, revision)", FX_RATES)


def published_versions(client: "Client", dataset: str, name: str) -> list[str]:
    """Every version of `merchants` or `fx_rates`, the newest last. google.api_core errors pass."""
    versions = f"`{client.project}.{dataset}.reference_versions`"
    sql = f"SELECT version FROM {versions} WHERE name = '{name}' ORDER BY published_at"
    return [str(row["version"]) for row in _rows(client, sql)]


def _read(client: "Client", source: str, schema: Schema) -> pl.DataFrame:
    rows = _rows(client, f"SELECT {', '.join(schema)} FROM {source}")
    return pl.DataFrame([row.values() for row in rows], schema=dict(schema), orient="row")


def _rows(client: "Client", sql: str) -> Iterable[Any]:
    rows: Iterable[Any] = client.query(sql, timeout=CALL_TIMEOUT_S).result(timeout=READ_TIMEOUT_S)
    return rows
