"""The page's sections, each from what was found; what was not run is named and nothing is said in its place."""

from collections.abc import Iterable, Sequence
from typing import Any

from benchmarks.reliability.figures import Loop, bound, loops, percentile, recovery
from benchmarks.reliability.records import Beside, Evidence, Fault, Kill


def table(head: Sequence[str], rows: Iterable[Sequence[str]], words: int = 1) -> str:
    """A Markdown table; columns after the first `words` are numbers."""
    rule = ["---"] * words + ["---:"] * (len(head) - words)
    cells = [[cell.replace("|", "/").replace("\n", " ") for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *cells))


def not_run(pattern: str, command: str) -> str:
    """What stands in place of a part."""
    return f"**Not run**: no `{pattern}` in `benchmarks/results`. `{command}` leaves one."


def seconds(value: float | None) -> str:
    """One decimal, nothing where it is not known."""
    return "" if value is None else f"{value:.1f}"


def chance(failures: int, tries: int) -> str:
    """The bound in words."""
    most = bound(failures, tries)
    if most is None:
        return f"none: {failures} of {tries:,}" if tries else "none: no tries"
    return f"< {most:.2g} (0 of {tries:,})"


# --- faults ---


def faults(found: Evidence) -> str:
    """Every fault once."""
    if not found.faults:
        return not_run("faults*.jsonl", "make faults FAULTS=benchmarks/results/faults.jsonl")
    rows = [(row.fault, row.where, row.done, row.happened, seconds(row.seconds), row.audit) for row in found.faults]
    return f"{_faults_in_short(found.faults)}\n\n" + table(
        ("fault", "where", "what was done", "what happened", "s", "audit"), rows, words=6
    )


def _faults_in_short(rows: Sequence[Fault]) -> str:
    back = [row.seconds for row in rows if row.seconds is not None]
    wrong = [row.fault for row in rows if not row.passed]
    said = f"{len(rows)} faults: {len(back)} went on by themselves"
    if back:
        said += f" (median {percentile(back, 0.5):.1f} s, longest {max(back):.1f} s)"
    said += f", {len(rows) - len(back) - len(wrong)} halted, were refused or had nothing to come back from"
    return said + (
        f"; **{len(wrong)} did not end well: {', '.join(wrong)}**." if wrong else "; every audit or count passed."
    )


# --- the kill loop ---


def chaos(found: Evidence) -> str:
    """Kills of each version of the code."""
    made = loops(found.chaos)
    return "\n\n".join(map(_loop, made)) if made else not_run("chaos*.json", "make chaos KILLS=300")


def _loop(loop: Loop) -> str:
    seeds = ", ".join(map(str, loop.seeds))
    verdict = "every audit passed" if not loop.failed_rounds else f"**{loop.failed_rounds} rounds failed**"
    said = (
        f"Code `{loop.code}`, seed {seeds}: {len(loop.kills):,} kills in {loop.rounds} rounds, {loop.interrupted:,} of "
        f"them interrupted work in flight; of {loop.acked:,} records {loop.lost} lost, {loop.doubled} coordinates "
        f"doubled, {verdict}. "
        f"Chance that such a kill loses or doubles a record, 95 %: {loop_chance(loop)}."
    )
    wrong = [f"- **{line}**" for line in loop.unexpected]
    parts = [said, *wrong, _kills("point", loop.kills), _kills("how", loop.kills)]
    return "\n\n".join([*parts, *([_beside(loop.beside)] if loop.beside else [])])


def _beside(beside: Sequence[Beside]) -> str:
    rows = []
    for what in sorted({one.what for one in beside}):
        times = [one.seconds for one in beside if one.what == what]
        rows.append([what, f"{len(times):,}", *(seconds(percentile(times, share)) for share in (0.5, 0.95, 1.0))])
    return table(("beside kills", "times", "p50, s", "p95", "max"), rows)


def loop_chance(loop: Loop) -> str:
    """Only kills that interrupted work are tries."""
    return chance(loop.lost + loop.doubled + loop.failed_rounds, loop.interrupted)


