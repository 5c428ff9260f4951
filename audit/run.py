"""Hold an audit: ledger against warehouse against consumer group. Read-only towards all three."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import duckdb

from audit.asking import number
from audit.cards import cards_check
from audit.enrichment import RELOAD_ALLOWANCE_S, enrichment_checks
from audit.group import position_check, sufficiency, sufficiency_check
from audit.landing import date_range, load_warehouse
from audit.latency import latency_ms
from audit.ledger import load_ledger
from audit.matching import match
from audit.model import AuditError, Report
from audit.payments import payments_checks
from audit.ports import GroupReader, WarehouseReader
from audit.rows import row_checks

MEMORY_LIMIT = "400MB"
"""DuckDB spills to the temporary folder beyond it."""


def run(
    ledger_paths: list[Path],
    warehouse: WarehouseReader,
    group: GroupReader,
    *,
    min_events: int = 1,
    reload_allowance_s: int = RELOAD_ALLOWANCE_S,
    cards_in_ids: bool = False,
    say: Callable[[str], None] = lambda _: None,
    seconds: Callable[[], float] = lambda: 0.0,
) -> Report:
    """Audit everything the ledgers name and return the report.

    `cards_in_ids` says that the pipeline was told to let card numbers in ids pass; `seconds` is a monotonic clock.
    Raises AuditError if the audit cannot be held at all; too little to judge is a report that fails.
    """
    started = seconds()
    if not ledger_paths:
        nothing = dict.fromkeys(("runs", "acked", "rows", "positions"), 0)
        return Report([sufficiency(nothing, min_events)], {"acked": 0, "landed": 0}, {}, {}, seconds() - started)
    with tempfile.TemporaryDirectory(prefix="tidemark-audit-") as folder, duckdb.connect() as db:
        _prepare(db, folder)
        say("reading the ledger")
        load_ledger(db, ledger_paths)
        dates = date_range(db)
        if dates is None:
            raise AuditError("the ledger names no day: it cannot be judged by")
        say("reading the warehouse")
        load_warehouse(db, warehouse, dates)
        positions = group.positions()
        say("comparing")
        match(db)
        checks = [
            sufficiency_check(db, positions, min_events),
            *row_checks(db),
            cards_check(db, ids_too=not cards_in_ids),
            *enrichment_checks(db, reload_allowance_s),
            *payments_checks(db, warehouse, dates),
            position_check(positions),
        ]
        return Report(checks, _events(db), _reasons(db), latency_ms(db), seconds() - started)


def _prepare(db: duckdb.DuckDBPyConnection, folder: str) -> None:
    for setting in (
        "SET TimeZone = 'UTC'",
        f"SET memory_limit = '{MEMORY_LIMIT}'",
        f"SET temp_directory = '{folder}/spill'",
        "SET threads = 2",
        "SET preserve_insertion_order = false",
        "SET enable_progress_bar = false",
    ):
        db.execute(setting)


def _events(db: duckdb.DuckDBPyConnection) -> dict[str, int]:
    counts = {
        "acked": "SELECT COUNT(*) FROM acked",
        "unresolved": "SELECT COUNT(*) FROM unresolved",
        "unresolved_found": "SELECT COUNT(*) FROM found",
        "landed": "SELECT COUNT(*) FROM live",
        "quarantined": "SELECT COUNT(*) FROM live WHERE status LIKE 'QUARANTINED%'",
        "lost": """SELECT COUNT(*) FROM acked a ANTI JOIN live l ON a.topic_id = l.kafka_topic_id
            AND a.partition = l.kafka_partition AND a."offset" = l.kafka_offset""",
        "duplicate_coordinates": """SELECT COUNT(*) - COUNT(DISTINCT (kafka_topic_id, kafka_partition, kafka_offset))
            FROM live""",
        "phantom": "SELECT COUNT(*) FROM phantoms",
        "producer_duplicates_collapsed": """SELECT (SELECT COUNT(*) FROM facts WHERE expect = 'OK')
            - (SELECT COUNT(*) FROM expected_payments)""",
        "payments": "SELECT COUNT(*) FROM expected_payments",
    }
    return {name: number(db, sql) for name, sql in counts.items()}


def _reasons(db: duckdb.DuckDBPyConnection) -> dict[str, int]:
    rows = db.execute("""SELECT substr(status, 13), COUNT(*) FROM live WHERE status LIKE 'QUARANTINED%'
        GROUP BY 1 ORDER BY 2 DESC, 1""").fetchall()
    return dict(rows)
