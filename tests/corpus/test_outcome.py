"""What `make corpus` would say of a pipeline that fails: each way to fail is noticed."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from corpus_world import NOW, POLICY, REFERENCE, SOURCE, neighbours, window
from hostile import corpus
from outcome import Outcome, Sent, cards, judge, search_files, search_texts

from streaming.walk import enrich

VISA = "4111111111111111"


def landed() -> Outcome:
    """A hostile record of each folder between good ones, as a pipeline without fault lands them."""
    hostile = [record for record in corpus()[::40] if record.later is None]
    good = neighbours(len(hostile))
    payloads = [
        payload for pair in zip(good, (record.payload(NOW) for record in hostile), strict=True) for payload in pair
    ]
    rows = enrich(window(payloads), SOURCE, REFERENCE, POLICY).rows.to_dicts()
    sent = [Sent(0, place, hostile[place // 2] if place % 2 else None) for place in range(len(payloads))]
    return Outcome(sent, {(0, place): [row] for place, row in enumerate(rows)}, audit={"verdict": "PASS"})


@pytest.fixture(scope="module")
def sound() -> Outcome:
    return landed()


def test_a_sound_pipeline_is_called_sound(sound: Outcome) -> None:
    outcome = deepcopy(sound)
    judge(outcome, NOW)
    assert outcome.wrong == []
    assert outcome.as_it_should_be()


def lose(rows: dict[Any, list[Any]]) -> None:
    del rows[0, 3]


def lose_a_neighbour(rows: dict[Any, list[Any]]) -> None:
    rows[0, 4].clear()


def double(rows: dict[Any, list[Any]]) -> None:
    rows[0, 3] *= 2


def exchange(rows: dict[Any, list[Any]]) -> None:
    rows[0, 3], rows[0, 4] = rows[0, 4], rows[0, 3]


def spoil_a_neighbour(rows: dict[Any, list[Any]]) -> None:
    rows[0, 2][0]["status"] = "QUARANTINED_NOT_JSON"


def invent(rows: dict[Any, list[Any]]) -> None:
    rows[1, 0] = [rows[0, 0][0]]


def change_a_field(rows: dict[Any, list[Any]]) -> None:
    good = next(row for (_, offset), (row,) in rows.items() if offset % 2 and row["status"] == "OK")
    good["transaction_id"] += "x"


def keep_a_payload(rows: dict[Any, list[Any]]) -> None:
    bad = next(row for (row,) in rows.values() if row["payload_scrubbed"] and "*" not in row["payload_scrubbed"])
    bad["payload_scrubbed"] += " "


FAULTS = (lose, lose_a_neighbour, double, exchange, spoil_a_neighbour, invent, change_a_field, keep_a_payload)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_noticed(sound: Outcome, fault: Callable[[dict[Any, list[Any]]], None]) -> None:
    outcome = deepcopy(sound)
    fault(outcome.rows)
    judge(outcome, NOW)
    assert not outcome.as_it_should_be()


@pytest.mark.parametrize("text", [VISA, "4111 1111 1111 1111", "tok_\\u0034111111111111111", "４１１１" + VISA[4:]])
def test_a_card_number_in_a_table_is_noticed(sound: Outcome, text: str) -> None:
    outcome = deepcopy(sound)
    search_texts(outcome, "a column", ["4111", None, 7, text, "1111"])
    assert outcome.leaks == [f"a column: {VISA}"]
    assert not outcome.as_it_should_be()


def test_texts_of_two_rows_make_no_card_number(sound: Outcome) -> None:
    outcome = deepcopy(sound)
    search_texts(outcome, "a column", [VISA[:8], VISA[8:]])
    assert outcome.leaks == []


@pytest.mark.integration
def test_a_card_number_in_a_file_is_noticed_but_in_the_topic_s(tmp_path: Path) -> None:
    for folder, data in (("kafka/payments-0", f"\0{VISA}\xff"), ("logs", f'{{"error": "bad value {VISA}"}}\n')):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "0.log").write_bytes(data.encode("latin-1"))
    outcome = Outcome()
    search_files(tmp_path, "payments", outcome)
    assert (outcome.leaks, outcome.in_the_topic) == (["logs/0.log: 1 numbers"], 1)
    assert VISA in cards()
