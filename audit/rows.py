"""Checks on single rows: each record exactly once, as sent, with the fate its maker foresaw."""

import duckdb

from audit.asking import EVENT, ROW, none_of, number
from audit.model import Check

_CONTRACT_FIELDS = (
    *("event_id", "transaction_id", "event_type", "sequence", "merchant_id", "amount", "currency"),
    *("occurred_at", "card_token", "channel", "country"),
)

SCHEMA_VERSION, ROUNDING_RULE = 1, "HALF_EVEN_ONCE"
"""The only ones there are: docs/data-contract.md, what each means."""


def row_checks(db: duckdb.DuckDBPyConnection) -> list[Check]:
    """Return completeness, uniqueness, phantoms, MAC, status, business date, contract fields, forms and epochs."""
    return [_lost(db), _duplicates(db), _phantoms(db), *_as_sent(db), _forms(db), _epochs(db)]


def _lost(db: duckdb.DuckDBPyConnection) -> Check:
    return none_of(
        db,
        "nothing_lost",
        "has every acknowledged record a live row?",
        f"""SELECT {EVENT} FROM acked a ANTI JOIN live l
        ON a.topic_id = l.kafka_topic_id AND a.partition = l.kafka_partition AND a."offset" = l.kafka_offset""",
        {"acked": number(db, "SELECT COUNT(*) FROM acked"), "landed": number(db, "SELECT COUNT(*) FROM live")},
    )


def _duplicates(db: duckdb.DuckDBPyConnection) -> Check:
    return none_of(
        db,
        "no_duplicate_coordinates",
        "has no record two live rows?",
        f"""SELECT {ROW} || ': ' || COUNT(*) || ' rows' FROM live
        GROUP BY kafka_topic_id, kafka_partition, kafka_offset HAVING COUNT(*) > 1""",
    )


def _phantoms(db: duckdb.DuckDBPyConnection) -> Check:
    return none_of(
        db,
        "no_phantom",
        "was every row sent?",
        f"SELECT {ROW} FROM phantoms",
        {
            "outcome_unknown": number(db, "SELECT COUNT(*) FROM unresolved"),
            "of_them_landed": number(db, "SELECT COUNT(*) FROM found"),
        },
    )


def _as_sent(db: duckdb.DuckDBPyConnection) -> list[Check]:
    compared = {"rows": number(db, "SELECT COUNT(*) FROM matched")}
    wrong = " OR ".join(f"{field} IS DISTINCT FROM sent_{field}" for field in _CONTRACT_FIELDS)
    named = " || ".join(
        f"CASE WHEN {field} IS DISTINCT FROM sent_{field} THEN ' {field}' ELSE '' END" for field in _CONTRACT_FIELDS
    )
    return [
        none_of(
            db,
            "payload_mac",
            "is every row of the very bytes sent?",
            f"SELECT {ROW} FROM matched WHERE payload_mac IS DISTINCT FROM mac",
            compared,
        ),
        none_of(
            db,
            "status",
            "has every row the status its event was made for?",
            f"SELECT {ROW} || ': ' || status || ', expected ' || expect FROM matched WHERE status <> expect",
            compared,
        ),
        none_of(
            db,
            "business_date",
            "is every row on its day?",
            f"""SELECT {ROW} || ': ' || business_date || ', expected ' || sent_business_date FROM matched
            WHERE business_date <> sent_business_date""",
            compared,
        ),
        none_of(
            db,
            "contract_fields",
            "do the fields say what was sent?",
            f"SELECT {ROW} || ':' || {named} FROM matched WHERE expect = 'OK' AND ({wrong})",
            {"rows": number(db, "SELECT COUNT(*) FROM matched WHERE expect = 'OK'")},
        ),
    ]


def _forms(db: duckdb.DuckDBPyConnection) -> Check:
    return none_of(
        db,
        "row_forms",
        "has every row its version, rounding rule and evidence?",
        f"""SELECT {ROW} FROM live WHERE CASE WHEN status = 'OK'
          THEN schema_version IS DISTINCT FROM {SCHEMA_VERSION} OR status_detail IS NOT NULL
            OR payload_scrubbed IS NOT NULL OR rounding_rule IS DISTINCT FROM
              CASE WHEN reporting_amount IS NOT NULL THEN '{ROUNDING_RULE}' END
          ELSE status_detail IS NULL OR rounding_rule IS NOT NULL OR reporting_amount IS NOT NULL END""",
    )


def _epochs(db: duckdb.DuckDBPyConnection) -> Check:
    ranges = """SELECT kafka_topic_id, kafka_partition, ownership_epoch, MIN(kafka_offset) AS first,
        MAX(kafka_offset) AS last FROM live GROUP BY ALL"""
    return none_of(
        db,
        "epochs_disjoint",
        "did one owner at a time write each partition?",
        f"""SELECT 'partition ' || kafka_partition || ' offsets ' || first || ' to ' || last || ' of epoch '
          || coalesce(ownership_epoch, 'none')
        FROM (SELECT *, MAX(last) OVER (
            PARTITION BY kafka_topic_id, kafka_partition ORDER BY first, last
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before FROM ({ranges}))
        WHERE before >= first OR ownership_epoch IS NULL""",
        {"epochs": number(db, "SELECT COUNT(DISTINCT ownership_epoch) FROM live")},
    )
