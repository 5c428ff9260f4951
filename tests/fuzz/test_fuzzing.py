"""A small seeded sample of the fuzzer; and each way to break a promise is found, by its kind, and made small."""

import json
import os
import time
from collections.abc import Callable, Sequence
from typing import Any

import fuzz
import polars as pl
import pytest
from fuzz_inputs import Inputs, Payload
from fuzz_judge import Judge
from fuzz_shrink import smallest
from fuzz_verdict import Verdict, examine
from mutations import WAYS
from tempting import WRONG, Way, fast

from benchmarks.reliability.evidence import fuzz as fuzz_evidence
from benchmarks.reliability.evidence import reader
from streaming import pan
from streaming.stages import plan
from streaming.walk import Enriched

TRIES = 40
"""Windows in which each mutant must be found."""


def test_a_sample_keeps_every_promise() -> None:
    fuzzing = fuzz.Fuzzing(seed=7)
    while fuzzing.windows < 8:
        assert fuzzing.step(examine), fuzzing.finding
    assert fuzzing.rows == fuzzing.records > 500
    assert len(fuzzing.statuses) > 15
    assert fuzzing.inputs.planted > 100
    assert fuzzing.figures(1.0)["failures"] == []


def test_the_seed_decides_the_inputs() -> None:
    first, again, other = (Inputs(seed) for seed in (1, 1, 2))
    windows = [first.window() for _ in range(5)]
    assert windows == [again.window() for _ in range(5)]
    assert windows != [other.window() for _ in range(5)]


def test_what_shows_something_new_is_kept_and_used() -> None:
    inputs = Inputs(1)
    inputs.keep(b"{new")
    assert b"{new" in [inputs._seed(WAYS[0]) for _ in range(40)]


# --- mutants --------------------------------------------------------------------------------------------------


def found_in(examiner: Callable[[Sequence[Payload]], Verdict]) -> tuple[str | None, list[Payload]]:
    fuzzing = fuzz.Fuzzing(seed=15)  # finds each in few windows
    while fuzzing.windows < TRIES:
        if not fuzzing.step(examiner):
            assert fuzzing.finding is not None
            return fuzzing.finding.kind, fuzzing.window
    return None, []


def loses_a_row(window: pl.DataFrame) -> Enriched:
    whole = fast(window)
    kept = ~whole.rows["status"].str.contains("NOT_JSON")
    return Enriched(whole.rows.filter(kept), whole.payloads.filter(kept), whole.unknown_fields)


def exchanges_rows(window: pl.DataFrame) -> Enriched:
    whole = fast(window)
    return Enriched(whole.rows.sort("status", maintain_order=True), whole.payloads, whole.unknown_fields)


def raises(window: pl.DataFrame) -> Enriched:
    if any(payload and payload.endswith(b"\\") for payload in window["payload"].to_list()):
        raise RecursionError
    return fast(window)


def swallows(window: pl.DataFrame) -> Enriched:
    whole = fast(window)
    failed = ("KeyError",) if whole.rows["status"].str.contains("BAD_SEQUENCE").any() else ()
    return Enriched(whole.rows, whole.payloads, whole.unknown_fields, failed)


def counts_no_unknown_fields(window: pl.DataFrame) -> Enriched:
    whole = fast(window)
    return Enriched(whole.rows, whole.payloads)


BROKEN: dict[str, tuple[Way, str]] = {
    "loses a row": (loses_a_row, "rows"),
    "exchanges rows": (exchanges_rows, "rows"),
    "raises": (raises, "exception"),
    "has a stage that raises": (swallows, "exception"),
    "counts no unknown fields": (counts_no_unknown_fields, "differs"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_walk_is_found(name: str) -> None:
    way, kind = BROKEN[name]
    assert found_in(lambda payloads: examine(payloads, way))[0] == kind


@pytest.mark.parametrize("name", ["the first of two keys wins", "the last of two keys wins"])
def test_a_wrong_fast_path_is_found(name: str) -> None:
    """The rarer ones are for tests/corpus, which has a record for each."""
    assert found_in(lambda payloads: examine(payloads, WRONG[name]))[0] == "differs"


def test_a_scanner_that_misses_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pan, "mask_json", lambda text: text)
    assert found_in(examine)[0] == "card"


def test_a_description_that_is_not_masked_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pan, "mask", lambda text: text)
    assert found_in(examine)[0] == "card"


def test_an_estimate_that_is_too_low_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "_nbytes", lambda rows, text: 64 + 200 * rows)
    assert found_in(examine)[0] == "estimate"


# --- smaller --------------------------------------------------------------------------------------------------


def test_the_window_is_made_as_small_as_it_goes() -> None:
    kind, window = found_in(lambda payloads: examine(payloads, raises))
    small = smallest(window, lambda payloads: bool(found := examine(payloads, raises).finding) and found.kind == kind)
    assert small == [b"\\"]


def test_two_records_and_two_bytes_that_need_each_other_stay() -> None:
    window: list[Payload] = [b"abc", None, b"xxaxxbxx", b"zzz", b"q"]

    def broken(payloads: Sequence[Payload]) -> bool:
        return any(p and b"a" in p and b"b" in p and b"x" in p for p in payloads) and any(p == b"q" for p in payloads)

    assert smallest(window, broken) == [b"axb", b"q"]


def test_what_takes_too_long_to_shrink_is_left_as_it_is() -> None:
    assert smallest([b"a", b"b"], lambda payloads: True, lambda: False) == [b"a", b"b"]


# --- the process that judges ------------------------------------------------------------------------------------


def hangs_on_a_tombstone(payloads: Sequence[Payload]) -> Verdict:
    while None in payloads:
        time.perf_counter()
    return Verdict(None, len(payloads))


def dies_of_a_tombstone(payloads: Sequence[Payload]) -> Verdict:
    if None in payloads:
        os._exit(1)
    return Verdict(None, len(payloads))


@pytest.mark.integration
@pytest.mark.parametrize(("examiner", "kind"), [(hangs_on_a_tombstone, "hang"), (dies_of_a_tombstone, "crash")])
def test_a_process_that_is_lost_is_noticed_and_replaced(
    examiner: Callable[[Sequence[Payload]], Verdict], kind: str
) -> None:
    judge = Judge(examiner, hang_s=1.0)
    try:
        assert judge.verdict([b"a"]).rows == 1
        found = judge.verdict([b"a", None]).finding
        assert found is not None
        assert found.kind == kind
        assert judge.verdict([b"a", b"b"]).rows == 2
    finally:
        judge.close()


@pytest.mark.integration
def test_the_command_prints_and_writes_its_figures(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "deeper" / "fuzz.json"
    assert fuzz.main(["--minutes", "0.05", "--seed", "3", "--json", "--out", str(out)]) == 0
    figures = json.loads(out.read_text())
    assert json.loads(capsys.readouterr().out) == figures
    assert figures["rows_out"] == figures["records"] > 0
    assert figures["seed"] == 3
    assert fuzz_evidence("fuzz", reader("fuzz.json", figures)).records == figures["records"]


@pytest.mark.parametrize("minutes", ["0", "-1", "nan", "ten"])
def test_a_wrong_number_of_minutes_is_one_clear_line(minutes: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        fuzz.main(["--minutes", minutes])
    assert ended.value.code == 2
    assert "is no number of minutes" in capsys.readouterr().err.splitlines()[-1]


def test_every_status_that_bytes_bring_about_is_asked_for() -> None:
    assert len(fuzz.reasons()) == 1 + 4 + 12 + 11 + 4
