"""docs/reliability.md says what the runs left and nothing else: counts, bounds, and what was not run."""

import json
import subprocess
import sys

import pytest

from benchmarks.machine import ROOT
from benchmarks.reliability.__main__ import PAGE, write
from benchmarks.reliability.evidence import EvidenceError, gather
from benchmarks.reliability.figures import bound, loops, percentile, recovery
from benchmarks.reliability.page import SECTIONS, render
from benchmarks.reliability.records import Chaos, Evidence, Kill, Round
from benchmarks.results import FOLDER


def kill(point="after_poll", how="SIGKILL", interrupted=True, recovered_s=1.0):
    return {"point": point, "how": how, "interrupted": interrupted, "recovered_s": recovered_s}


def chaos(*, code="abc", seed=7, kills=(), lost=0, doubled=0, verdict="PASS", unexpected=(), broken=()):
    audit = {"verdict": verdict, "lost": lost, "duplicate_coordinates": doubled, "acked": 9, "more": "is ignored"}
    others = [{"what": "a member leaves for good", "seconds": 8.5}]
    one = {"kills": list(kills), "others": others, "unexpected": list(unexpected), "audit": audit}
    return {"code": code, "seed": seed, "rounds": [one], "broken": list(broken)}


FAULT = {
    "fault": "f",
    "done": "d",
    "happened": "h",
    "seconds": 2.0,
    "audit": "PASS, 5 sent, 5 landed",
    "test": "test_f",
}
GROWN = {"early": 210, "late": 214, "max": 220}
SOAK = {
    "machine": {"code": "abc"},
    "soak": {
        "rate": 5000, "seconds": 900, "landed_per_second": 4999, "rss_mb": GROWN, "p95_ms": {"median": 400, "max": 900},
        "fds": {"early": 61, "late": 62, "max": 63}, "threads": {"early": 31, "late": 32, "max": 33},
        "points": [[5.0, 210.0, 0.4, 400, 61, 31], [10.0, 211.0, 0.4, 401, 61, 31]],
    },
}  # fmt: skip
FUZZ = {
    "code": "abc",
    "seed": 7,
    "minutes": 10.0,
    "records": 3_000_000,
    "windows": 5000,
    "failures": [],
    "rows_out": 3_000_000,
}
SIMULATED = {
    "schedules": 500, "records": 8_156, "lost": 0, "doubled": 0, "failed": [], "happened": {"kill": 708, "drain": 382},
}  # fmt: skip
MUTANTS = {
    "code": "abc",
    "protocol": {"name": "the protocol as it is", "killed": False, "examples": None},
    "mutants": [
        {"name": "ack_before_commit", "killed": True, "examples": 4},
        {"name": "restarting_epoch", "killed": False, "examples": None},
    ],
}
CONFORMANCE = {"code": "abc", "passed": 28, "failed": 1, "not_possible": 1}


@pytest.fixture
def folder(tmp_path):
    """A folder and a way to put a document into it."""

    def put(**files):
        for name, document in files.items():
            text = "".join(json.dumps(row) + "\n" for row in document) if name == "faults" else json.dumps(document)
            (tmp_path / (name.replace("_", "-") + (".jsonl" if name == "faults" else ".json"))).write_text(text)
        return tmp_path

    return put


# --- the page of this tree ---


def test_the_page_is_what_the_committed_results_make():
    assert write(gather(FOLDER), PAGE, only_look=True), "run `make reliability`"


# --- figures ---


@pytest.mark.parametrize(("failures", "tries", "most"), [(0, 300, 0.01), (0, 0, None), (1, 300, None), (0, 2, 1.0)])
def test_nothing_of_n_is_less_than_three_in_n(failures, tries, most):
    assert bound(failures, tries) == most


def test_the_bound_is_the_95_percent_one():
    most = bound(0, 1000)
    assert (1 - most) ** 1000 < 0.05 < (1 - most + 1e-4) ** 1000


def test_percentiles_are_values_that_were_seen():
    values = list(range(1, 101))
    assert [percentile(values, share) for share in (0.5, 0.95, 1.0)] == [50, 95, 100]
    assert (percentile([3.0], 0.95), percentile([], 0.95)) == (3.0, None)


def test_a_kill_without_a_recovery_is_counted_and_not_taken_for_a_quick_one():
    found = recovery([Kill("p", "h", True, 1.0), Kill("p", "h", True, None), Kill("p", "h", True, 9.0)])
    assert (found.n, found.p50, found.worst, found.unseen) == (3, 1.0, 9.0, 1)


