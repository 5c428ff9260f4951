"""One sabotage a name: the SQL that touches a good landing, and the checks whose job it is to notice.

Each touches rows of its own, so that many can be done to one landing and each still be told from the others: places
grow from sabotage to sabotage, and those that are owed to sums have a day, currency and type for themselves.

Amounts are written PARSE_NUMERIC('...'): the emulator rounds a CAST to NUMERIC to three decimals.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sabotage:
    name: str
    changes: tuple[str, ...]
    caught_by: frozenset[str]
    wide: bool = False
    """Touches many rows or reference tables: not done together with those that touch one."""


T = "payments_landing"
ONE_CENT = "PARSE_NUMERIC('0.01')"
# A row to touch: OK, in euros, a capture, settled in its own currency; found by content so that any world has it.
SOME_OK = "status = 'OK' AND currency = 'EUR' AND event_type = 'capture' AND kafka_offset < 1000000"


def at(place: int, where: str) -> str:
    """Condition for the row number `place`, by coordinates, among those that meet `where`."""
    return f"""CONCAT(CAST(kafka_partition AS STRING), '/', CAST(kafka_offset AS STRING)) IN (
      SELECT CONCAT(CAST(kafka_partition AS STRING), '/', CAST(kafka_offset AS STRING)) FROM {T}
      WHERE {where} ORDER BY kafka_partition, kafka_offset LIMIT 1 OFFSET {place})"""


def sabotage(name: str, caught_by: str, *changes: str, wide: bool = False) -> Sabotage:
    return Sabotage(name, changes, frozenset(caught_by.split()), wide)


def ok(currency: str, event_type: str) -> str:
    return f"status = 'OK' AND currency = '{currency}' AND event_type = '{event_type}' AND amount > 1"


CONVERTED = ok("USD", "capture") + " AND fx_revision = 1 AND reporting_amount > 1"
KNOWN = ok("EUR", "authorization") + " AND merchant_status = 'KNOWN'"
QUARANTINED = "status LIKE 'QUARANTINED%'"
TAIL = f"kafka_partition = 2 AND kafka_offset >= (SELECT MAX(kafka_offset) - 20 FROM {T} WHERE kafka_partition = 2)"

SABOTAGES = [
    sabotage("delete a row", "nothing_lost", f"DELETE FROM {T} WHERE {at(2, SOME_OK)}"),
    sabotage("cut a tail", "nothing_lost", f"DELETE FROM {T} WHERE {TAIL}", wide=True),
    sabotage("drop a quarantined row", "nothing_lost", f"DELETE FROM {T} WHERE {at(3, QUARANTINED)}"),
    sabotage(
        "drop a row whose outcome the producer never learned and add it elsewhere",
        "no_phantom",
        f"UPDATE {T} SET kafka_offset = kafka_offset + 1000000 WHERE {at(4, SOME_OK)}",
    ),
    sabotage(
        "duplicate a row",
        "no_duplicate_coordinates",
        f"INSERT INTO {T} SELECT * FROM {T} WHERE {at(6, SOME_OK)}",
    ),
    sabotage(
        "a phantom: an extra row at coordinates of its own",
        "no_phantom",
        f"INSERT INTO {T} SELECT * REPLACE (kafka_offset + 1000000 AS kafka_offset, 'ghost' AS event_id, "
        f"'00112233445566778899aabbccddeeff' AS payload_mac) FROM {T} WHERE {at(8, SOME_OK)}",
    ),
    sabotage(
        "a phantom with a sent event's MAC",
        "no_phantom",
        f"INSERT INTO {T} SELECT * REPLACE (kafka_offset + 1000000 AS kafka_offset) FROM {T} WHERE {at(10, SOME_OK)}",
    ),
    sabotage(
        "change an amount by one minor unit",
        "contract_fields exact_totals",
        f"UPDATE {T} SET amount = amount + {ONE_CENT} WHERE {at(0, ok('GBP', 'capture'))}",
    ),
    sabotage(
        "change an amount by a billionth",
        "contract_fields exact_totals",
        f"UPDATE {T} SET amount = amount + PARSE_NUMERIC('0.000000001') WHERE {at(0, ok('GBP', 'authorization'))}",
    ),
    sabotage(
        "swap two amounts of one group, so that every sum stays",
        "contract_fields",
        f"UPDATE {T} SET amount = amount + {ONE_CENT} WHERE {at(12, SOME_OK)}",
        f"UPDATE {T} SET amount = amount - {ONE_CENT} WHERE {at(14, SOME_OK)}",
    ),
    sabotage(
        "change a signed amount",
        "signed_amounts exact_totals",
        f"UPDATE {T} SET signed_amount = -signed_amount WHERE {at(0, ok('JPY', 'capture'))}",
    ),
    sabotage(
        "change a reporting amount by one cent",
        "reporting_amount exact_totals",
        f"UPDATE {T} SET reporting_amount = reporting_amount + {ONE_CENT} WHERE {at(0, ok('USD', 'authorization'))}",
    ),
    sabotage(
        "a rate that was not published, with the amount that follows from it",
        "fx_quote",
        f"UPDATE {T} SET fx_rate_from = fx_rate_to WHERE {at(0, CONVERTED)}",
    ),
    sabotage(
        "wrong FX revision",
        "fx_quote",
        f"UPDATE {T} SET fx_revision = fx_revision + 1 WHERE {at(1, CONVERTED)}",
    ),
    sabotage(
        "final where it was provisional",
        "fx_quote",
        f"UPDATE {T} SET fx_status = 'FINAL' WHERE {at(0, CONVERTED + ' AND fx_status = ' + repr('PROVISIONAL'))}",
    ),
    sabotage(
        "a rate of the day before",
        "fx_quote",
        f"UPDATE {T} SET fx_rate_date = DATE_SUB(fx_rate_date, INTERVAL 1 DAY) WHERE {at(2, CONVERTED)}",
    ),
    sabotage(
        "unsupported where there was a rate",
        "fx_quote",
        f"UPDATE {T} SET fx_status = 'UNSUPPORTED', reporting_amount = NULL WHERE {at(3, CONVERTED)}",
    ),
    sabotage(
        "wrong merchant version",
        "merchant",
        f"UPDATE {T} SET merchant_version = 'ffffffffffffffff' WHERE {at(0, KNOWN)}",
    ),
    sabotage(
        "another merchant's name",
        "merchant",
        f"UPDATE {T} SET merchant_name = 'Somebody else' WHERE {at(2, KNOWN)}",
    ),
    sabotage(
        "unknown where the merchant is known",
        "merchant",
        f"UPDATE {T} SET merchant_status = 'UNKNOWN', merchant_version = NULL, merchant_name = NULL, "
        f"merchant_category = NULL, merchant_country = NULL, merchant_risk_tier = NULL WHERE {at(4, KNOWN)}",
    ),
    sabotage(
        "a row in another epoch, in the middle of its successor's",
        "epochs_disjoint",
        f"UPDATE {T} SET ownership_epoch = (SELECT MIN(ownership_epoch) FROM {T}) WHERE kafka_partition = 1 AND "
        f"kafka_offset = (SELECT MAX(kafka_offset) FROM {T} WHERE kafka_partition = 1)",
        wide=True,
    ),
    sabotage(
        "a row without an epoch", "epochs_disjoint", f"UPDATE {T} SET ownership_epoch = NULL WHERE {at(16, SOME_OK)}"
    ),
    sabotage(
        "a good event quarantined",
        "status exactly_these_events",
        f"UPDATE {T} SET status = 'QUARANTINED_BAD_AMOUNT' WHERE {at(18, SOME_OK)}",
    ),
    sabotage(
        "a bad event let through",
        "status",
        f"UPDATE {T} SET status = 'OK' WHERE {at(5, QUARANTINED)}",
    ),
    sabotage(
        "quarantined for another reason",
        "status",
        f"UPDATE {T} SET status = 'QUARANTINED_WAREHOUSE_REJECTED' WHERE {at(7, QUARANTINED)}",
    ),
    sabotage(
        "wrong MAC",
        "payload_mac",
        f"UPDATE {T} SET payload_mac = '00112233445566778899aabbccddeeff' WHERE {at(20, SOME_OK)}",
    ),
    sabotage(
        "a row on the day before",
        "business_date exactly_these_events",
        f"UPDATE {T} SET business_date = DATE_SUB(business_date, INTERVAL 1 DAY) WHERE {at(22, SOME_OK)}",
    ),
    sabotage(
        "an event under another id",
        "contract_fields exactly_these_events",
        f"UPDATE {T} SET event_id = 'another' WHERE {at(24, SOME_OK)}",
    ),
    sabotage(
        "an event of another merchant, currency untouched",
        "contract_fields",
        f"UPDATE {T} SET merchant_id = 'm-other' WHERE {at(26, SOME_OK)}",
    ),
    sabotage(
        "an event a microsecond later",
        "contract_fields",
        f"UPDATE {T} SET occurred_at = TIMESTAMP_ADD(occurred_at, INTERVAL 1 MICROSECOND) WHERE {at(28, SOME_OK)}",
    ),
    sabotage(
        "a published rate revised after the fact",
        "fx_quote",
        "UPDATE fx_rates SET rate = rate + 1 WHERE revision = 1 AND currency = 'USD'",
        wide=True,
    ),
    sabotage(
        "a published merchant changed after the fact",
        "merchant",
        "UPDATE merchants SET name = 'Renamed', merchant_version = 'ffffffffffffffff' WHERE TRUE",
        wide=True,
    ),
    sabotage(
        "a card number in a description",
        "no_card_numbers",
        f"UPDATE {T} SET description = 'paid with 4111111111111111, thanks' WHERE {at(30, SOME_OK)}",
    ),
    sabotage(
        "a card number in a description, in groups with invisible characters between",
        "no_card_numbers",
        f"UPDATE {T} SET description = 'no 3782\u200b 822463-\u206010005' WHERE {at(32, SOME_OK)}",
    ),
    sabotage(
        "a card number for a token",
        "no_card_numbers contract_fields",
        f"UPDATE {T} SET card_token = '5555-5555-5555-4444' WHERE {at(34, SOME_OK)}",
    ),
    sabotage(
        "a card number for an id",
        "no_card_numbers contract_fields",
        f"UPDATE {T} SET transaction_id = '6011111111111117' WHERE {at(36, SOME_OK)}",
    ),
    sabotage(
        "a payload kept as it was sent",
        "no_card_numbers",
        f"""UPDATE {T} SET payload_scrubbed = '{{"card":"4012888888881881","amount":1' WHERE {at(9, QUARANTINED)}""",
    ),
    sabotage(
        "a payload kept with a card number in escapes",
        "no_card_numbers",
        f"""UPDATE {T} SET payload_scrubbed = CONCAT('{{"card":"', CHR(92), 'u0034', '012888888881881"}}')
        WHERE {at(11, QUARANTINED)}""",
    ),
    sabotage(
        "a value quoted where only its rule is named",
        "no_card_numbers",
        f"UPDATE {T} SET status_detail = 'card_token: 4222222222222 is no token' WHERE {at(13, QUARANTINED)}",
    ),
    sabotage("another rounding rule", "row_forms", f"UPDATE {T} SET rounding_rule = 'HALF_UP' WHERE {at(38, SOME_OK)}"),
    sabotage("another schema version", "row_forms", f"UPDATE {T} SET schema_version = 2 WHERE {at(40, SOME_OK)}"),
    sabotage(
        "a good row with its payload", "row_forms", f"UPDATE {T} SET payload_scrubbed = '{{}}' WHERE {at(42, SOME_OK)}"
    ),
    sabotage(
        "a row under another topic", "nothing_lost", f"UPDATE {T} SET kafka_topic_id = 'x' WHERE {at(44, SOME_OK)}"
    ),
    sabotage("a row without its MAC", "payload_mac", f"UPDATE {T} SET payload_mac = NULL WHERE {at(46, SOME_OK)}"),
    sabotage(
        "an event of another type",
        "contract_fields",
        f"UPDATE {T} SET event_type = 'chargeback' WHERE {at(48, SOME_OK)}",
    ),
    sabotage(
        "an event at another place in its transaction",
        "contract_fields",
        f"UPDATE {T} SET sequence = sequence + 1 WHERE {at(50, SOME_OK)}",
    ),
    sabotage(
        "an event from another country", "contract_fields", f"UPDATE {T} SET country = 'AQ' WHERE {at(52, SOME_OK)}"
    ),
    sabotage(
        "an event of another transaction",
        "contract_fields",
        f"UPDATE {T} SET transaction_id = 'another' WHERE {at(54, SOME_OK)}",
    ),
    sabotage(
        "an event in another currency",
        "contract_fields",
        f"UPDATE {T} SET currency = 'DKK' WHERE {at(56, SOME_OK)}",
    ),
    sabotage(
        "a merchant of another risk",
        "merchant",
        f"UPDATE {T} SET merchant_risk_tier = 'none' WHERE {at(6, KNOWN)}",
    ),
    sabotage(
        "reported in another currency",
        "fx_quote",
        f"UPDATE {T} SET reporting_currency = 'GBP' WHERE {at(4, CONVERTED)}",
    ),
    sabotage(
        "a signed reporting amount of the other sign",
        "signed_amounts",
        f"UPDATE {T} SET signed_reporting_amount = -signed_reporting_amount WHERE {at(5, CONVERTED)}",
    ),
    sabotage(
        "a quarantined row that does not say why",
        "row_forms",
        f"UPDATE {T} SET status_detail = NULL WHERE {at(15, QUARANTINED)}",
    ),
    sabotage(
        "a quarantined row with money",
        "row_forms",
        f"UPDATE {T} SET reporting_amount = 1 WHERE {at(17, QUARANTINED)}",
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
        "a card number in a description",
        "a payload kept as it was sent",
        "another rounding rule",
    }
]
