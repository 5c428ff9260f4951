"""Figures of what was done to the pipeline, counted as docs/reliability.md counts them."""

from typing import Final

from benchmarks.memo.figure import Document, Tree, tenth, whole
from benchmarks.reliability.figures import bound, loops, percentile, recovery
from benchmarks.reliability.records import Evidence

WHERE: Final = "benchmarks/results"


class Absent(LookupError):
    """A run that the memo needs is not among the results. The text says which command leaves it."""


def collect(found: Evidence) -> Tree:
    """The kill loop on the newest code, faults, simulations, mutants, fuzzing. Raises Absent."""
    parts = {"chaos*.json": found.chaos, "faults*.jsonl": found.faults, "simulation*.json": found.simulated}
    parts |= {"mutants*.json": found.mutants, "fuzz*.json": found.fuzz}
    for pattern, runs in parts.items():
        if not runs:
            raise Absent(f"no {pattern} in {WHERE}: docs/reliability.md says which command leaves it")
    return {
        "kills": _kills(found),
        "faults": _faults(found),
        "simulations": _simulations(found),
        "mutants": _mutants(found),
        "fuzz": _fuzz(found),
    }


def _kills(found: Evidence) -> Tree:
    loop = loops(found.chaos)[-1]
    source = Document(f"{WHERE}/chaos-{loop.code}.json", None)
    times = recovery(loop.kills)
    most = bound(loop.lost + loop.doubled + loop.failed_rounds, loop.interrupted)
    return {
        "code": loop.code,
        "kills": source.computed(len(loop.kills), "rounds[].kills, counted", whole),
        "interrupted": source.computed(loop.interrupted, "rounds[].kills with interrupted, counted", whole),
        "records": source.computed(loop.acked, "rounds[].audit.acked, summed", whole),
        "lost": source.computed(loop.lost, "rounds[].audit.lost, summed", whole),
        "doubled": source.computed(loop.doubled, "rounds[].audit.duplicate_coordinates, summed", whole),
        "failed": source.computed(loop.failed_rounds, "rounds that failed, counted", whole),
        "p50": source.computed(times.p50, "rounds[].kills[].recovered_s, median", tenth),
        "p95": source.computed(times.p95, "rounds[].kills[].recovered_s, 95th percentile", tenth),
        "worst": source.computed(times.worst, "rounds[].kills[].recovered_s, longest", tenth),
        "chance": source.computed(most, "3 / interrupted where none failed: the rule of three", _chance),
    }


def _chance(most: float | None) -> str:
    return "none: something failed" if most is None else f"{most * 100:.1f} %, with 95 % confidence"


def _faults(found: Evidence) -> Tree:
    source = Document(f"{WHERE}/faults.jsonl", None)
    back = [row.seconds for row in found.faults if row.seconds is not None]
    halted = len(found.faults) - len(back)
    return {
        "tried": source.computed(len(found.faults), "rows, each fault once", whole),
        "passed": source.computed(sum(row.passed for row in found.faults), "rows whose audit passed", whole),
        "back": source.computed(len(back), "rows with seconds: it went on by itself", whole),
        "halted": source.computed(halted, "rows without seconds: halted or refused, as designed", whole),
        "median": source.computed(percentile(back, 0.5), "seconds, median", tenth),
        "worst": source.computed(max(back, default=None), "seconds, longest", tenth),
    }


def _simulations(found: Evidence) -> Tree:
    run, source = found.simulated[-1], Document(f"{WHERE}/simulation.json", None)
    return {
        "schedules": source.computed(run.schedules, "schedules", whole),
        "things": source.computed(run.faults, "happened, summed", whole),
        "lost": source.computed(run.lost, "lost", whole),
        "doubled": source.computed(run.doubled, "doubled", whole),
        "failed": source.computed(run.failed, "failed, counted", whole),
    }


def _mutants(found: Evidence) -> Tree:
    suite, source = found.mutants[-1], Document(f"{WHERE}/mutants.json", None)
    return {
        "tried": source.computed(len(suite.mutants), "mutants, counted", whole),
        "killed": source.computed(sum(each.killed for each in suite.mutants), "mutants with killed, counted", whole),
    }


def _fuzz(found: Evidence) -> Tree:
    run, source = found.fuzz[-1], Document(f"{WHERE}/fuzz.json", None)
    return {
        "records": source.computed(run.records, "records", whole),
        "rows": source.computed(run.rows_out, "rows_out", whole),
        "broken": source.computed(len(run.failures), "failures, counted", whole),
    }


def not_run(found: Evidence) -> list[str]:
    """Kinds of runs of which no file is there."""
    words = {"conformance": "the contract of the warehouse on the real BigQuery"}
    return [said for name, said in words.items() if not getattr(found, name)]
