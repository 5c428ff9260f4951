"""Card numbers: published test numbers in every disguise, look-alikes left alone, and tempting scanners caught."""

import re
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stage_samples import land_one, payload

from audit.cards import holds_card_number
from streaming import pan
from streaming.stages.evidence import macs, scrub

VISA, AMEX, MASTERCARD, DINERS = "4111111111111111", "378282246310005", "5555555555554444", "30569309025904"
OTHERS = ("4012888888881881", "4222222222222", "2223003122003222", "6011111111111117", "3530111333300000",
          "6200000000000005", "5019717010103742", "6304000000000000", "2200000000000004")  # fmt: skip

HIDDEN = [
    VISA, AMEX, MASTERCARD, DINERS, *OTHERS,
    f"card {VISA}.", f"x{VISA}y", f"{VISA}=2512", f"({VISA})", f"{VISA},{MASTERCARD}",
    "4111 1111 1111 1111", "4111-1111-1111-1111", "4111.1111.1111.1111", "4111_1111_1111_1111", "4111/1111/1111/1111",
    "4111 - 1111 - 1111 - 1111", "4111\n1111\t1111\u00a01111", "4111\u20131111\u22121111\u20101111",
    "3782 822463 10005", "3782-822463-10005", "41111111 11111111", " ".join(VISA), "-".join(AMEX),
    "4111 1111 1111 1111 123", "12 4111 1111 1111 1111", "12/26 4111-1111-1111-1111",
    "4111\u200b1111\u200d1111\ufeff1111", "4\u00ad111111111111111", "4111111111111\u0301111", "\u2066" + VISA,
    "４１１１１１１１１１１１１１１１", "٤١١١١١١١١١١١١١١١", "⁴¹¹¹¹¹¹¹¹¹¹¹¹¹¹¹", "④①①①①①①①①①①①①①①①", "𝟒𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏",
    "4\ufe0f\u20e3" + "1\ufe0f\u20e3" * 15, "4\x00111111111111111",
]  # fmt: skip
INNOCENT = [
    "", "hello", "4111111111111112", "41111111111111111", "94111111111111111", "1234567890123452", "0000000000000000",
    "1764000000000", "1764000000000000", "2026-11-23T10:00:00.123456Z", "20261123100000123456", "411111111111",
    "0198c0de-1111-4111-8111-111111111111", "411111******1111", "4111:1111:1111:1111", "4111 1111 1111 111",
    "4111x111111111111", "+49 170 1234567", "DE89370400440532013000", "4111    1111    1111    1111", "½" * 16,
    "é" * 40,
]  # fmt: skip


@pytest.mark.parametrize("text", HIDDEN)
def test_found_and_masked(text: str) -> None:
    assert pan.contains_pan(text)
    masked = pan.mask(text)
    assert not pan.contains_pan(masked)
    assert len(masked) == len(text)
    assert pan.mask(masked) == masked
    assert "*" in masked


@pytest.mark.parametrize("text", INNOCENT)
def test_left_alone(text: str) -> None:
    assert not pan.contains_pan(text)
    assert pan.mask(text) == text


def test_first_six_and_last_four_stay() -> None:
    assert pan.mask(f"paid with {VISA}, thanks") == "paid with 411111******1111, thanks"
    assert pan.mask(AMEX) == "378282*****0005"
    assert pan.mask("4111 1111 1111 1111") == "4111 11** **** 1111"
    assert pan.mask(f"{VISA} and {MASTERCARD}") == "411111******1111 and 555555******4444"


@given(st.text(alphabet="0123456789 -x４\u200b", max_size=30), st.sampled_from([VISA, AMEX]), st.text(max_size=5))
def test_masking_is_idempotent_and_leaves_nothing(before: str, number: str, after: str) -> None:
    masked = pan.mask(f"{before} x {number} x {after}")
    assert number not in masked
    assert not pan.contains_pan(masked)
    assert pan.mask(masked) == masked


def test_escapes_in_json_hide_nothing() -> None:
    escaped = "".join(f"\\u{ord(digit):04x}" for digit in VISA)
    mathematical = "".join(f"\\ud835\\u{0xDFCE + int(digit):04x}" for digit in VISA)
    for text in (escaped, mathematical, f"4\\u0031{VISA[2:]}", "4111\\n1111\\t1111\\u00a01111", f"\\u200b{VISA}"):
        for whole in (f'{{"note":"{text}"}}', f'{{"note":"{text}'):
            masked = pan.mask_json(whole)
            assert masked.count("*") == 6, whole
            assert pan.mask_json(masked) == masked
    assert pan.mask_json('{"a":"\\\\","b":"\\"4111"}') == '{"a":"\\\\","b":"\\"4111"}'
    assert pan.mask_json("\\") == "\\"
    assert pan.mask_json("\\u12") == "\\u12"


PIECES = st.sampled_from(
    [*(VISA, AMEX), *'405-./"{}[]:,xé🂡４٤ ', "\u200b", "\\", "\\n", "\\u0034", "\\u00", "\\ud835\\udfd2"]
)


@given(st.lists(PIECES | st.text(max_size=3), max_size=30).map("".join))
def test_scrubbing_json_of_any_kind_is_idempotent_and_changes_nothing_but_digits(text: str) -> None:
    masked = pan.mask_json(text)
    assert pan.mask_json(masked) == masked
    assert masked == text or "*" in masked
    assert not holds_card_number(masked, as_json=True)
    assert holds_card_number(text, as_json=True) or masked == text


