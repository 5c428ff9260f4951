"""Publish versions of the reference tables: rows and the row that announces them, in one transaction.

Rows are loaded into a staging table first, so a crash at any point leaves either nothing or a whole version.
"""

import io
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from assets.fx.snapshots import next_revisions
from assets.merchants.versions import with_versions
from assets.warehouse.client import CALL_TIMEOUT_S
from assets.warehouse.ddl import Column, statements
from streaming.landing import FX_RATES, MERCHANTS

if TYPE_CHECKING:
    from google.cloud.bigquery import Client  # noqa: TID251  # a type only: whoever has a client has paid the import

_VERSION = re.compile(r"[A-Za-z0-9._-]{1,64}")
_SCRIPT_TIMEOUT_S = 300.0


class PublicationRefused(Exception):
    """This version cannot be published: its name is unusable or its time is not after the newest one's."""


@dataclass(frozen=True, slots=True)
class _Version:
    name: str
    version: str
    at: datetime

    @property
    def literal(self) -> str:
        return f"TIMESTAMP '{self.at.astimezone(UTC).strftime('%Y-%m-%d %H:%M:%S.%f')}+00:00'"


def publish_merchants(client: "Client", dataset: str, history: pl.DataFrame, version: str, at: datetime) -> bool:
    """Make `history` what stands from `at` on; return False if `version` is published already.

    `history` has merchant_id, name, category, country, risk_tier, valid_from, valid_to. Versions that are gone or
    changed are superseded, unchanged ones are left alone. Raises PublicationRefused; ValueError for overlaps.
    """
    new = _Version("merchants", version, at)
    if not _is_new(client, dataset, new):
        return False
    rows = with_versions(history).with_columns(
        recorded_at=pl.lit(at, MERCHANTS["recorded_at"]), superseded_at=pl.lit(None, MERCHANTS["superseded_at"])
    )
    same = (
        "old.merchant_id = new.merchant_id AND old.valid_from = new.valid_from "
        "AND old.merchant_version = new.merchant_version "
        "AND old.valid_to IS NOT DISTINCT FROM new.valid_to"
    )
    change = f"""
UPDATE `{{table}}` AS old SET superseded_at = {new.literal}
WHERE old.superseded_at IS NULL AND NOT EXISTS (SELECT 1 FROM `{{staging}}` AS new WHERE {same});
INSERT INTO `{{table}}` ({{columns}})
SELECT {{columns}} FROM `{{staging}}` AS new
WHERE NOT EXISTS (SELECT 1 FROM `{{table}}` AS old WHERE old.superseded_at IS NULL AND {same});"""
    _publish(client, dataset, new, rows.select(list(MERCHANTS)), change)
    return True


def publish_fx_rates(client: "Client", dataset: str, rates: pl.DataFrame, version: str, at: datetime) -> bool:
    """Make `rates` what stands for the days it has; return False if `version` is published already.

    `rates` has rate_date, currency, rate (units per 1 EUR), source. A day that differs from its newest revision
    gets a new one as a whole. Raises PublicationRefused; ValueError for rates that cannot be.
    """
    new = _Version("fx_rates", version, at)
    if not _is_new(client, dataset, new):
        return False
    rows = next_revisions(_published_rates(client, dataset), rates, at)
    change = """
INSERT INTO `{table}` ({columns})
SELECT {columns} FROM `{staging}`;"""
    _publish(client, dataset, new, rows.select(list(FX_RATES)), change)
    return True


def _is_new(client: "Client", dataset: str, new: _Version) -> bool:
    what = f"version {new.version} of {new.name}"
    if not _VERSION.fullmatch(new.version):
        raise PublicationRefused(f"{what}: name it with 1 to 64 letters, digits, '.', '_' and '-'")
    table = f"{client.project}.{dataset}.reference_versions"
    rows = _rows(client, f"SELECT version, published_at FROM `{table}` WHERE name = '{new.name}'")
    published = {row["version"]: row["published_at"] for row in rows}
    if new.version in published:
        return False
    if published and new.at <= max(published.values()):
        raise PublicationRefused(f"{what}: {new.at} is not after the newest version's time")
    return True


def _published_rates(client: "Client", dataset: str) -> pl.DataFrame:
    columns = ", ".join(FX_RATES)
    rows = _rows(client, f"SELECT {columns} FROM `{client.project}.{dataset}.fx_rates`")
    return pl.DataFrame([tuple(row.values()) for row in rows], schema=FX_RATES, orient="row")


def _publish(client: "Client", dataset: str, new: _Version, rows: pl.DataFrame, change: str) -> None:
    prefix = f"{client.project}.{dataset}"
    staging = f"{prefix}.{new.name}_staging_{re.sub('[^A-Za-z0-9]', '_', new.version)}"
    sql = change.format(table=f"{prefix}.{new.name}", staging=staging, columns=", ".join(rows.columns))
    script = f"""BEGIN TRANSACTION;{sql}
INSERT INTO `{prefix}.reference_versions` (name, version, published_at)
VALUES ('{new.name}', '{new.version}', {new.literal});
COMMIT TRANSACTION;"""
    try:
        _load(client, staging, new.name, rows)
        client.query(script, timeout=CALL_TIMEOUT_S).result(timeout=_SCRIPT_TIMEOUT_S)
    finally:
        client.delete_table(staging, not_found_ok=True, timeout=CALL_TIMEOUT_S)


def _load(client: "Client", staging: str, name: str, rows: pl.DataFrame) -> None:
    """Load a frame into a fresh table. An explicit schema: the types are ours to say, not the file's to suggest."""
    from google.cloud import bigquery  # noqa: TID251  # the load job's configuration

    declared = next(s.columns for s in statements("", "") if s.name == name)
    schema = [_field(bigquery, column) for column in declared]
    client.delete_table(staging, not_found_ok=True, timeout=CALL_TIMEOUT_S)
    client.create_table(bigquery.Table(staging, schema=schema), timeout=CALL_TIMEOUT_S)
    file = io.BytesIO()
    rows.write_parquet(file)
    file.seek(0)
    config = bigquery.LoadJobConfig(source_format="PARQUET", schema=schema, write_disposition="WRITE_TRUNCATE")
    client.load_table_from_file(file, staging, job_config=config, timeout=CALL_TIMEOUT_S).result(
        timeout=_SCRIPT_TIMEOUT_S
    )


def _field(bigquery: Any, column: Column) -> Any:
    return bigquery.SchemaField(column.name, column.base_type, mode="REQUIRED" if column.required else "NULLABLE")


def _rows(client: "Client", sql: str) -> list[Any]:
    return list(client.query(sql, timeout=CALL_TIMEOUT_S).result(timeout=CALL_TIMEOUT_S))
