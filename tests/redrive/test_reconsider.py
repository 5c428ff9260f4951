"""Which quarantined records today's rules accept, and that no mask ever becomes a value."""

import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from redrive_world import DAY, KEY, OWN, PAN, SOURCE, STRICT, VALID, WIDE, held, live, payload, reference

from assets.payments.reconsider import MASKED, NO_PAYLOAD, REASONS, never, reconsider
from streaming import contract
from streaming.stages.evidence import macs
from streaming.stages.plan import COLUMNS
from streaming.walk import Policy, Source


def again(rows, policy=WIDE):
    return reconsider(held(rows), reference(), policy)


def reasons(rows, policy=WIDE):
    return again(rows, policy).refused["reason"].to_list()


def test_a_record_accepted_today_is_the_row_the_stream_would_land_today():
    raw = payload()
    refused, accepted = live(raw), live(raw, policy=WIDE)
    assert refused["status"].to_list() == ["QUARANTINED_BAD_OCCURRED_AT"]
    assert refused["business_date"].to_list() == [DAY]
    found = again(refused)
    assert found.rows.equals(accepted)
    assert found.rows["business_date"].to_list() == [OWN]
    assert found.refused.is_empty()


def records_still_refused_are_not_accepted():
    rows = live(payload(), payload(currency="EURO"), payload(occurred_at="2026-11-01T09:00:00Z"))
    found = again(rows, Policy(mac_key=KEY, max_past=STRICT.max_past * 5))
    assert found.rows["kafka_offset"].to_list() == [0]
    assert found.refused.rows() == [(0, 1, "BAD_CURRENCY"), (0, 2, "BAD_OCCURRED_AT")]


def test_records_still_refused_are_not_accepted():
    records_still_refused_are_not_accepted()


def test_topics_keep_their_names_and_ids():
    rows = pl.concat([live(payload()), live(payload(), source=Source("payments", "topic-2"))])
    assert again(rows).rows["kafka_topic_id"].to_list() == [SOURCE.topic_id, "topic-2"]


def the_mac_is_that_of_the_raw_bytes():
    raw = payload(description=f"card {PAN}")
    row = again(live(raw)).rows.row(0, named=True)
    assert row["payload_mac"] == macs(pl.Series([raw]), KEY)[0]
    assert row["description"] == "card 411111******1111"
    assert row["payload_scrubbed"] is None


def test_the_mac_is_that_of_the_raw_bytes():
    the_mac_is_that_of_the_raw_bytes()


def a_masked_token_is_no_token():
    rows = live(payload(card_token=PAN))
    assert reasons(rows) == [MASKED]
    assert again(rows).rows.is_empty()


def test_a_masked_token_is_no_token():
    a_masked_token_is_no_token()


@pytest.mark.parametrize("field", ["event_id", "transaction_id", "merchant_id"])
def test_a_masked_id_is_no_id_also_where_cards_in_ids_are_allowed(field):
    allowing = Policy(mac_key=KEY, pan_in_ids=False)
    assert reasons(live(payload(**{field: PAN})), allowing) == [f"BAD_{field.upper()} (payload masked)"]


def test_a_masked_amount_is_no_amount():
    assert reasons(live(payload(amount=PAN, currency="EUR"))) == ["BAD_AMOUNT (payload masked)"]


def test_a_masked_number_leaves_no_json():
    assert reasons(live(payload(sequence=int(PAN)))) == ["NOT_JSON (payload masked)"]


def test_an_asterisk_that_the_producer_sent_is_the_producers():
    assert again(live(payload(card_token="tok*1"))).rows["card_token"].to_list() == ["tok*1"]


def test_without_the_key_of_then_every_asterisk_counts_as_a_mask():
    other = Policy(mac_key=b"another key, as long")
    assert reasons(live(payload(card_token="tok*1")), other) == [MASKED]
    assert again(live(payload()), other).rows.height == 1


def test_a_mask_in_a_field_that_the_contract_does_not_know_does_not_matter():
    assert again(live(payload(note=PAN))).rows.height == 1


def test_what_was_not_kept_cannot_be_judged():
    assert reasons(live(None, b"\xff", b"{" + b" " * 70_000 + b"}")) == [NO_PAYLOAD] * 3


def test_no_records_at_all():
    found = again(live(payload()).clear())
    assert found.rows.columns == list(COLUMNS)
    assert found.rows.is_empty()


TEXTS = [name for name in VALID if name not in {"schema_version", "sequence"}]
values = st.sampled_from([PAN, f"x{PAN}", "4111 1111 1111 1111", "378282246310005", "5555-5555-5555-4444", "a*b", "ok"])


@given(
    st.dictionaries(st.sampled_from([*TEXTS, "description", "note"]), values, max_size=4), st.booleans(), st.booleans()
)
def test_no_accepted_field_differs_from_what_was_sent(changes, in_ids, escaped):
    """But for the description, which is masked in live rows too."""
    raw = payload(**changes)
    if escaped:
        raw = raw.replace(b"4", b"\\u0034") if b'"amount": "12.30"' in raw else raw
    policy = Policy(mac_key=KEY, pan_in_ids=in_ids)
    for row in again(live(raw), policy).rows.to_dicts():
        sent = json.loads(raw)
        kept = [name for name in TEXTS if name not in {"amount", "occurred_at"}]
        assert {name: row[name] for name in kept} == {name: sent[name] for name in kept}
        assert row["card_token"] != PAN
        assert row["description"] is None or PAN not in row["description"]


def test_every_reason_that_the_rules_give_is_listed():
    given_today = {"TOMBSTONE", "OVERSIZED", "NOT_JSON", "SCHEMA_VERSION", "WAREHOUSE_REJECTED", "INTERNAL"}
    of_fields = {f"BAD_{name.upper()}" for name in contract.FIELDS[1:]}
    assert given_today | of_fields < set(REASONS)
    assert "MISSING_DESCRIPTION" not in REASONS
    assert len(set(REASONS)) == len(REASONS)


def test_what_keeps_no_payload_or_a_masked_one_never_can():
    assert [reason for reason in REASONS if never(reason)] == [
        "TOMBSTONE",
        *(reason for reason in REASONS if reason.startswith("PAN_IN_")),
        "INTERNAL",
    ]
