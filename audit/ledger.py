"""The producer's ledger as tables `runs`, `intents` and `outcomes` of the audit's own database."""

from pathlib import Path

import duckdb

from audit.model import AuditError

_COLUMNS = """{
  kind: 'VARCHAR', run: 'VARCHAR', topic: 'VARCHAR', topic_id: 'VARCHAR', started_at: 'VARCHAR', n: 'BIGINT',
  event_id: 'VARCHAR', transaction_id: 'VARCHAR', event_type: 'VARCHAR', sequence: 'BIGINT', merchant_id: 'VARCHAR',
  amount: 'VARCHAR', currency: 'VARCHAR', occurred_at: 'VARCHAR', card_token: 'VARCHAR', channel: 'VARCHAR',
  country: 'VARCHAR', business_date: 'VARCHAR', label: 'VARCHAR', expect: 'VARCHAR', mac: 'VARCHAR',
  result: 'VARCHAR', partition: 'BIGINT', "offset": 'BIGINT', broker_ms: 'BIGINT'
}"""

_TABLES = (
    """CREATE TABLE runs AS
    SELECT filename AS file, run, topic, topic_id, started_at::TIMESTAMPTZ AS started_at
    FROM lines WHERE kind = 'run'""",
    # amounts and times only of events that must land as they are: what a spoiled one holds may be no number at all
    """CREATE TABLE intents AS
    SELECT l.filename AS file, r.topic_id, l.n, l.event_id, l.transaction_id, l.event_type, l.sequence, l.merchant_id,
      CASE WHEN l.expect = 'OK' THEN l.amount::DECIMAL(38, 9) END AS amount, l.currency,
      CASE WHEN l.expect = 'OK' THEN l.occurred_at::TIMESTAMPTZ END AS occurred_at, l.card_token, l.channel, l.country,
      l.business_date::DATE AS business_date, l.label, l.expect, l.mac
    FROM lines l JOIN runs r ON r.file = l.filename WHERE l.kind = 'intent'""",
    """CREATE TABLE outcomes AS
    SELECT filename AS file, n, result, partition, "offset", broker_ms FROM lines WHERE kind = 'outcome'""",
    "DROP TABLE lines",
)

_DOUBTS = {
    "a ledger without its run line": "SELECT COUNT(*) FROM lines WHERE filename NOT IN "
    "(SELECT filename FROM lines WHERE kind = 'run' AND coalesce(topic_id, '') <> '')",
    "two run lines in one ledger": "SELECT COUNT(*) - COUNT(DISTINCT filename) FROM lines WHERE kind = 'run'",
    "a number given twice": "SELECT COUNT(*) - COUNT(DISTINCT (filename, n)) FROM lines WHERE kind = 'intent'",
    "two outcomes of one event": "SELECT COUNT(*) - COUNT(DISTINCT (filename, n)) FROM lines WHERE kind = 'outcome'",
    "an acknowledgement without coordinates": "SELECT COUNT(*) FROM lines WHERE kind = 'outcome' AND result = 'acked' "
    'AND (partition IS NULL OR "offset" IS NULL OR broker_ms IS NULL)',
    "an event without its expectation": "SELECT COUNT(*) FROM lines WHERE kind = 'intent' "
    "AND (expect IS NULL OR mac IS NULL)",
}


def load_ledger(db: duckdb.DuckDBPyConnection, paths: list[Path]) -> None:
    """Create the tables from at least one file. A torn last line, as a killed producer leaves it, is passed over.

    Raises AuditError for a file that is no ledger or contradicts itself: then there is nothing to judge by.
    """
    try:
        _read(db, [str(path) for path in paths])
        for doubt, sql in _DOUBTS.items():
            if _number(db, sql):
                raise AuditError(f"the ledger holds {doubt}: it cannot be judged by")
        for sql in _TABLES:
            db.execute(sql)
    except duckdb.Error as error:
        raise AuditError(f"the ledger cannot be read: {str(error).splitlines()[0]}") from None


def _read(db: duckdb.DuckDBPyConnection, names: list[str]) -> None:
    source = (
        f"read_json(?, format = 'newline_delimited', columns = {_COLUMNS}, ignore_errors = true, filename = true, "
        "maximum_object_size = 4194304)"
    )
    db.execute(f"CREATE TABLE lines AS SELECT * FROM {source} WHERE kind IS NOT NULL", [names])
    for name in names:
        read = _number(db, "SELECT COUNT(*) FROM lines WHERE filename = ?", name)
        if read < _whole_lines(Path(name)):
            raise AuditError(f"{name} holds a line that is no JSON object of a ledger")


def _whole_lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))


def _number(db: duckdb.DuckDBPyConnection, sql: str, *values: object) -> int:
    row = db.execute(sql, list(values)).fetchone()
    return int(row[0]) if row else 0
