"""Checks on what the pipeline added: rates and reporting amounts recomputed, merchants looked up again.

A row must have been enriched with a version that a consumer could hold: the newest one published before `loaded_at`,
or an older one not yet replaced for longer than the reload allowance.
"""

from collections.abc import Iterator
from datetime import date, timedelta

import duckdb
import pyarrow as pa

from audit.asking import ROW, none_of, number
from audit.calendar import applies_from, target_days
from audit.model import Check
from audit.money import convert
from audit.quotes import Snapshot, quote, snapshots

RELOAD_ALLOWANCE_S = 90
"""A new version is looked for every 10 s, loaded in a thread, and rows wait while the warehouse does not answer."""

_BATCH = 50_000
_ATTRIBUTES = ("name", "category", "country", "risk_tier")

_VERSIONS = """CREATE TABLE held_{name} AS
  SELECT place, published_at, from_at, lead(from_at) OVER (ORDER BY place) + to_seconds({allowance}) AS until_at FROM (
    SELECT row_number() OVER (ORDER BY published_at) AS place, published_at, published_at AS from_at
    FROM reference_versions WHERE name = '{name}'
    UNION ALL SELECT 0, NULL, '-infinity'::TIMESTAMPTZ)"""


def enrichment_checks(db: duckdb.DuckDBPyConnection, reload_allowance_s: int = RELOAD_ALLOWANCE_S) -> list[Check]:
    """Return checks of quotes, reporting amounts, signs and merchants; creates `own_amounts` for the totals."""
    for name in ("fx_rates", "merchants"):
        db.execute(_VERSIONS.format(name=name, allowance=int(reload_allowance_s)))
    _own_amounts(db)
    _quotes(db)
    return [_fx_check(db), _amount_check(db), _sign_check(db), _merchant_check(db)]


def _own_amounts(db: duckdb.DuckDBPyConnection) -> None:
    """Convert the amount sent with the rates each row states, live or superseding: whether they are right is
    another check's question."""
    db.execute("CREATE TABLE own_amounts (id BIGINT, own DECIMAL(38, 9))")
    cursor = db.cursor().execute("""SELECT l.rowid, f.amount, l.fx_rate_from, l.fx_rate_to, l.reporting_currency
        FROM payments_landing l JOIN facts f
        ON f.topic_id = l.kafka_topic_id AND f.partition = l.kafka_partition AND f."offset" = l.kafka_offset
        WHERE f.expect = 'OK' AND l.fx_status <> 'UNSUPPORTED' AND l.fx_rate_from > 0 AND l.fx_rate_to > 0
          AND l.reporting_currency IS NOT NULL""")
    while rows := cursor.fetchmany(_BATCH):
        _insert(db, "own_amounts", ((row[0], convert(*row[1:])) for row in rows))


