"""A card number in every place of a record, through the walk and the whole consumer, under faults: it is in no row, log
line, heartbeat, figure, halt, exception or repr, and neither is a hash by which it could be guessed."""

import dataclasses
import json
import re
import traceback

import polars as pl
import pytest
from canaries import CARD, SECRETS, cards_in, event, hashes, records, secrets_in
from corpus_world import POLICY, REFERENCE, SOURCE, window
from runner_rig import Rig

from orchestration.supervision.metrics import aggregate
from orchestration.supervision.model import MemberFacts
from sandbox.world.published_cards import NUMBERS
from streaming.adapters.bigquery_errors import redacted, rest_error, rows_rejected, stream_error
from streaming.adapters.memory_faults import Effect, Fault
from streaming.contract import STATUS_OK
from streaming.ports import Records
from streaming.protocol.actions import Append
from streaming.runner.vitals import Vitals
from streaming.runner.window import Window
from streaming.secrets import Secret
from streaming.settings import Settings
from streaming.stages.accept import accept
from streaming.stages.decode import decode
from streaming.stages.plan import Block, serialise, split
from streaming.stages.validate import validate
from streaming.walk import enrich

RECORDS = records(event())
NOW = "2026-11-23T10:00:00Z"
WALKED = records(event(occurred_at=NOW))
"""The same near the broker's time of `corpus_world`."""


def texts_of(rows: pl.DataFrame) -> list[str]:
    """Every text of every row; not joined, so that no number is made of two."""
    text = rows.select(pl.selectors.string())
    return [value for column in text.iter_columns() for value in column.drop_nulls().to_list()]


def leaking(rows: pl.DataFrame, cards=NUMBERS) -> list[str]:
    return [text for text in texts_of(rows) if cards_in(text, cards)]


@pytest.mark.parametrize("fast", [True, False])
def test_no_row_holds_a_card_number(fast):
    for card in NUMBERS:
        of_card = records(event(occurred_at=NOW), card)
        rows = enrich(window(list(of_card.values())), SOURCE, REFERENCE, POLICY, fast=fast).rows
        assert rows.height == len(of_card)
        assert leaking(rows) == []


def test_what_could_hold_one_is_masked_or_quarantined_and_the_rest_is_kept():
    rows = enrich(window(list(WALKED.values())), SOURCE, REFERENCE, POLICY).rows
    fates = dict(zip(WALKED, rows["status"].to_list(), strict=True))
    assert fates["card_token, plain"] == "QUARANTINED_PAN_IN_CARD_TOKEN"
    assert fates["event_id, plain"] == "QUARANTINED_PAN_IN_EVENT_ID"
    kept = [text for text in rows["payload_scrubbed"].drop_nulls() if "411111******1111" in text]
    assert len(kept) > 20, "evidence is kept, masked"


def test_an_amount_of_sixteen_digits_is_a_number_and_in_no_text():
    good = event(amount=CARD, sequence=int(CARD), occurred_at=NOW)
    rows = enrich(window([json.dumps(good).encode()]), SOURCE, REFERENCE, POLICY).rows
    assert (rows["status"][0], str(rows["amount"][0]).split(".")[0]) == (STATUS_OK, CARD)
    assert leaking(rows) == []


def test_a_stage_that_fails_with_the_record_in_its_words_tells_only_its_kind():
    def failing(_):
        raise ValueError(WALKED["card_token, plain"].decode())

    done = enrich(window([WALKED["card_token, plain"]]), SOURCE, REFERENCE, POLICY, passing=failing)
    assert done.internal == ("ValueError",)
    assert done.rows["status"][0] == "QUARANTINED_INTERNAL"
    assert leaking(done.rows) == []


def shown_by_the_walk():
    """Every object of the walk that holds records, by name."""
    one = window([WALKED["card_token, plain"], WALKED["description, grouped"], WALKED["no json"]])
    decoded = decode(one, POLICY.max_payload_bytes)
    bounds = {"max_future": POLICY.max_future, "max_past": POLICY.max_past, "pan_in_ids": True}
    judged = validate(one, decoded.columns, decoded.others, decoded.read, mac_key=POLICY.mac_key, **bounds)
    done = enrich(one, SOURCE, REFERENCE, POLICY)
    (block,) = split(done.rows, done.payloads, 100)
    values = one["payload"].to_list()
    polled = Records([0] * 3, [0, 1, 2], [0] * 3, values)
    gathered = Window(values=values)
    return {
        "Records": polled,
        "Window": gathered,
        "Decoded": decoded,
        "Accepted": accept(decoded.columns, one["broker_timestamp"], **bounds),
        "Validated": judged,
        "Enriched": done,
        "Block": block,
        "Append": Append("s", 0, WALKED["card_token, plain"], 1),
    }


@pytest.mark.parametrize("name", shown_by_the_walk())
def test_no_repr_of_what_holds_records_shows_one(name):
    shown = repr(shown_by_the_walk()[name])
    assert shown.startswith(name)
    assert cards_in(shown) == []
    assert "coffees" not in shown


def test_the_real_bytes_of_an_append_are_of_masked_rows():
    done = enrich(window(list(WALKED.values())), SOURCE, REFERENCE, POLICY)
    for block in split(done.rows, done.payloads, 10):
        sent = serialise(block, "an-epoch", done.rows["broker_timestamp"][0])
        assert CARD.encode() not in sent
        assert isinstance(block, Block)


