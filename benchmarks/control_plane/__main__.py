"""Attack the control plane while payments arrive, and write what happened: `python -m benchmarks.control_plane`.

It takes some 14 minutes, and starts a platform, Dagster and a stream of its own in a temporary folder.
"""

import argparse
import json
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from assets.warehouse.client import connect
from benchmarks import machine, results
from benchmarks.control_plane import attacks, revising
from benchmarks.control_plane.shell import Failed, Shell, Watch, until
from sandbox.platform.instance import load
from sandbox.seed import frames

RATE: Final = 500
GROWTH_S: Final = 180.0
START_S: Final = 120.0
SEED: Final = 7


def main() -> int:
    """Exit 0: measured and the audit passed; 1: not, said in one line; 130: stopped."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.control_plane", description=__doc__)
    parser.add_argument("--out", type=Path, help="result file; default benchmarks/results/<date>-control-plane.json")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="control-plane-") as folder:
        shell = Shell(Path(folder) / "state", _say, {"TIDEMARK_SCHEDULES": "off"})
        try:
            found = _measure(shell)
        except Failed as error:
            print(f"control plane: {error}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            return 130
        finally:
            shell.run("down")
    print(results.compact(found))
    path = options.out or results.FOLDER / f"{found['machine']['date'][:10]}-control-plane.json"
    results.write(found, path)
    print(f"written to {path}")
    return 0 if found["audit"]["verdict"] == "PASS" else 1


def _measure(shell: Shell) -> dict[str, Any]:
    found: dict[str, Any] = {"machine": machine.facts(), "load_before": machine.load(), "rate": RATE}
    began = time.monotonic()
    shell.run("up")
    found["up_with_dagster_s"] = round(time.monotonic() - began, 1)
    platform = load(shell.state)
    client, dataset = connect(platform.project, platform.rest_endpoint), platform.dataset
    now = datetime.now(UTC)
    world = revising.World(frames(SEED, now), now)
    shell.run("migrate")
    revising.seed(client, dataset, world)
    shell.run("stream", "start", "--members", "2")
    limit = str(3_600)
    with shell.start("produce", "--rate", str(RATE), "--seconds", limit, "--seed", str(SEED)) as producer:
        try:
            _attack(shell, client, f"{platform.project}.{dataset}", found)
        finally:
            producer.send_signal(signal.SIGINT)
            producer.wait(60)
    until(lambda: all(beat["lag"] == 0 for beat in shell.beats().values()), START_S, "all landed")
    found["revision"] = revising.revise(shell, client, dataset, world)
    audit = json.loads(shell.run("audit", "--json"))
    found["audit"] = {"verdict": audit["verdict"], "events": audit["events"]}
    found["load_after"] = machine.load()
    return found


def _attack(shell: Shell, client: Any, dataset: str, found: dict[str, Any]) -> None:
    until(lambda: _working(shell), START_S, "two members that deliver")
    watch = Watch(shell)
    try:
        _part("warm", lambda: time.sleep(attacks.QUIET_S + 15))
        found["memory_mb"] = _part("memory", lambda: attacks.memory(shell))
        found["event_log"] = _part("event log", lambda: attacks.grown(shell, GROWTH_S))
        found["dagster_killed"] = _part("dagster killed", lambda: attacks.dagster_killed(shell, watch))
        found["member_killed"] = _part("member killed", lambda: attacks.member_killed(shell, client, dataset))
        _part("settle", lambda: time.sleep(20))
        found["member_stopped"] = _part("member stopped", lambda: attacks.member_stopped(shell, client, dataset))
        _part("settle", lambda: time.sleep(attacks.QUIET_S + 15))
        found["replay"] = _part("replay", lambda: attacks.replayed(shell, watch))
    finally:
        watch.end()


def _working(shell: Shell) -> bool:
    beats = shell.beats().values()
    return len(beats) == 2 and all(beat["state"] == "running" and beat["rows_landed"] for beat in beats)


def _part(name: str, do: Callable[[], Any]) -> Any:
    _say(name)
    done = do()
    if done is not None:
        _say(f"  {json.dumps(done)}")
    return done


def _say(line: str) -> None:
    print(f"{datetime.now(UTC):%H:%M:%S} {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
