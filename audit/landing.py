"""The warehouse's rows as tables of the audit's own database: what is judged."""

from datetime import timedelta

import duckdb
import pyarrow as pa

from audit.model import AuditError
from audit.ports import WarehouseReader

LOOK_AROUND_DAYS = 31
"""Dates before the ledger's first that are read too: an event may be 30 days late, so may a row that should not be."""

COLUMNS = {
    "payments_landing": """
        event_id, transaction_id, event_type, sequence, merchant_id, amount, currency, occurred_at, card_token,
        channel, country, description, schema_version, signed_amount, reporting_currency, reporting_amount,
        signed_reporting_amount, fx_rate_from, fx_rate_to, fx_rate_date, fx_revision, fx_status, rounding_rule,
        merchant_name, merchant_category, merchant_country, merchant_risk_tier, merchant_version, merchant_status,
        status, status_detail, business_date, kafka_topic_id, kafka_partition, kafka_offset, broker_timestamp,
        ownership_epoch, replay_id, enrichment_revision, payload_mac, payload_scrubbed, loaded_at""",
    "merchants": """
        merchant_id, name, category, country, risk_tier, valid_from, valid_to, recorded_at, superseded_at,
        merchant_version""",
    "fx_rates": "rate_date, currency, rate, revision, recorded_at",
    "reference_versions": "name, version, published_at",
}


def date_range(db: duckdb.DuckDBPyConnection) -> tuple[str, str] | None:
    """Return the business dates to read, ISO 8601, both included; None if the ledger names no date."""
    row = db.execute("""
        SELECT MIN(day), MAX(day) FROM (
          SELECT business_date AS day FROM intents
          UNION ALL SELECT make_timestamp(broker_ms * 1000)::DATE FROM outcomes
          UNION ALL SELECT started_at::DATE FROM runs)""").fetchone()
    if row is None or row[0] is None:
        return None
    return (row[0] - timedelta(days=LOOK_AROUND_DAYS)).isoformat(), (row[1] + timedelta(days=1)).isoformat()


def load_warehouse(db: duckdb.DuckDBPyConnection, reader: WarehouseReader, dates: tuple[str, str]) -> None:
    """Create `payments_landing`, `merchants`, `fx_rates`, `reference_versions`, and `live`, the landing's live rows.

    Batches are taken as they come; the database moves to disk what exceeds its memory. Raises AuditError.
    """
    topics = [row[0] for row in db.execute("SELECT DISTINCT topic_id FROM runs").fetchall()]
    where = (
        f"business_date BETWEEN DATE '{dates[0]}' AND DATE '{dates[1]}' "
        f"AND kafka_topic_id IN ({', '.join(_quoted(topic) for topic in topics)})"
    )
    for table, columns in COLUMNS.items():
        _copy(db, reader, table, columns, where if table == "payments_landing" else "")
    db.execute("""CREATE VIEW live AS SELECT rowid AS id, * FROM payments_landing
        WHERE replay_id IS NULL AND enrichment_revision = 0""")


def _copy(db: duckdb.DuckDBPyConnection, reader: WarehouseReader, table: str, columns: str, where: str) -> None:
    names = [name.strip() for name in columns.split(",")]
    created = False
    for batch in reader.rows(table, names, where):
        db.register("batch", pa.Table.from_batches([batch]).select(names))
        db.execute(f"INSERT INTO {table} SELECT * FROM batch" if created else f"CREATE TABLE {table} AS FROM batch")
        db.unregister("batch")
        created = True
    if not created:
        raise AuditError(f"the warehouse did not describe {table}")


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
