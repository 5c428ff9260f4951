"""The kill loop's plan, evidence and sums: seeded, exact, and unable to count what did not happen."""

import json
from collections import Counter

import pytest

from benchmarks.chaos.__main__ import resumed
from benchmarks.chaos.evidence import events, fired, interruption
from benchmarks.chaos.plan import DRAINING, FREQUENT, KILLS, RECOVERING, ROUND_KILLS, round_of
from benchmarks.chaos.tally import clean, lines, missed, percentile, tally
from benchmarks.chaos.watching import Failed, Kill
from benchmarks.machine import code_version
from streaming.failpoints import Failpoint, Point


def test_a_round_is_ten_kills_and_the_same_for_the_same_seed():
    rounds = [round_of(7, number) for number in range(12)]
    assert [sum(attack.kills for attack in each) for each in rounds] == [ROUND_KILLS] * 12
    assert rounds == [round_of(7, number) for number in range(12)]
    assert rounds != [round_of(8, number) for number in range(12)]


def test_every_point_and_every_kind_comes_up_in_eight_rounds():
    dealt = [attack for number in range(8) for attack in round_of(7, number)]
    points = {attack.failpoint.point for attack in dealt if attack.failpoint}
    assert points == set(Point)
    assert {attack.kind for attack in dealt} == set(KILLS)
    assert {attack.member for attack in dealt} == {"member-1", "member-2"}


def test_every_point_is_armed_where_it_can_be_reached():
    assert {*FREQUENT, *RECOVERING, *DRAINING, Point.TABLE_ASKED} == set(Point)


SKIPPED = [
    {"event": "assigned"},
    {"event": "recovered", "partition": 0, "skip": 0},
    {"event": "recovered", "partition": 1, "skip": 41},
]


@pytest.mark.parametrize(
    ("died_at", "state", "held", "later", "says"),
    [
        ("skip:kill:1", "running", {0, 1}, [], "skip:kill:1"),
        (None, "draining", {0, 1}, [], "draining"),
        (None, "recovering", {0, 1}, [], "recovering"),
        (None, "running", {0, 1}, SKIPPED, "41 rows uncommitted"),
        (None, "running", {0, 2}, SKIPPED, ""),  # another member's rows
        (None, "running", {0, 1}, SKIPPED[:2], ""),
        (None, "starting", {0, 1}, [], ""),
        (None, None, {0, 1}, [], ""),
    ],
)
def test_only_what_was_in_flight_is_counted(died_at, state, held, later, says):
    assert interruption(died_at, state, held, later) == says


def test_a_log_may_hold_tracebacks_and_a_torn_line():
    lines_of = [{"at": "1", "event": "recovered"}, {"at": "2", "event": "failpoint", "failpoint": "skip:kill:1"}]
    log = "\nTraceback:\n3\n".join(map(json.dumps, lines_of)) + '\n{"e'
    said = events(log)
    assert [event["event"] for event in said] == ["recovered", "failpoint"]
    assert fired(said, "skip:kill:1")
    assert not fired(said, "skip:kill:2")


def log_of(*said):
    return "".join(json.dumps({"at": at, "event": event} | facts) + "\n" for at, event, facts in said).encode()


PART = {"partition": 2}


def test_a_kill_is_judged_by_what_its_own_process_and_its_successors_said():
    failpoint = Failpoint.parse("skip:kill:1")
    before = log_of(("1", "failpoint", {"failpoint": "skip:kill:1"}), ("2", "recovered", {"skip": 9}))
    logs = {
        "member-1": before,
        "member-2": log_of(("4", "recovered", PART | {"skip": 5}), ("7", "recovered", PART | {"skip": 3})),
    }
    held = frozenset({2})
    armed = Kill("skip", "failpoint", "member-1", 10, failpoint, len(before), at=0.0, died="3", held=held, over="6")
    assert armed.row(logs)["evidence"] == "5 rows uncommitted", "an older process's failpoint is not its own"
    logs["member-1"] += log_of(("3", "failpoint", {"failpoint": "skip:kill:1"}))
    assert armed.row(logs)["evidence"] == "skip:kill:1"
    early = Kill("any moment", "sigkill", "member-1", 10, at=0.0, died="5", state="running", over="6")
    assert (early.row(logs)["interrupted"], early.row(logs)["evidence"]) == (False, "")