FAULTS = {
    "none": (),
    "refused rows": (Fault("append", Effect.REJECT_ROWS, rows=(0, 1)),),
    "lost answers": (Fault("append", Effect.LOSE_ANSWER), Fault("finalize", Effect.LOSE_ANSWER)),
    "quota": (Fault("append", Effect.QUOTA),) * 3,
    "refused": (Fault("append", Effect.REFUSE),) * 4,
    "denied": (Fault("append", Effect.DENY),) * 4,
    "miscounted": (Fault("finalize", Effect.MISCOUNT, by=1),) * 2,
}


@pytest.mark.parametrize("name", FAULTS)
def test_the_consumer_tells_nobody(name):
    rig = Rig(mac_key=Secret(SECRETS["mac_key"]), commit_interval_s=60.0)
    if name != "miscounted":
        rig.warehouse.script(*FAULTS[name])
    consumer = rig.start()
    for place, payload in enumerate(RECORDS.values()):
        rig.cluster.produce(place % 2, payload, None)
        rig.turn()
    rig.clock.advance(31)  # whoever waits to ask again has waited
    rig.turn(20)
    if name == "miscounted":
        rig.kill()
        rig.warehouse.script(*FAULTS[name])
        consumer = rig.start()
        for _ in range(200):  # it counts again for a while
            rig.clock.advance(1)
            rig.turn()
    beat = Vitals(consumer, rig.world("member-0"), "member-0").beat()
    metrics, _ = aggregate([MemberFacts("member-0", True, 1, beat, 1)], 1, {})
    told = {
        "journal": json.dumps(rig.journal.events, default=str),
        "heartbeat": json.dumps(dataclasses.asdict(beat), default=str),
        "figures": repr(metrics),
        "halts": repr(rig.halts()),
        "objects": repr([consumer, *consumer.lanes, *(lane.partition for lane in consumer.lanes), rig.settings]),
    }
    assert {where: found for where, text in told.items() if (found := cards_in(text) + secrets_in(text))} == {}
    assert "coffees" not in "".join(told.values()), "no value of a record at all"
    assert leaking(rig.warehouse.rows()) == []
    assert (rig.warehouse.rows().height > 0) == (name not in {"refused", "denied"})
    assert ("COUNT_MISMATCH" in told["heartbeat"]) == (name == "miscounted")
    assert ("REFUSED" in told["heartbeat"]) == (name == "refused")


GROUPED = "4111 1111 1111 1111"
SAID = (
    "Could not convert '{card}' to INT64",
    "Could not convert {card} to INT64",
    'row 7: description "paid with {card}, thanks" is too long',
    "x" * 250 + " value 'coffees paid with {card} and more' is bad",
    "x" * 250 + ' value "coffees paid with {card} and more" is bad',
    "cut by the service: 'coffees paid with {card}",
    "The caller doesn't have permission on {card}",
    "first line\nsecond {card}",
)


@pytest.mark.parametrize(
    "card", [CARD, GROUPED, "4111-1111-1111-1111", "4111\u200b111111111111", "４１１１１１１１１１１１１１１１"]
)
@pytest.mark.parametrize("said", SAID)
def test_what_a_service_quotes_is_in_no_error(said, card):
    message = said.format(card=card)
    rest = type("Rest", (Exception,), {"code": 400, "message": message, "errors": ()})(message)
    errors = [
        stream_error(3, message, None, "append to s"),
        stream_error(8, message, None, "append to s"),
        stream_error(7, message, None, "append to s"),
        stream_error(13, message, None, "append to s"),
        rest_error(rest, "count"),
        rows_rejected({0: "FIELDS_ERROR"}, "append to s"),
    ]
    for error in errors:
        shown = "".join(traceback.TracebackException.from_exception(error).format()) + repr(error)
        assert cards_in(shown) == []
        assert "coffees" not in shown


def test_cutting_before_redacting_would_show_a_value():
    """The mutant, as it once was: a quote loses its end, and groups of four digits are no long number."""
    line = SAID[3].format(card=GROUPED)[:300]
    assert cards_in(re.sub(r"\d{5,}", "(number)", re.sub(r"'[^']*'|\"[^\"]*\"", "(quoted)", line))) == [CARD]


def test_a_redacted_message_still_says_what_is_wrong():
    assert redacted("The caller doesn't have permission bigquery.tables.updateData") == (
        "The caller doesn't have permission bigquery.tables.updateData"
    )
    assert redacted("Field 'amount' of row 12 is missing") == "Field (quoted) of row 12 is missing"
    assert len(redacted("x" * 5_000)) == 300


def test_the_searches_find_what_they_look_for():
    for text in (CARD, GROUPED, f"a{min(hashes(CARD))}b", json.dumps({"a": CARD}), repr(CARD.encode())):
        assert cards_in(text) == [CARD]
    assert cards_in("411111******1111 and 4111111111111112") == []
    assert leaking(pl.DataFrame({"status_detail": [None, f"x{CARD}"]})) == [f"x{CARD}"]
    assert Settings().pan_in_ids == "quarantine"
