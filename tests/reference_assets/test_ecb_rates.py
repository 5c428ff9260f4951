"""The ECB's files become rates digit by digit, or one line that says why not."""

from datetime import date
from decimal import Decimal

import pytest
from fx_days import FRIDAY, MONDAY, USUAL, cube, document, rates
from hypothesis import given
from hypothesis import strategies as st

from assets.fx import ecb
from assets.fx.ecb import RATES, RatesUnreadable

CSV = "Date,USD,BGN,JPY,\n2026-11-23,1.1172,N/A,175.68,\n2026-11-20,1.113,,175.92,\n"
EXACT = st.decimals(min_value="0.000000001", max_value=10**18, places=9)


def test_the_daily_file_and_the_ninety_days_are_read_alike():
    daily = ecb.parse_xml(document(cube(MONDAY, **USUAL)), "ecb")
    assert daily.equals(rates({MONDAY: USUAL}).sort("currency"))
    both = ecb.parse_xml(document(cube(MONDAY, **USUAL), cube(FRIDAY, USD="1.11")), "ecb")
    assert both.equals(rates({FRIDAY: {"USD": "1.11"}, MONDAY: USUAL}).sort("rate_date", "currency"))
    assert dict(both.schema) == dict(RATES)


@given(EXACT)
def test_every_digit_survives(rate):
    text = f"{rate:f}"
    assert ecb.parse_xml(document(cube(MONDAY, USD=text)), "ecb")["rate"].item() == Decimal(text)
    assert ecb.parse_csv(f"Date,USD,\n{MONDAY},{text},\n", "ecb", MONDAY, MONDAY)["rate"].item() == Decimal(text)


def test_what_the_file_says_twice_is_left_for_the_gate_to_judge():
    assert len(ecb.parse_xml(document(cube(MONDAY, USD="1"), cube(MONDAY, USD="2")), "ecb")) == 2


BOMB = '<!DOCTYPE lolz [<!ENTITY a "1"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
FILE = '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/hostname">]>'


@pytest.mark.parametrize("head", [BOMB, FILE, "<!DOCTYPE x>"], ids=["expansion", "a file", "none declared"])
def test_a_document_type_is_refused_with_all_its_entities(head):
    with pytest.raises(RatesUnreadable, match="declare a document type"):
        ecb.parse_xml(document(cube(MONDAY, USD="&b;" if "ENTITY b" in head else "1"), head=head), "ecb")


@pytest.mark.parametrize(
    "text", ["1,5", "1e3", "-1", "+1", "", "NaN", "Infinity", "1_0", "٣", "1.0000000001", " 1", ".5", "1."]
)
def test_a_rate_that_is_not_plain_digits_is_refused_by_name(text):
    with pytest.raises(RatesUnreadable, match=f"rate of USD on {MONDAY}"):
        ecb.parse_xml(document(cube(MONDAY, USD=text)), "ecb")


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (b"", "not XML"),
        (b"<html><body>Service unavailable</body></html>", "without a Cube"),
        (b"<html>" * 3, "not XML"),
        (document(cube("yesterday", USD="1")), "'yesterday', not a date"),
        (document("<Cube currency='USD' rate='1'/>"), "without a day"),
        (document(cube(MONDAY, usd="1")), "'usd', which is no currency code"),
    ],
)
def test_what_is_no_file_of_rates_is_said_in_one_line(bad, says):
    with pytest.raises(RatesUnreadable, match=says) as unreadable:
        ecb.parse_xml(bad, "ecb")
    assert "\n" not in str(unreadable.value)


def test_the_history_keeps_the_days_asked_for_and_skips_what_is_not_quoted():
    assert ecb.parse_csv(CSV, "ecb", FRIDAY, FRIDAY).equals(
        rates({FRIDAY: {"USD": "1.113", "JPY": "175.92"}}).sort("currency")
    )
    assert len(ecb.parse_csv(CSV, "ecb", FRIDAY, MONDAY)) == 4
    assert ecb.parse_csv(CSV, "ecb", date(2026, 11, 21), date(2026, 11, 22)).is_empty()


@pytest.mark.parametrize(
    ("text", "says"),
    [("", "without a column Date"), ("a,b\n1,2\n", "without a column Date"), ("Date,USD\nmonday,1\n", "not a date")],
)
def test_a_history_that_is_none_is_refused(text, says):
    with pytest.raises(RatesUnreadable, match=says):
        ecb.parse_csv(text, "ecb", FRIDAY, MONDAY)
