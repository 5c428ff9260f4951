"""Everything that the memo prints of runs: counts of attacks, loads, latencies. Nothing here is typed by hand."""

import json
from pathlib import Path

from benchmarks.memo import latency, reliability, speed
from benchmarks.memo.figure import Document, Tree
from benchmarks.memo.reliability import WHERE, Absent
from benchmarks.peers import figures as peers
from benchmarks.reliability.evidence import gather
from benchmarks.results import FOLDER


def collect(folder: Path = FOLDER) -> Tree:
    """Figures of the newest runs in a folder. Raises Absent, EvidenceError."""
    found = gather(folder)
    bench = newest(folder, "20*.json", "make bench")
    return {
        "reliability": reliability.collect(found),
        "bench": speed.bench(bench),
        "latency": latency.collect(bench),
        "soak": speed.soak(newest(folder, "soak-*.json", "make soak")),
        "peers": [speed.peer(number, peer) for number, peer in enumerate(peers.read())],
        "peers_rate": speed.peers_rate(peers.read()),
        "not_run": reliability.not_run(found),
    }


def newest(folder: Path, pattern: str, command: str) -> Document:
    """The last file by name, which begins with its date. Raises Absent."""
    paths = sorted(folder.glob(pattern))
    if not paths:
        raise Absent(f"no {pattern} in {WHERE}: run `{command}`")
    return Document(f"{WHERE}/{paths[-1].name}", json.loads(paths[-1].read_text()))
