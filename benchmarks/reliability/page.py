"""docs/reliability.md as text, from evidence alone."""

from collections.abc import Callable
from typing import Final

from benchmarks.reliability import parts
from benchmarks.reliability.figures import loops
from benchmarks.reliability.records import Evidence

INTRO: Final = """# Reliability

What was done to the pipeline to make it lose or double a payment, how often, and what came of it. `make reliability`
writes this page from the JSON that the runs left in `benchmarks/results`, and from nothing else. A part that was not
run is named as not run.

"""

RULE: Final = """
**The bound.** Nothing found in n tries is not "never". Where 0 of n independent tries fail, the chance of a failure in
one try is below 3/n with 95 % confidence (the rule of three). A try of the kill loop is a kill that interrupted work in
flight: kills of a resting process are shown and do not count. They are dealt from a shuffled deck of steps and
moments, ten to a platform, so the bound is one of this mixture, and takes kills for independent, which those of one
round are not quite. Faults and mutants are chosen, not drawn, and fuzzed records are bred from each other, so they have
no bound: each is one sentence that holds or does not. Versions of
the code are never added up: `code` is a digest of the consumer's modules.
"""

WORLDS: Final = """
| what | broker | warehouse | processes |
|---|---|---|---|
| faults, kill loop, endurance | real Kafka, one node | emulator | real, killed and stopped for real |
| answers that BigQuery may give: typed errors, late, lost | real Kafka | emulator behind a proxy | real |
| protocol as a state machine, simulations, mutants | in memory | in memory | production code, simulated clock |
| fuzzing | none | none | production code alone |
| contract of the warehouse | none | emulator and in memory; the real service by `make conformance` | client alone |

**Only a real cloud can show**: that finalize really fences (an append that was not answered before it is never applied
after it), that `row_count` is exact, quotas and how they refill, streams that expire after idle days, the row errors of
the real service, its latency and its outages, schema changes under open streams; and on Kafka's side more than one
broker: elections, lost tails, partitions of the network between brokers. The first two are watched at every recovery: a
wrong count halts the partition with both numbers.
"""

SECTIONS: Final[tuple[tuple[str, Callable[[Evidence], str]], ...]] = (
    ("Faults, each once", parts.faults),
    ("Kill loop", parts.chaos),
    ("Simulations", parts.simulations),
    ("Mutants of the protocol", parts.mutants),
    ("Fuzzing", parts.fuzzing),
    ("Endurance", parts.endurance),
    ("The real service", parts.conformance),
)


def render(found: Evidence) -> str:
    """The whole page, Markdown."""
    sections = [f"## {title}\n\n{make(found)}\n" for title, make in SECTIONS]
    worlds = f"## Where it was shown, and what that leaves open\n{WORLDS}"
    return "\n".join([f"{INTRO}{in_short(found)}\n{RULE}", *sections, worlds])


def in_short(found: Evidence) -> str:
    """One row a part."""
    several = (_chaos, _simulated, _mutants, _fuzz, _soak, _cloud)
    rows = [_faults(found), *(row for part in several for row in part(found))]
    return parts.table(("part", "tried", "came of it", "chance a try, 95 %"), rows, words=4)


def _faults(found: Evidence) -> tuple[str, str, str, str]:
    if not found.faults:
        return ("faults", "not run", "", "")
    well = sum(row.passed for row in found.faults)
    return ("faults", f"{len(found.faults)} faults", f"{well} ended as designed, audit passed", "chosen, not drawn")


def _chaos(found: Evidence) -> list[tuple[str, str, str, str]]:
    rows = []
    for loop in loops(found.chaos):
        tried = f"{len(loop.kills):,} kills, {loop.interrupted:,} interrupted work (`{loop.code}`)"
        came = f"{loop.lost} lost, {loop.doubled} doubled"
        came += f", {loop.failed_rounds} rounds failed" if loop.failed_rounds else ""
        rows.append(("kill loop", tried, came, parts.loop_chance(loop)))
    return rows or [("kill loop", "not run", "", "")]


def _simulated(found: Evidence) -> list[tuple[str, str, str, str]]:
    rows = []
    for run in found.simulated:
        tried = f"{run.schedules:,} schedules, {run.faults:,} things done to the consumer"
        came = f"{run.lost} lost, {run.doubled} doubled, {run.failed} failed"
        rows.append(("simulations", tried, came, parts.chance(run.failed + run.lost + run.doubled, run.schedules)))
    return rows or [("simulations", "not run", "", "")]


def _mutants(found: Evidence) -> list[tuple[str, str, str, str]]:
    rows = []
    for suite in found.mutants:
        killed = sum(each.killed for each in suite.mutants)
        tried = f"{len(suite.mutants)} shortcuts (`{suite.suite}`)"
        came = f"{killed} killed" + (", and so was the protocol" if suite.sound and suite.sound.killed else "")
        rows.append(("mutants", tried, came, "chosen, not drawn"))
    return rows or [("mutants", "not run", "", "")]


def _fuzz(found: Evidence) -> list[tuple[str, str, str, str]]:
    rows = []
    for run in found.fuzz:
        tried = f"{run.records:,} records in {run.minutes:.1f} minutes (`{run.code}`)"
        came = f"{run.rows_out:,} rows, {len(run.failures)} broken promises"
        rows.append(("fuzzing", tried, came, "bred, not drawn"))
    return rows or [("fuzzing", "not run", "", "")]


def _soak(found: Evidence) -> list[tuple[str, str, str, str]]:
    rows = []
    for run in found.soak:
        rss = run.found["rss_mb"]
        tried = f"{run.found['rate']:,}/s for {run.found['seconds'] / 60:.0f} min (`{run.code}`)"
        rows.append(("endurance", tried, f"memory {rss['early']:,} to {rss['late']:,} MB", "one run"))
    return rows or [("endurance", "not run", "", "")]


def _cloud(found: Evidence) -> list[tuple[str, str, str, str]]:
    rows = []
    for run in found.conformance:
        tried = f"{run.passed + run.failed} promises of the contract (`{run.code}`)"
        rows.append(("the real service", tried, f"{run.failed} broken", "chosen, not drawn"))
    return rows or [("the real service", "not run", "", "")]
