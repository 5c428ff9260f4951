"""The ledger is read while it is written: whole lines only, each once, whatever falls between two reads."""

import json
from datetime import date
from pathlib import Path
from typing import Any

from sandbox.demo.ledger import LedgerTail
from sandbox.producer.ledger import Acked, EndLine, Intent, NotAcked, RunLine


def intent(n: int, **other: Any) -> bytes:
    fields: dict[str, Any] = dict.fromkeys(
        ("transaction_id", "event_type", "sequence", "merchant_id", "amount", "currency", "card_token", "channel")
    ) | {"country": None, "of": None, "mac": "0" * 32, "label": "normal", "expect": "OK"}
    fields |= {"event_id": f"evt_{n}", "occurred_at": "2026-11-23T23:59:59.000001Z", "business_date": "2026-11-23"}
    return encoded(Intent(n=n, **(fields | other)))


def encoded(line: RunLine | Intent | Acked | NotAcked | EndLine) -> bytes:
    import msgspec

    return msgspec.json.encode(line) + b"\n"


RUN = encoded(RunLine("run-1", 7, "payments", "topic-a", 500, 30, "2026-11-23T23:59:58.000000Z"))


def test_intents_and_acknowledgements_meet_by_their_number(tmp_path: Path):
    path = tmp_path / "run.jsonl"
    path.write_bytes(RUN + intent(0) + intent(1, label="late") + encoded(Acked(1, 3, 17, 1_795_478_400_123)))
    tail = LedgerTail(path)
    tail.read()
    (row,) = tail.records().iter_rows(named=True)
    assert row == {
        "n": 1,
        "event_id": "evt_1",
        "occurred_us": 1_795_478_399_000_001,
        "business_date": date(2026, 11, 23),
        "label": "late",
        "expect": "OK",
        "partition": 3,
        "offset": 17,
        "broker_ms": 1_795_478_400_123,
    }


def test_a_line_still_being_written_waits_for_its_end(tmp_path: Path):
    path = tmp_path / "run.jsonl"
    whole = RUN + intent(0) + encoded(Acked(0, 0, 0, 1_000))
    tail = LedgerTail(path)
    for end in range(0, len(whole) + 1, 7):
        path.write_bytes(whole[:end])
        tail.read()
    path.write_bytes(whole)
    tail.read()
    tail.read()
    assert tail.records()["n"].to_list() == [0]


def test_what_was_not_acknowledged_is_no_record(tmp_path: Path):
    path = tmp_path / "run.jsonl"
    end = EndLine(3, 1, 1, 1, 1.0, True, 0)
    outcomes = [Acked(0, 0, 5, 1_000), NotAcked(1, "failed", "too large"), NotAcked(2, "unknown", "timed out")]
    path.write_bytes(RUN + intent(0) + intent(1) + intent(2) + b"".join(map(encoded, outcomes)) + encoded(end))
    tail = LedgerTail(path)
    tail.read()
    assert tail.records()["n"].to_list() == [0]


def test_a_spoiled_time_is_null_and_spoils_nothing_else(tmp_path: Path):
    path = tmp_path / "run.jsonl"
    spoiled = intent(0, occurred_at=None, business_date=None, label="bad", expect="QUARANTINED_BAD_OCCURRED_AT")
    path.write_bytes(RUN + spoiled + intent(1) + encoded(Acked(0, 0, 0, 1)) + encoded(Acked(1, 0, 1, 1)))
    tail = LedgerTail(path)
    tail.read()
    assert tail.records()["occurred_us"].to_list() == [None, 1_795_478_399_000_001]


def test_the_newest_reads_alone_can_be_had(tmp_path: Path):
    path = tmp_path / "run.jsonl"
    tail = LedgerTail(path)
    content = RUN
    for n in range(10):
        content += intent(n) + encoded(Acked(n, 0, n, 1))
        path.write_bytes(content)
        tail.read()
    assert tail.records(newest=2)["n"].to_list() == [8, 9]
    assert len(tail.records()) == 10


def test_kind_comes_first_in_a_line_as_the_reader_expects():
    for line in (RUN, intent(0), encoded(Acked(0, 0, 0, 1))):
        assert next(iter(json.loads(line))) == "kind"
