"""A replay proves something only if every landed row of the demo's days came out identical."""

import json
from collections.abc import Callable, Mapping
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.ui.beside import read_replay
from sandbox.demo.control import Replay, ReplayedDay, as_json, shortcomings

DAY, NEXT = date(2026, 11, 25), date(2026, 11, 26)
Judge = Callable[[Replay, Mapping[date, int]], list[str]]


def replayed(day: date = DAY, identical: int = 9, explained: int = 0, unexplained: int = 0) -> ReplayedDay:
    return ReplayedDay(day, identical + explained + unexplained, identical, explained, unexplained, "r-1")


def by_unexplained_alone(replay: Replay, landed: Mapping[date, int]) -> list[str]:
    """Mutant: a replay of nothing has nothing unexplained."""
    return [f"{each.day}" for each in replay.days if each.unexplained]


def by_totals(replay: Replay, landed: Mapping[date, int]) -> list[str]:
    """Mutant: one day's surplus hides what another lacks."""
    differs = sum(each.identical for each in replay.days) != sum(landed.values())
    return ["differs"] if differs or any(each.unexplained for each in replay.days) else []


def by_what_was_replayed(replay: Replay, landed: Mapping[date, int]) -> list[str]:
    """Mutant: believes the replay's own count of rows."""
    return [f"{each.day}" for each in replay.days if each.identical != each.rows]


GOOD = [
    (Replay([replayed()]), {DAY: 9}),
    (Replay([replayed(), replayed(NEXT, 4)]), {DAY: 9, NEXT: 4}),
    (Replay([replayed(), replayed(NEXT, 0)]), {DAY: 9}),
]
BAD = [
    (Replay([replayed(identical=8, unexplained=1)]), {DAY: 9}, "1 of 9 replayed rows differ"),
    (Replay([replayed(identical=8)]), {DAY: 9}, "9 rows landed, 8 came out identical"),
    (Replay([replayed(identical=8, explained=1)]), {DAY: 9}, "9 rows landed, 8 came out identical"),
    (Replay([replayed(identical=9, unexplained=1)]), {DAY: 9}, "nothing explains it"),
    (Replay([replayed()]), {DAY: 9, NEXT: 4}, "2026-11-26 was not replayed: 4 rows"),
    (Replay([replayed(identical=10), replayed(NEXT, 3)]), {DAY: 9, NEXT: 4}, "4 rows landed, 3 came out identical"),
    (Replay(), {DAY: 9}, "was not replayed"),
    (Replay(), {}, "no row landed"),
    (Replay(trouble="offsets 0 to 9 are gone"), {DAY: 9}, "the replay could not be held: offsets 0 to 9 are gone"),
]


@pytest.mark.parametrize(("replay", "landed"), GOOD)
def test_each_days_rows_identical_is_a_proof(replay: Replay, landed: dict[date, int]):
    assert shortcomings(replay, landed) == []
    assert as_json(replay, landed)["proven"] is True


@pytest.mark.parametrize(("replay", "landed", "says"), BAD)
def test_anything_else_is_none_and_says_why(replay: Replay, landed: dict[date, int], says: str):
    assert any(says in line for line in shortcomings(replay, landed))
    assert as_json(replay, landed)["proven"] is False


@pytest.mark.parametrize("mutant", [by_unexplained_alone, by_totals, by_what_was_replayed])
def test_each_tempting_shortcut_takes_one_of_them_for_a_proof(mutant: Judge):
    assert any(not mutant(replay, landed) for replay, landed, _ in BAD)


counts = st.integers(0, 5)


@given(counts, counts, counts, counts)
def test_one_day_is_proven_exactly_when_all_its_rows_are_identical(
    identical: int, explained: int, unexplained: int, landed: int
):
    replay = Replay([replayed(DAY, identical, explained, unexplained)])
    proven = landed > 0 and identical == landed and unexplained == 0
    assert (shortcomings(replay, {DAY: landed}) == []) == proven


def test_what_the_command_prints_is_read():
    day = {"day": "2026-11-25", "rows": 9, "identical": 9, "explained": 0, "unexplained": 0, "replay_id": "r-1"}
    assert read_replay(json.dumps({"days": [day | {"manifest": {}}]}), "", 1.5) == Replay([replayed()], 1.5)


@pytest.mark.parametrize(
    ("out", "error", "why"),
    [
        ("", "reading\ntidemark: partition 0: offsets 0 to 9 are gone\n", "partition 0: offsets 0 to 9 are gone"),
        ("", "", "it printed nothing"),
        ("{}", "", "it printed nothing"),
        ('{"days": [{}]}', "tidemark: broken", "broken"),
    ],
)
def test_what_it_could_not_do_is_its_last_line(out: str, error: str, why: str):
    assert read_replay(out, error, 2.0) == Replay((), 2.0, why)