def _kills(by: str, kills: Sequence[Kill]) -> str:
    names = sorted({getattr(kill, by) for kill in kills})
    rows = []
    for name, some in [(name, [kill for kill in kills if getattr(kill, by) == name]) for name in names] + [
        ("all", kills)
    ]:
        found = recovery(some)
        times = [seconds(value) for value in (found.p50, found.p95, found.worst)]
        hits = sum(kill.interrupted for kill in some)
        rows.append([name, f"{found.n:,}", f"{hits:,}", *times, f"{found.unseen:,}"])
    head = (
        "killed at" if by == "point" else "how",
        "kills",
        "interrupted",
        "recovery p50, s",
        "p95",
        "max",
        "killed again before",
    )
    return table(head, rows)


# --- simulations, mutants, fuzzing, endurance, the real service ---


def mutants(found: Evidence) -> str:
    """Each shortcut and in how many examples a test noticed it."""
    if not found.mutants:
        return not_run("mutants*.json", "make mutants RESULTS=benchmarks/results")
    parts = []
    for suite in found.mutants:
        rows = [
            (
                each.name,
                "killed" if each.killed else "**SURVIVED**",
                "" if each.examples is None else f"{each.examples:,}",
            )
            for each in suite.mutants
        ]
        if (sound := suite.sound) is not None:
            rows.insert(0, (sound.name, "**NOTICED**" if sound.killed else "not noticed", ""))
        parts.append(
            f"`{suite.suite}`, code `{suite.code}`:\n\n{table(('mutant', 'outcome', 'examples'), rows, words=2)}"
        )
    return "\n\n".join(parts)


def simulations(found: Evidence) -> str:
    """Schedules of faults on in-memory services."""
    if not found.simulated:
        return not_run("simulation*.json", "make simulate RESULTS=benchmarks/results")
    rows = [
        tuple(f"{value:,}" for value in (run.schedules, run.faults, run.records, run.lost, run.doubled, run.failed))
        for run in found.simulated
    ]
    return table(("schedules", "things done to it", "records", "lost", "doubled", "schedules that failed"), rows, 0)


def fuzzing(found: Evidence) -> str:
    """Minutes, records and what went wrong."""
    if not found.fuzz:
        return not_run("fuzz*.json", "make fuzz RESULTS=benchmarks/results")
    rows = [
        (
            f"`{run.code}`",
            str(run.seed),
            f"{run.minutes:.1f}",
            f"{run.windows:,}",
            f"{run.records:,}",
            f"{run.rows_out:,}",
            f"{len(run.failures)}",
        )
        for run in found.fuzz
    ]
    said = [f"- **{failure}**" for run in found.fuzz for failure in run.failures]
    head = ("code", "seed", "minutes", "windows", "records in", "rows out", "broken promises")
    return "\n".join([table(head, rows), *([""] if said else []), *said])


def endurance(found: Evidence) -> str:
    """Soaks: what grew and what did not, the newest drawn."""
    if not found.soak:
        return not_run("soak-*.json", "make soak HOURS=0.25")
    rows = []
    for run in found.soak:
        grown = [_grown(run.found[name]) for name in ("rss_mb", "fds", "threads")]
        p95 = run.found.get("p95_ms") or {}
        latency = f"{p95['median']:,} ({p95['max']:,})" if p95 else ""
        load = f"{run.found['rate']:,}/s for {run.found['seconds'] / 60:.0f} min"
        rows.append([f"`{run.code}`", load, f"{run.found['landed_per_second']:,}", *grown, latency])
    head = ("code", "load", "landed/s", "RSS, MB", "file descriptors", "threads", "p95, ms (max)")
    drawn = "![Memory, CPU, latency, file descriptors and threads over time](endurance.svg)"
    said = "Medians of the first and the last third of the time, and the most."
    return f"{said}\n\n{table(head, rows)}\n\n{drawn}"


def _grown(part: dict[str, Any]) -> str:
    return f"{part['early']:,}, {part['late']:,} ({part['max']:,})"


def conformance(found: Evidence) -> str:
    """The contract on a real project."""
    if not found.conformance:
        return f"{not_run('conformance*.json', 'make conformance')} It needs a project and credentials."
    rows = [(f"`{run.code}`", str(run.passed), str(run.failed), str(run.not_possible)) for run in found.conformance]
    return table(("code", "passed", "failed", "not possible there"), rows)
