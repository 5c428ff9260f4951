"""One sabotage a name: the SQL that touches a good landing, and the checks whose job it is to notice.

Amounts are written PARSE_NUMERIC('...'): the emulator rounds a CAST to NUMERIC to three decimals.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sabotage:
    name: str
    changes: tuple[str, ...]
    caught_by: frozenset[str]


T = "payments_landing"
ONE_CENT = "PARSE_NUMERIC('0.01')"
# A row to touch: OK, in euros, a capture, settled in its own currency; found by content so that any world has it.
SOME_OK = "status = 'OK' AND currency = 'EUR' AND event_type = 'capture'"


def at(place: int, where: str) -> str:
    """Condition for the row number `place`, by coordinates, among those that meet `where`."""
    return f"""CONCAT(CAST(kafka_partition AS STRING), '/', CAST(kafka_offset AS STRING)) IN (
      SELECT CONCAT(CAST(kafka_partition AS STRING), '/', CAST(kafka_offset AS STRING)) FROM {T}
      WHERE {where} ORDER BY kafka_partition, kafka_offset LIMIT 1 OFFSET {place})"""


def sabotage(name: str, caught_by: str, *changes: str) -> Sabotage:
    return Sabotage(name, changes, frozenset(caught_by.split()))


CONVERTED = "status = 'OK' AND fx_revision = 1 AND currency = 'USD' AND reporting_amount > 1"
KNOWN = "status = 'OK' AND merchant_status = 'KNOWN'"
QUARANTINED = "status LIKE 'QUARANTINED%'"
TAIL = f"kafka_partition = 2 AND kafka_offset >= (SELECT MAX(kafka_offset) - 20 FROM {T} WHERE kafka_partition = 2)"

SABOTAGES = [
    sabotage("delete a row", "nothing_lost", f"DELETE FROM {T} WHERE {at(7, SOME_OK)}"),
    sabotage("cut a tail", "nothing_lost", f"DELETE FROM {T} WHERE {TAIL}"),
    sabotage("drop a quarantined row", "nothing_lost", f"DELETE FROM {T} WHERE {at(3, QUARANTINED)}"),
    sabotage(
        "drop a row whose outcome the producer never learned and add it elsewhere",
        "no_phantom",
        f"UPDATE {T} SET kafka_offset = kafka_offset + 1000000 WHERE {at(9, SOME_OK)}",
    ),
    sabotage(
        "duplicate a row",
        "no_duplicate_coordinates",
        f"INSERT INTO {T} SELECT * FROM {T} WHERE {at(7, SOME_OK)}",
    ),
    sabotage(
        "a phantom: an extra row at coordinates of its own",
        "no_phantom",
        f"INSERT INTO {T} SELECT * REPLACE (kafka_offset + 1000000 AS kafka_offset, 'ghost' AS event_id, "
        f"'00112233445566778899aabbccddeeff' AS payload_mac) FROM {T} WHERE {at(7, SOME_OK)}",
    ),
    sabotage(
        "a phantom with a sent event's MAC",
        "no_phantom",
        f"INSERT INTO {T} SELECT * REPLACE (kafka_offset + 1000000 AS kafka_offset) FROM {T} WHERE {at(8, SOME_OK)}",
    ),
    sabotage(
        "change an amount by one minor unit",
        "contract_fields exact_totals",
        f"UPDATE {T} SET amount = amount + {ONE_CENT} WHERE {at(7, SOME_OK)}",
    ),
    sabotage(
        "change an amount by a billionth",
        "contract_fields exact_totals",
        f"UPDATE {T} SET amount = amount + PARSE_NUMERIC('0.000000001') WHERE {at(7, SOME_OK)}",
    ),
    sabotage(
        "swap two amounts of one group, so that every sum stays",
        "contract_fields",
        f"UPDATE {T} SET amount = amount + {ONE_CENT} WHERE {at(7, SOME_OK)}",
        f"UPDATE {T} SET amount = amount - {ONE_CENT} WHERE {at(8, SOME_OK)}",
    ),
    sabotage(
        "change a signed amount",
        "signed_amounts exact_totals",
        f"UPDATE {T} SET signed_amount = -signed_amount WHERE {at(7, SOME_OK + ' AND amount > 0')}",
    ),
    sabotage(
        "change a reporting amount by one cent",
        "reporting_amount exact_totals",
        f"UPDATE {T} SET reporting_amount = reporting_amount + {ONE_CENT} WHERE {at(0, CONVERTED)}",
    ),
    sabotage(
        "a rate that was not published, with the amount that follows from it",
        "fx_quote",
        f"UPDATE {T} SET fx_rate_from = fx_rate_to WHERE {at(0, CONVERTED)}",
    ),
    sabotage(
        "wrong FX revision",
        "fx_quote",
        f"UPDATE {T} SET fx_revision = fx_revision + 1 WHERE {at(0, CONVERTED)}",
    ),
    sabotage(
        "final where it was provisional",
        "fx_quote",
        f"UPDATE {T} SET fx_status = 'FINAL' WHERE {at(0, 'fx_status = ' + repr('PROVISIONAL'))}",
    ),
    sabotage(
        "a rate of the day before",
        "fx_quote",
        f"UPDATE {T} SET fx_rate_date = DATE_SUB(fx_rate_date, INTERVAL 1 DAY) WHERE {at(0, CONVERTED)}",
    ),
    sabotage(
        "unsupported where there was a rate",
        "fx_quote",
        f"UPDATE {T} SET fx_status = 'UNSUPPORTED', reporting_amount = NULL WHERE {at(0, CONVERTED)}",
    ),
    sabotage(
        "wrong merchant version",
        "merchant",
        f"UPDATE {T} SET merchant_version = 'ffffffffffffffff' WHERE {at(5, KNOWN)}",
    ),
    sabotage(
        "another merchant's name",
        "merchant",
        f"UPDATE {T} SET merchant_name = 'Somebody else' WHERE {at(5, KNOWN)}",
    ),
    sabotage(
        "unknown where the merchant is known",
        "merchant",
        f"UPDATE {T} SET merchant_status = 'UNKNOWN', merchant_version = NULL, merchant_name = NULL, "
        f"merchant_category = NULL, merchant_country = NULL, merchant_risk_tier = NULL WHERE {at(5, KNOWN)}",
    ),
    sabotage(
        "a row in another epoch, in the middle of its successor's",
        "epochs_disjoint",
        f"UPDATE {T} SET ownership_epoch = (SELECT MIN(ownership_epoch) FROM {T}) WHERE kafka_partition = 1 AND "
        f"kafka_offset = (SELECT MAX(kafka_offset) FROM {T} WHERE kafka_partition = 1)",
    ),
    sabotage(
        "a row without an epoch", "epochs_disjoint", f"UPDATE {T} SET ownership_epoch = NULL WHERE {at(7, SOME_OK)}"
    ),
    sabotage(
        "a good event quarantined",
        "status exactly_these_events",
        f"UPDATE {T} SET status = 'QUARANTINED_BAD_AMOUNT' WHERE {at(7, SOME_OK)}",
    ),
    sabotage(
        "a bad event let through",
        "status",
        f"UPDATE {T} SET status = 'OK' WHERE {at(3, QUARANTINED)}",
    ),
    sabotage(
        "quarantined for another reason",
        "status",
        f"UPDATE {T} SET status = 'QUARANTINED_WAREHOUSE_REJECTED' WHERE {at(3, QUARANTINED)}",
    ),
    sabotage(
        "wrong MAC",
        "payload_mac",
        f"UPDATE {T} SET payload_mac = '00112233445566778899aabbccddeeff' WHERE {at(7, SOME_OK)}",
    ),
    sabotage(
        "a row on the day before",
        "business_date exactly_these_events",
        f"UPDATE {T} SET business_date = DATE_SUB(business_date, INTERVAL 1 DAY) WHERE {at(7, SOME_OK)}",
    ),
    sabotage(
        "an event under another id",
        "contract_fields exactly_these_events",
        f"UPDATE {T} SET event_id = 'another' WHERE {at(7, SOME_OK)}",
    ),
    sabotage(
        "an event of another merchant, currency untouched",
        "contract_fields",
        f"UPDATE {T} SET merchant_id = 'm-other' WHERE {at(7, SOME_OK)}",
    ),
    sabotage(
        "an event a microsecond later",
        "contract_fields",
        f"UPDATE {T} SET occurred_at = TIMESTAMP_ADD(occurred_at, INTERVAL 1 MICROSECOND) WHERE {at(7, SOME_OK)}",
    ),
    sabotage(
        "a published rate revised after the fact",
        "fx_quote",
        "UPDATE fx_rates SET rate = rate + 1 WHERE revision = 1 AND currency = 'USD'",
    ),
    sabotage(
        "a published merchant changed after the fact",
        "merchant",
        "UPDATE merchants SET name = 'Renamed', merchant_version = 'ffffffffffffffff' WHERE TRUE",
    ),
]

ON_A_REAL_TABLE = [
    case
    for case in SABOTAGES
    if case.name
    in {
        "delete a row",
        "cut a tail",
        "drop a quarantined row",
        "duplicate a row",
        "a phantom: an extra row at coordinates of its own",
        "change an amount by one minor unit",
        "swap two amounts of one group, so that every sum stays",
        "change a reporting amount by one cent",
        "wrong FX revision",
        "wrong merchant version",
        "a row in another epoch, in the middle of its successor's",
        "a good event quarantined",
        "wrong MAC",
        "a row on the day before",
    }
]