def test_runs_of_one_version_are_added_and_versions_are_not():
    once = Round((Kill("p", "h", True, 1.0), Kill("p", "h", False, 1.0)), "PASS", 0, 0)
    bad = Round((Kill("p", "h", True, 1.0),), "FAIL", 2, 1)
    new, old = loops([Chaos("new", 1, (once,)), Chaos("old", 1, (bad,)), Chaos("new", 2, (once, once))])
    assert (new.rounds, len(new.kills), new.interrupted, new.seeds, new.clean) == (3, 6, 3, (1, 2), True)
    assert (old.lost, old.doubled, old.failed_rounds, old.clean) == (2, 1, 1, False)


# --- the page ---


def test_what_was_not_run_is_named_and_nothing_is_said_in_its_place(folder):
    page = render(gather(folder()))
    assert page.count("**Not run**") == len(SECTIONS)
    assert page.count("| not run |") == len(SECTIONS)
    assert " lost," not in page


def test_every_part_that_was_run_is_shown(folder):
    found = gather(
        folder(
            faults=[FAULT], chaos_1=chaos(kills=[kill()] * 60 + [kill(interrupted=False)] * 5),
            mutants=MUTANTS, simulation=SIMULATED, fuzz=FUZZ, soak_1=SOAK, conformance=CONFORMANCE,
        )
    )  # fmt: skip
    page = render(found)
    assert "not run |" not in page
    assert "**Not run**" not in page
    assert "65 kills in 1 rounds, 60 of them interrupted work in flight" in page
    assert "of 9 records 0 lost, 0 coordinates doubled, every audit passed" in page
    assert "| a member leaves for good | 1 | 8.5 | 8.5 | 8.5 |" in page
    assert "< 0.05 (0 of 60)" in page
    assert "| 10.0 | 5,000 | 3,000,000 | 3,000,000 | 0 |" in page
    assert "| 500 | 1,090 | 8,156 | 0 | 0 | 0 |" in page
    assert "| the protocol as it is | not noticed |  |" in page
    assert "| 1 faults: 1 went on" not in page
    assert "1 faults: 1 went on by themselves (median 2.0 s, longest 2.0 s)" in page
    assert "| restarting_epoch | **SURVIVED** |  |" in page
    assert "| 61, 62 (63) | 31, 32 (33) |" in page
    assert "| `abc` | 28 | 1 | 1 |" in page


def test_a_loss_shows_everywhere_and_takes_the_bound_away(folder):
    page = render(
        gather(folder(chaos_1=chaos(kills=[kill()] * 100), chaos_2=chaos(kills=[kill()], lost=3, verdict="FAIL")))
    )
    assert "3 lost, 0 doubled, 1 rounds failed" in page
    assert "**1 rounds failed**" in page
    assert "none: 4 of 101" in page
    assert "<" not in page.split("## Where")[0].split("**The bound.**")[0]


def test_a_round_that_broke_or_a_death_unasked_fails_and_is_said(folder):
    broken = [{"number": 2, "load": [1, 1, 1], "why": "not within 180 s: members at work", "kills": [kill()]}]
    loop = loops(gather(folder(chaos_1=chaos(kills=[kill()] * 100, broken=broken))).chaos)[0]
    assert (len(loop.kills), loop.rounds, loop.failed_rounds) == (101, 2, 1)
    page = render(gather(folder(chaos_1=chaos(kills=[kill()] * 100, unexpected=["member-1 ended with code 70"]))))
    assert "- **member-1 ended with code 70**" in page
    assert "**1 rounds failed**" in page
    assert "none: 1 of 100" in page


def test_a_protocol_that_is_noticed_itself_is_said(folder):
    mutated = MUTANTS | {"protocol": MUTANTS["protocol"] | {"killed": True}}
    page = render(gather(folder(mutants=mutated)))
    assert "| the protocol as it is | **NOTICED** |  |" in page
    assert "1 killed, and so was the protocol" in page


@pytest.mark.parametrize(
    ("audit", "lost", "passed"),
    [("PASS", None, True), ("FAIL", 0, False), ("FAILED", 0, False), ("", 0, True), ("", 1, False)],
)
def test_an_audit_that_failed_is_no_success_whatever_was_counted(folder, audit, lost, passed):
    row = FAULT | {"audit": audit} | ({} if lost is None else {"lost": lost, "doubled": 0})
    assert gather(folder(faults=[row])).faults[0].passed == passed