def once(text: str) -> str:
    """Masks the first card number alone."""
    return re.sub(r"(?<![0-9])([0-9]{6})[0-9]{6}([0-9]{4})(?![0-9])", r"\1******\2", text, count=1)


def test_a_scrubber_that_stops_after_the_first_number_is_caught() -> None:
    text = f"{VISA} {MASTERCARD}"
    assert once(once(text)) != once(text)
    assert holds_card_number(once(text), as_json=True)
    assert not holds_card_number(pan.mask_json(text), as_json=True)


def test_the_cheap_candidate_test_misses_nothing() -> None:
    candidate = re.compile(pan.CANDIDATE)
    assert all(candidate.search(text) for text in HIDDEN)
    assert not candidate.search("tok_k3jd8fj2kd9fj3kd")
    assert not candidate.search("0198c0de-1111-7abc-8def-0123456789ab")


def test_every_decimal_digit_of_unicode_counts() -> None:
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        if unicodedata.category(character) == "Nd":
            assert pan._plain(character) == str(unicodedata.decimal(character))


# --- mutants: scanners that are almost right -----------------------------------------------------------------


def luhn(digits: str) -> bool:
    return sum(sum(divmod(int(d) * (1 + n % 2), 10)) for n, d in enumerate(reversed(digits))) % 10 == 0


def naive(text: str) -> bool:
    return any(luhn(run) for run in re.findall(r"[0-9]{13,19}", text))


def ascii_only(text: str) -> bool:
    return any(luhn(run) and run[0] in "23456" for run in re.findall(r"(?<![0-9])[0-9]{13,19}(?![0-9])", text))


def any_separator(text: str) -> bool:
    return any(
        luhn(run) and run[0] in "23456"
        for run in re.findall(r"(?<![0-9])[0-9]{13,19}(?![0-9])", re.sub(r"[^0-9A-Za-z]", "", text))
    )


def agrees(scanner: object) -> bool:
    assert callable(scanner)
    return all(scanner(text) for text in HIDDEN) and not any(scanner(text) for text in INNOCENT)


def test_scanners_that_are_almost_right_are_caught() -> None:
    assert agrees(pan.contains_pan)
    for mutant in (naive, ascii_only, any_separator):
        assert not agrees(mutant), mutant.__name__


# --- in the row ----------------------------------------------------------------------------------------------


def test_descriptions_are_scrubbed_and_stay_good() -> None:
    row = land_one(description=f"Café, card {VISA}")
    assert (row["status"], row["description"]) == ("OK", "Café, card 411111******1111")
    assert land_one(description="Café 12")["description"] == "Café 12"


def test_a_quarantined_payload_is_kept_masked_or_not_at_all() -> None:
    assert scrub(None) is None
    assert scrub(b"\xff") is None
    assert scrub(b"x" * 65_537) is None
    assert scrub(b"x" * 65_536) == "x" * 65_536
    assert scrub(b"") == ""
    assert scrub(f'{{"n": {VISA}'.encode()) == '{"n": 411111******1111'
    assert land_one(amount=1)["payload_scrubbed"] == payload(amount=1).decode()


def test_mac_is_keyed_blake2b_of_the_raw_bytes() -> None:
    import hashlib

    import polars as pl

    payloads = [b"a", None, b"", payload()]
    expected = [hashlib.blake2b(raw or b"", digest_size=16, key=b"k" * 16).hexdigest() for raw in payloads]
    assert macs(pl.Series(payloads, dtype=pl.Binary), b"k" * 16) == expected
    assert macs(pl.Series([b"a"], dtype=pl.Binary), b"l" * 16) != expected[:1]


def test_the_cheap_test_overlooks_no_digit_in_disguise() -> None:
    safe = re.findall(r"(\S)-(\S)", pan.NO_DIGITS.removeprefix("\x00-\x7f"))
    for first, last in safe:
        text = "".join(map(chr, range(ord(first), ord(last) + 1)))
        assert not re.search(r"\d", unicodedata.normalize("NFKC", text)), f"{first} to {last}"
    assert len(safe) == 7
    for disguised in "٤④⁴４🄅㋃":
        assert re.search(pan.CANDIDATE, disguised)


@given(st.text(alphabet="0123456789 -._/:a", max_size=60), st.sampled_from([VISA, AMEX, DINERS]), st.integers(0, 60))
def test_what_is_quickly_cleared_holds_none(text: str, number: str, place: int) -> None:
    spaced = re.sub(r"(....)", r"\1 - ", number)
    for written in (text, text[:place] + number + text[place:], text[:place] + spaced + text[place:]):
        if pan._is_clear(written):
            assert next(pan._found(list(written)), None) is None


@pytest.mark.parametrize(
    "text", ["4 " * 4_000, "4111 " * 2_000, "4" * 19 + " 4" * 3_000], ids=["single", "fours", "mixed"]
)
def test_a_payload_full_of_digits_is_masked_to_the_last_one(text: str) -> None:
    masked = pan.mask(text)
    assert len(masked) == len(text)
    assert not pan.contains_pan(masked)


@given(st.text(alphabet="0123456789", min_size=13, max_size=40), st.integers(0, 27), st.integers(13, 19))
def test_running_sums_are_luhn_s(digits: str, start: int, length: int) -> None:
    start %= len(digits)
    number = digits[start : start + length]
    total = sum(int(d) if n % 2 == 0 else sum(divmod(2 * int(d), 10)) for n, d in enumerate(reversed(number)))
    assert pan._luhn(pan._luhn_sums(digits), start, start + len(number)) == (total % 10 == 0)