def _insert(db: duckdb.DuckDBPyConnection, table: str, rows: Iterator[tuple[object, ...]]) -> None:
    schema = db.execute(f"SELECT * FROM {table} LIMIT 0").to_arrow_table().schema
    columns: list[tuple[object, ...]] = list(zip(*rows, strict=True)) or [() for _ in schema]
    batch = pa.table([pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema=schema)
    db.register("batch", batch)
    db.execute(f"INSERT INTO {table} SELECT * FROM batch")
    db.unregister("batch")


def _quotes(db: duckdb.DuckDBPyConnection) -> None:
    """Create `priced` (rows with their applicable day) and `quotes` (what each version says of a day and currency)."""
    bounds = db.execute("SELECT MIN(sent_occurred_at)::DATE, MAX(sent_occurred_at)::DATE FROM matched").fetchone()
    first, last = bounds if bounds and bounds[0] else (date(1970, 1, 1), date(1970, 1, 1))
    days = target_days(first - timedelta(days=30), last)
    db.execute("CREATE TABLE target (day DATE, opens_at TIMESTAMPTZ)")
    _insert(db, "target", ((day, applies_from(day)) for day in days))
    db.execute("""CREATE TABLE days AS SELECT m.id, t.day AS applicable
        FROM (SELECT id, sent_occurred_at FROM matched WHERE expect = 'OK') m
        ASOF JOIN target t ON m.sent_occurred_at >= t.opens_at""")
    db.execute("CREATE VIEW priced AS SELECT m.*, d.applicable FROM matched m JOIN days d ON d.id = m.id")
    db.execute("""CREATE TABLE quotes (place BIGINT, day DATE, source VARCHAR, target VARCHAR, status VARCHAR,
        rate_date DATE, revision BIGINT, rate_from DECIMAL(38, 9), rate_to DECIMAL(38, 9))""")
    _insert(db, "quotes", _every_quote(db, days))


def _every_quote(db: duckdb.DuckDBPyConnection, days: list[date]) -> Iterator[tuple[object, ...]]:
    rates = db.execute("SELECT rate_date, currency, rate, revision, recorded_at FROM fx_rates").fetchall()
    wanted = db.execute("SELECT DISTINCT applicable, sent_currency, reporting_currency FROM priced").fetchall()
    for place, published_at in db.execute("SELECT place, published_at FROM held_fx_rates").fetchall():
        known: dict[date, Snapshot] = snapshots(rates, published_at) if published_at else {}
        for day, source, target in wanted:
            q = quote(known, days, day, source, target)
            yield place, day, source, target, q.status, q.rate_date, q.revision, q.rate_from, q.rate_to


def _fx_check(db: duckdb.DuckDBPyConnection) -> Check:
    return none_of(
        db,
        "fx_quote",
        "is every rate, day, revision and status the published one?",
        f"""SELECT {ROW} || ': ' || coalesce(fx_status, 'none') || coalesce(' ' || fx_rate_date, '')
          || coalesce(' revision ' || fx_revision, '')
        FROM priced p WHERE NOT EXISTS (
          SELECT 1 FROM held_fx_rates v JOIN quotes q ON q.place = v.place
          WHERE q.day = p.applicable AND q.source = p.sent_currency
            AND q.target IS NOT DISTINCT FROM p.reporting_currency
            AND p.loaded_at >= v.from_at AND (v.until_at IS NULL OR p.loaded_at < v.until_at)
            AND q.status = p.fx_status AND (q.status = 'UNSUPPORTED' OR (
              q.rate_date IS NOT DISTINCT FROM p.fx_rate_date AND q.revision IS NOT DISTINCT FROM p.fx_revision
              AND q.rate_from = p.fx_rate_from AND q.rate_to = p.fx_rate_to)))""",
        {
            "rows": number(db, "SELECT COUNT(*) FROM priced"),
            "provisional": number(db, "SELECT COUNT(*) FROM priced WHERE fx_status = 'PROVISIONAL'"),
            "unsupported": number(db, "SELECT COUNT(*) FROM priced WHERE fx_status = 'UNSUPPORTED'"),
        },
    )


def _amount_check(db: duckdb.DuckDBPyConnection) -> Check:
    return none_of(
        db,
        "reporting_amount",
        "is every reporting amount the one recomputed?",
        f"""SELECT {ROW} || ': ' || coalesce(reporting_amount::VARCHAR, 'none') || ', recomputed '
          || coalesce(o.own::VARCHAR, 'none')
        FROM priced p LEFT JOIN own_amounts o ON o.id = p.id
        WHERE p.reporting_amount IS DISTINCT FROM o.own""",
        {"rows": number(db, "SELECT COUNT(*) FROM priced WHERE reporting_amount IS NOT NULL")},
    )


def _sign_check(db: duckdb.DuckDBPyConnection) -> Check:
    return none_of(
        db,
        "signed_amounts",
        "do signed amounts follow from amount and type?",
        f"""SELECT {ROW} FROM priced WHERE signed_amount IS DISTINCT FROM amount * sign
        OR signed_reporting_amount IS DISTINCT FROM reporting_amount * sign""",
    )


def _merchant_check(db: duckdb.DuckDBPyConnection) -> Check:
    # Plain comparisons only, no OR: with one the database would compare every row with every merchant.
    db.execute("""CREATE TABLE standing AS
        SELECT v.place, m.merchant_id, m.valid_from, coalesce(m.valid_to, 'infinity'::TIMESTAMPTZ) AS valid_to,
          m.merchant_version, m.name, m.category, m.country, m.risk_tier
        FROM held_merchants v JOIN merchants m ON m.recorded_at <= v.published_at
          AND coalesce(m.superseded_at, 'infinity'::TIMESTAMPTZ) > v.published_at
        WHERE m.merchant_id IN (SELECT DISTINCT sent_merchant_id FROM priced)""")
    known = " AND ".join(f"s.{name} IS NOT DISTINCT FROM p.merchant_{name}" for name in _ATTRIBUTES)
    unknown = " AND ".join(f"p.merchant_{name} IS NULL" for name in _ATTRIBUTES)
    return none_of(
        db,
        "merchant",
        "is every merchant the one of that moment?",
        f"""SELECT {ROW} || ': ' || sent_merchant_id || ' ' || coalesce(merchant_status, 'none')
        FROM priced ANTI JOIN (
          SELECT p.id FROM priced p
          JOIN held_merchants v ON p.loaded_at >= v.from_at AND p.loaded_at < coalesce(v.until_at, 'infinity')
          LEFT JOIN standing s ON s.place = v.place AND s.merchant_id = p.sent_merchant_id
            AND s.valid_from <= p.sent_occurred_at AND s.valid_to > p.sent_occurred_at
          WHERE CASE WHEN s.merchant_id IS NULL
            THEN p.merchant_status = 'UNKNOWN' AND p.merchant_version IS NULL AND {unknown}
            ELSE p.merchant_status = 'KNOWN' AND s.merchant_version IS NOT DISTINCT FROM p.merchant_version AND {known}
            END) good USING (id)""",
        {"unknown": number(db, "SELECT COUNT(*) FROM priced WHERE merchant_status = 'UNKNOWN'")},
    )