def test_a_folder_that_is_not_there_is_no_empty_page(tmp_path):
    with pytest.raises(EvidenceError, match="is no folder"):
        gather(tmp_path / "typo")


def test_a_planned_leave_has_a_row_of_its_own(folder):
    kills = [kill(how="SIGKILL", recovered_s=1.0)] * 20 + [kill(how="leave", recovered_s=44.0)]
    page = render(gather(folder(chaos=chaos(kills=kills))))
    assert "| SIGKILL | 20 | 20 | 1.0 | 1.0 | 1.0 | 0 |" in page
    assert "| leave | 1 | 1 | 44.0 | 44.0 | 44.0 | 0 |" in page


def test_a_fault_whose_test_failed_is_named(folder):
    failed = {"fault": "it breaks", "done": "", "happened": "no", "seconds": None, "audit": "FAILED", "test": "test_x"}
    page = render(gather(folder(faults=[FAULT, failed])))
    assert "**1 did not end well: it breaks**" in page
    assert "1 ended as designed" in page


def test_a_failure_is_over_once_the_test_has_passed_and_not_before(folder):
    failed = {"fault": "it breaks", "done": "", "happened": "no", "seconds": None, "audit": "FAILED", "test": "test_f"}
    assert [row.audit for row in gather(folder(faults=[failed, FAULT])).faults] == [FAULT["audit"]]
    assert [row.audit for row in gather(folder(faults=[FAULT, failed])).faults] == [FAULT["audit"], "FAILED"]


@pytest.mark.parametrize(("lost", "doubled", "well"), [(0, 0, True), (1, 0, False), (0, 1, False)])
def test_a_row_with_counts_in_place_of_a_verdict_is_judged_by_them(folder, lost, doubled, well):
    row = FAULT | {"audit": "9 in the log, 9 landed", "lost": lost, "doubled": doubled, "where": "in memory"}
    (found,) = gather(folder(faults=[row])).faults
    assert (found.passed, found.where) == (well, "in memory")


def test_words_cannot_break_a_table(folder):
    page = render(gather(folder(faults=[FAULT | {"happened": "a | b\nc"}])))
    assert "| a / b c |" in page


# --- wrong files ---


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"chaos": {"code": "a", "seed": 1}}, "chaos.json: rounds is absent"),
        ({"chaos": chaos(lost=-1)}, r"chaos.json: rounds\[0\]: audit: lost is out of range"),
        ({"chaos": chaos(lost=True)}, "lost is of a wrong type"),
        ({"chaos": chaos(kills=[kill(interrupted="yes")])}, r"kills\[0\]: interrupted is of a wrong type"),
        ({"chaos": []}, "chaos.json is no object"),
        ({"mutants": {"code": "a", "mutants": [{"name": "x"}]}}, r"mutants\[0\]: killed is absent"),
        ({"fuzz": FUZZ | {"records": "many"}}, "fuzz.json: records is of a wrong type"),
        ({"soak_1": {"machine": {"code": "a"}}}, "soak-1.json: soak is no object"),
        ({"soak_1": {"machine": {"code": "a"}, "soak": SOAK["soak"] | {"fds": None}}}, "fds is no object"),
        ({"conformance": {}}, "conformance.json: passed is absent"),
        ({"faults": [FAULT, {"fault": "f"}]}, "faults.jsonl:2: done is absent"),
    ],
)
def test_a_wrong_file_is_said_with_its_place(folder, files, says):
    with pytest.raises(EvidenceError, match=says):
        gather(folder(**files))


def test_half_a_file_is_said(folder):
    path = folder()
    (path / "fuzz.json").write_text('{"code": ')
    with pytest.raises(EvidenceError, match=r"fuzz.json is no JSON"):
        gather(path)


def test_writing_again_changes_nothing_and_looking_writes_nothing(folder, tmp_path):
    found, page = gather(folder(soak_1=SOAK)), tmp_path / "page.md"
    assert not write(found, page, only_look=True)
    assert not page.exists()
    assert write(found, page, only_look=False)
    assert write(found, page, only_look=True)
    assert page.with_name("endurance.svg").read_text().count("<polyline") == 5
    assert not write(Evidence(), page, only_look=True)


@pytest.mark.integration
def test_the_command_says_what_is_wrong_in_one_line(folder):
    path = folder(fuzz={"code": 1})
    command = [sys.executable, "-m", "benchmarks.reliability", "--results", str(path), "--page", str(path / "p.md")]
    ran = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.startswith("reliability: fuzz.json: ")
    assert len(ran.stderr.splitlines()) == 1
