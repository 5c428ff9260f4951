import json
from hashlib import blake2b

import msgspec
import pytest

from sandbox.producer.ledger import Acked, Intent, LedgerFile, NotAcked, RunLine, payload_mac, read


def test_lines_come_back_in_order(tmp_path):
    ledger = LedgerFile(tmp_path / "ledger" / "run.jsonl")
    ledger.write([msgspec.json.encode(RunLine("run", 7, "payments", "id", 500, 60, "2026-11-23T10:00:00.000000Z"))])
    ledger.write([msgspec.json.encode(Acked(0, 3, 17, 1_764_000_000_000)), b'{"kind":"end"}'])
    ledger.sync().result()
    kinds = [line["kind"] for line in read(ledger.path)]
    ledger.close()
    assert kinds == ["run", "outcome", "end"]


def test_written_lines_survive_the_process_without_a_close(tmp_path):
    """They are with the operating system once `write` returns: kill -9 takes nothing of them."""
    ledger = LedgerFile(tmp_path / "run.jsonl")
    ledger.write([b'{"n":1}'])
    assert (tmp_path / "run.jsonl").read_bytes() == b'{"n":1}\n'
    ledger.close()


def test_a_torn_last_line_is_skipped(tmp_path):
    path = tmp_path / "run.jsonl"
    path.write_bytes(b'{"kind":"run"}\n{"kind":"intent","n":0}\n{"kind":"inte')
    assert [line["kind"] for line in read(path)] == ["run", "intent"]


def test_a_ledger_is_never_written_over(tmp_path):
    ledger = LedgerFile(tmp_path / "run.jsonl")
    with pytest.raises(FileExistsError):
        LedgerFile(tmp_path / "run.jsonl")
    ledger.close()
    ledger.close()  # closing twice does no harm


def test_the_mac_is_keyed_blake2b_of_sixteen_bytes():
    key = "0123456789abcdef0123456789abcdef"
    assert payload_mac(key, b"x") == blake2b(b"x", digest_size=16, key=key.encode()).hexdigest()
    assert len(payload_mac(key, b"x")) == 32
    assert payload_mac(key, None) == payload_mac(key, b"")
    assert payload_mac(key, b"x") != payload_mac(key[::-1], b"x")


def test_lines_have_the_documented_fields():
    intent = Intent(0, *[None] * 12, "bad", None, "QUARANTINED_TOMBSTONE", "0" * 32)
    assert list(json.loads(msgspec.json.encode(intent))) == [
        *("kind", "n", "event_id", "transaction_id", "event_type", "sequence", "merchant_id", "amount", "currency"),
        *("occurred_at", "card_token", "channel", "country", "business_date", "label", "of", "expect", "mac"),
    ]
    assert json.loads(msgspec.json.encode(NotAcked(4, "unknown", "why"))) == {
        **{"kind": "outcome", "n": 4, "result": "unknown", "error": "why"}
    }