def document(**audit):
    kill = {"point": "skip", "interrupted": True, "recovered_s": 2.0}
    rounds = [
        {
            "kills": [kill, kill | {"point": "any moment", "interrupted": False, "recovered_s": None}],
            "others": [{"what": "a zombie is replaced", "seconds": 7.5}],
            "unexpected": [],
            "not_reached": [],
            "traffic_s": 0.02,
            "audit": {"verdict": "PASS", "lost": 0, "duplicate_coordinates": 0, "acked": 10} | audit,
        }
    ]
    return {"code": "c0de", "seed": 7, "rounds": rounds}


def test_a_round_that_broke_is_counted_and_not_clean():
    found = document()
    found["broken"] = [{"number": 2, "why": "not within 180 s: members at work", "kills": found["rounds"][0]["kills"]}]
    summary = tally(found)
    assert (summary["kills"], summary["rounds"]) == (4, 1)
    assert not clean(summary)
    assert "broken: round 2: not within 180 s: members at work" in lines(summary)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({}, None),
        ({"interrupted": 60}, "60% of the kills interrupted work, 67% are asked"),
        ({"recovery_s": {"n": 90, "p50": 3.0, "p95": 10.0, "max": 30.0}}, "recovery p95 is 10.0 s, under 10 is asked"),
        ({"events_per_second": 450}, "450 payments a second, 490 are asked"),
    ],
)
def test_a_goal_that_is_missed_is_said_and_not_clean(changed, says):
    times = {"n": 90, "p50": 3.0, "p95": 5.0, "max": 30.0}
    kept = {"kills": 100, "interrupted": 90, "recovery_s": times, "events_per_second": 500}
    summary = tally(document()) | kept | changed
    assert missed(summary) == ([] if says is None else [says])
    assert clean(summary) == (says is None)


def test_the_tally_counts_kills_losses_and_times():
    summary = tally(document())
    assert (summary["kills"], summary["interrupted"], summary["acked"]) == (2, 1, 10)
    assert summary["recovery_s"] == {"n": 1, "p50": 2.0, "p95": 2.0, "max": 2.0}
    assert summary["by_point"]["any moment"] == {
        "kills": 1, "interrupted": 0, "n": 0, "p50": None, "p95": None, "max": None,
    }  # fmt: skip
    assert summary["others"]["a zombie is replaced"]["max"] == 7.5
    assert clean(summary)
    said = "\n".join(lines(summary))
    assert "1 rounds, 1 audits passed, 10 payments: 0 lost, 0 duplicate coordinates; 500 a second" in said


@pytest.mark.parametrize("audit", [{"verdict": "FAIL"}, {"lost": 1}, {"duplicate_coordinates": 1}])
def test_a_loss_is_not_clean(audit):
    assert not clean(tally(document(**audit)))


def test_a_death_that_nobody_ordered_is_not_clean():
    found = document()
    found["rounds"][0]["unexpected"].append("member-1 ended with code 70: wedged")
    assert not clean(tally(found))


def test_percentiles_are_values_that_were_seen():
    assert percentile([], 0.95) is None
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile(list(range(1, 101)), 0.95) == 95
    assert percentile([1.0], 0.95) == 1.0


def test_a_loop_goes_on_from_its_file_and_from_no_other(tmp_path):
    path = tmp_path / "chaos.json"
    assert resumed(path, "c0de", 7)["rounds"] == []
    path.write_text(json.dumps(document()))
    assert len(resumed(path, "c0de", 7)["rounds"]) == 1
    for code, seed in (("c0de", 8), ("beef", 7)):
        with pytest.raises(Failed, match="name another"):
            resumed(path, code, seed)
    path.write_text("[]")
    with pytest.raises(Failed, match="holds no kill loop"):
        resumed(path, "c0de", 7)


def test_the_code_version_follows_the_code(tmp_path):
    module = tmp_path / "a.py"
    module.write_text("a = 1")
    first = code_version(tmp_path)
    assert code_version(tmp_path) == first
    module.write_text("a = 2")
    assert code_version(tmp_path) != first


def test_kills_are_spread_over_the_members():
    dealt = Counter(attack.member for number in range(20) for attack in round_of(7, number))
    assert min(dealt.values()) > 30
