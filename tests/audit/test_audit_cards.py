"""The auditor's own scan for card numbers: published test numbers, disguises, look-alikes, and the prefilter in SQL."""

import re

import duckdb
import pytest

from audit.cards import FREE_TEXT, IDS, cards_check, holds_card_number

VISA, AMEX, MASTERCARD = "4111111111111111", "378282246310005", "5555555555554444"
PUBLISHED = (
    *(VISA, AMEX, MASTERCARD, "30569309025904", "4012888888881881", "4222222222222", "2223003122003222"),
    *("6011111111111117", "3530111333300000", "6200000000000005", "5019717010103742", "6304000000000000"),
)
DISGUISED = (
    *(f"card {VISA}.", f"x{VISA}y", f"{VISA},{MASTERCARD}", "4111 1111 1111 1111", "4111-1111-1111-1111"),
    *("4111 - 1111 - 1111 - 1111", "4111\n1111\t1111\u00a01111", "4111\u20131111\u22121111\u20101111"),
    *("3782 822463 10005", "41111111 11111111", " ".join(VISA), "-".join(AMEX), "4111 1111 1111 1111 123"),
    *("12 4111 1111 1111 1111", "12/26 4111-1111-1111-1111", "4111\u200b1111\u200d1111\ufeff1111"),
    *("４１１１１１１１１１１１１１１１", "٤١١١١١١١١١١١١١١١", "4111\x001111\x001111\x001111"),
)
INNOCENT = (
    *("", "hello", "4111111111111112", "94111111111111111", "1234567890123452", "0000000000000000", "1764000000000"),
    *("2026-11-23T10:00:00.123456Z", "20261123100000123456", "0198c0de-1111-4111-8111-111111111111"),
    *("411111******1111", "4111 11** **** 1111", "4111:1111:1111:1111", "4111 1111 1111 111", "4111x111111111111"),
    *("411111111111", "4111    1111    1111    1111", "ご注文 27768", "½" * 16),
)


@pytest.mark.parametrize("text", [*PUBLISHED, *DISGUISED])
def test_a_card_number_is_found(text):
    assert holds_card_number(text)


@pytest.mark.parametrize("text", INNOCENT)
def test_what_is_none_is_left_alone(text):
    assert not holds_card_number(text)


@pytest.mark.parametrize(
    "text",
    [
        '{"card":"\\u0034111111111111111"}',
        '{"card":"4111\\n1111\\t1111\\u00a01111"}',
        '{"card":"' + "".join(f"\\ud835\\u{0xDFCE + int(digit):04x}" for digit in VISA),
        '{"card":4111111111111111',
    ],
)
def test_escapes_of_a_payload_hide_nothing(text):
    assert holds_card_number(text, as_json=True)


def test_a_payload_that_breaks_off_in_an_escape_is_read():
    assert not holds_card_number('{"card":"\\u00', as_json=True)
    assert not holds_card_number("\\", as_json=True)


def luhn(digits):
    return sum(sum(divmod(int(d) * (1 + n % 2), 10)) for n, d in enumerate(reversed(digits))) % 10 == 0


def no_issuer(text):
    return any(luhn(run) for run in re.findall(r"(?<!\d)\d{13,19}(?!\d)", text))


def no_luhn(text):
    return any(run[0] in "3456" for run in re.findall(r"(?<!\d)\d{13,19}(?!\d)", text))


def any_gap(text):
    return holds_card_number(re.sub(r"[^0-9A-Za-z]", "", text))


@pytest.mark.parametrize("mutant", [no_issuer, no_luhn, any_gap])
def test_scans_that_are_almost_right_are_told_apart(mutant):
    assert not all(map(mutant, (*PUBLISHED, *DISGUISED))) or any(map(mutant, INNOCENT))


def landed(**values):
    """A database in memory with one row that has these values."""
    db = duckdb.connect()
    columns = ", ".join(f"{column} VARCHAR" for column in (*FREE_TEXT, *IDS))
    db.execute(f"CREATE TABLE payments_landing (kafka_partition BIGINT, kafka_offset BIGINT, {columns})")
    db.execute("INSERT INTO payments_landing (kafka_partition, kafka_offset) VALUES (0, 0)")
    names = ", ".join(values)
    marks = ", ".join("?" * len(values))
    db.execute(
        f"INSERT INTO payments_landing (kafka_partition, kafka_offset, {names}) VALUES (2, 17, {marks})",
        [*values.values()],
    )
    return db


@pytest.mark.integration
@pytest.mark.parametrize("column", [*FREE_TEXT, *IDS])
def test_every_column_is_looked_at_and_named_without_the_number(column):
    check = cards_check(landed(**{column: VISA}))
    assert (check.passed, check.offenders) == (False, [f"partition 2 offset 17: {column}"])


@pytest.mark.integration
@pytest.mark.parametrize("text", [*PUBLISHED, *DISGUISED])
def test_the_filter_in_sql_lets_none_through(text):
    assert not cards_check(landed(description=text)).passed


@pytest.mark.integration
def test_ids_are_left_out_where_the_pipeline_may_keep_them():
    assert cards_check(landed(event_id=VISA), ids_too=False).passed
    assert not cards_check(landed(description=VISA), ids_too=False).passed
