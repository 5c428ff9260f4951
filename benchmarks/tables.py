"""Results as tables: for the terminal, and as Markdown for docs/performance.md."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.peers.figures import Peer

Cell = str
Found = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """A heading and rows; the first column is text, the others are numbers unless they are said to be words."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    words: bool = False

    def markdown(self) -> str:
        """As a Markdown table without the title."""
        rule = ["---", *["---" if self.words else "---:"] * (len(self.head) - 1)]
        return "\n".join(f"| {' | '.join(row)} |" for row in (self.head, rule, *self.rows))

    def text(self) -> str:
        """With aligned columns."""
        widths = [max(len(row[place]) for row in (self.head, *self.rows)) for place in range(len(self.head))]
        lines = [
            "  ".join(
                cell.rjust(width) if place and not self.words else cell.ljust(width)
                for place, (cell, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in (self.head, *self.rows)
        ]
        return "\n".join([self.title, *(f"  {line}" for line in lines)])


def number(value: float | None, digits: int = 0) -> Cell:
    """With separators; a dash for what was not measured."""
    return "–" if value is None else f"{value:,.{digits}f}"


def ranged(spread: dict[str, float], digits: int = 0) -> Cell:
    """Median and, in brackets, the range of the repeats."""
    return f"{number(spread['median'], digits)} ({number(spread['min'], digits)}–{number(spread['max'], digits)})"


def share(value: float, found: Found) -> Cell:
    """Of the floor of the same run."""
    return f"{value / found['bare']['per_second']['median']:.0%}" if "bare" in found else "–"


def machine(found: Found) -> Table:
    """What it was measured on."""
    facts = found["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in facts["libraries"].items())
    loads = [" ".join(f"{value:.2f}" for value in found[when]) for when in ("load_before", "load_after")]
    rows = [
        ("date (UTC), commit", f"{facts['date']}, `{facts['commit']}`"),
        ("CPU, cores, memory", f"{facts['cpu']}, {facts['cores']}, {facts['memory_gb']} GB"),
        ("kernel, Python, JVM", f"{facts['kernel']}, {facts['python']}, {facts['jvm']}"),
        ("libraries", f"{versions}, librdkafka {facts['librdkafka']}"),
        ("load average before, after", f"{loads[0]}; {loads[1]}"),
    ]
    for part, when in found.get("added", {}).items():
        load = " ".join(f"{value:.2f}" for value in when["load_before"])
        rows.append((f"added: {part}", f"{when['date']}, `{when['commit']}`, load {load}"))
    return Table("Machine", ("", "measured on"), rows, words=True)


def path(found: Found) -> Table:
    """The floor, the adapter, the core: what one process does a second."""
    kinds = (("bare", "floor: bare consumer"), ("adapter", "Kafka adapter alone"))
    rows = [_cost(words, found[key], found) for key, words in kinds if key in found]
    rows += [_cost(f"core, {_mix(core['mix'])}", core, found) for core in found.get("core", ())]
    if "core_with_poll" in found:
        rows.append(_cost("adapter and core, default mix", found["core_with_poll"], found))
    return Table("One process", ("", "events/s", "of the floor", "CPU-s per million", "peak RSS, MB"), rows)


def _cost(words: str, figures: Found, found: Found) -> list[Cell]:
    return [
        words,
        ranged(figures["per_second"]),
        share(figures["per_second"]["median"], found),
        ranged(figures["cpu_s_per_million"], 2),
        number(figures["peak_rss_mb"]),
    ]


def _mix(name: str) -> str:
    return {"default": "default mix", "zero_bad": "zero bad"}[name]


def drains(found: Found) -> Table:
    """The backlog through everything."""
    rows = [
        [
            f"{drain['warehouse']}, {drain['members']} process{'es' if drain['members'] > 1 else ''}",
            number(drain["per_second"]),
            share(drain["per_second"], found),
            *(number(drain["cpu_s_per_million"][who], 1) for who in ("consumer", "broker", "emulator")),
            number(drain["peak_rss_mb"]),
        ]
        for drain in found.get("drain", ())
    ]
    head = ("into", "events/s", "of the floor", "CPU-s/M consumer", "broker", "emulator", "peak RSS, MB")
    return Table(f"Drain of {found['scale']['events']:,} events", head, rows)


def appends(found: Found) -> Table:
    """The emulator's own limit."""
    rows = [
        [
            f"{entry['batch_rows']:,} rows",
            number(entry["per_second"]),
            number(entry["emulator_cpu_s_per_million"], 1),
            number(entry["client_cpu_s_per_million"], 1),
            number(entry["request_bytes_per_row"]),
        ]
        for entry in found.get("append", ())
    ]
    head = ("an append", "rows/s", "CPU-s/M emulator", "client", "bytes/row")
    return Table("Emulator alone, six streams", head, rows)


def budget(found: Found) -> Table:
    """CPU a record of one process, by what was added to the measurement before: microseconds are CPU-s per million."""
    steps: list[tuple[str, float]] = []
    for key, words in (("bare", "client: fetch, decompress, message objects"), ("adapter", "our Kafka adapter")):
        if key in found:
            steps.append((words, found[key]["cpu_s_per_million"]["median"]))
    if "core_with_poll" in found:
        steps.append(("walk, to serialised requests", found["core_with_poll"]["cpu_s_per_million"]["median"]))
    alone = {drain["warehouse"]: drain for drain in found.get("drain", ()) if drain["members"] == 1}
    if "counting" in alone:
        words = "protocol, commits, heartbeat, threads; the counting warehouse"
        steps.append((words, alone["counting"]["cpu_s_per_million"]["consumer"]))
    if "emulator" in alone:
        steps.append(("gRPC instead of counting", alone["emulator"]["cpu_s_per_million"]["consumer"]))
    rows, before = [], 0.0
    for words, total in steps:
        rows.append([words, number(total - before, 2), number(total, 2)])
        before = total
    return Table("CPU of one consumer, by layer", ("layer", "µs a record", "sum"), rows)


def steady(found: Found) -> Table:
    """Steady load."""
    rows = []
    for entry in [*found.get("steady", ()), *([found["soak"]] if "soak" in found else [])]:
        p95, rss = entry["p95_ms"] or {"median": None, "max": None}, entry["rss_mb"]
        rows.append(
            [
                f"{entry['rate']:,}/s for {entry['seconds']} s",
                number(entry["landed_per_second"]),
                *(number(entry["cores"][who], 3) for who in ("consumer", "broker", "emulator")),
                f"{number(p95['median'])} ({number(p95['max'])})",
                f"{number(rss['early'])}, {number(rss['late'])} ({number(rss['max'])})",
            ]
        )
    head = ("load", "landed/s", "cores: consumer", "broker", "emulator", "p95, ms (max)", "RSS early, late (max), MB")
    return Table("Steady load", head, rows)


def stages(found: Found, mix: str = "default") -> Table:
    """The walk at several window sizes."""
    entries = [entry for entry in found.get("stages", ()) if entry["mix"] == mix]
    rows = [
        [f"{entry['window']:,}", ranged(entry["per_second"]), ranged(entry["cpu_s_per_million"], 1)]
        for entry in entries
    ]
    return Table(f"Walk by window size, {_mix(mix)}", ("records a window", "rows/s", "CPU-s per million"), rows)


SMALLEST_US: Final = 0.02
"""Steps that take less a record are not listed."""


def profile(found: Found, window: int | None = None, mix: str = "default") -> Table:
    """Own time of each step of the walk; by default at 5,000 records a window, or the largest measured below."""
    sizes = [entry["window"] for entry in found.get("stages", ()) if entry["mix"] == mix]
    wanted = window or max((size for size in sizes if size <= 5_000), default=max(sizes, default=0))
    chosen = [e for e in found.get("stages", ()) if e["mix"] == mix and e["window"] == wanted]
    rows = [
        [
            f"`{step['step']}`",
            number(step["us_per_record"], 2),
            number(step["per_second"]["median"]),
            number(step["cpu_s_per_million"]["median"], 2),
            number(step["bytes_per_row"]),
        ]
        for entry in chosen
        for step in entry["steps"]
        if step["us_per_record"] >= SMALLEST_US
    ]
    head = ("step (own time)", "µs a record", "rows/s", "CPU-s per million", "bytes/row")
    return Table(f"Profile of the walk, windows of {wanted:,}, {_mix(mix)}", head, rows)


def peers(entries: Sequence[Peer]) -> Table:
    """Other engines, measured elsewhere."""
    rows = [
        [
            f"{peer.name} ({peer.version})",
            _range(peer.events_per_s),
            _range(peer.cpu_s_per_million, 1),
            number(peer.rss_mb),
            number(peer.latency_p95_ms),
        ]
        for peer in entries
    ]
    return Table(
        "Peers (lab, not reproducible from here)", ("", "events/s", "CPU-s/M", "RSS, MB", "p95 at 500/s, ms"), rows
    )


def _range(pair: tuple[float, float] | None, digits: int = 0) -> Cell:
    if pair is None:
        return "–"
    low, high = (number(value, digits) for value in pair)
    return low if low == high else f"{low}–{high}"


SHOWN: Final[dict[str, Callable[[Found], Table]]] = {
    "machine": machine,
    "path": path,
    "drains": drains,
    "appends": appends,
    "budget": budget,
    "steady": steady,
    "stages": stages,
    "stages_zero_bad": lambda found: stages(found, "zero_bad"),
    "profile": profile,
    "profile_small": lambda found: profile(found, 75),
}
"""Tables of one results document by name."""


def as_text(found: Found) -> str:
    """Every table that has rows, for a terminal."""
    made = [make(found) for make in SHOWN.values()]
    return "\n\n".join(table.text() for table in made if table.rows) + "\n"
