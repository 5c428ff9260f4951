"""`tidemark demo`: the whole pipeline in half a minute, with a kill in the middle, an audit and a replay at the end."""

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

STATE = Path(".tidemark/demo")


def register(app: typer.Typer) -> None:
    """Add this module's commands to the command line."""
    app.command("demo")(demo)


def demo(
    *,
    rate: Annotated[float, typer.Option(min=1, max=100_000, help="Payments a second.")] = 500,
    duration: Annotated[float, typer.Option(min=2, max=86_400, help="Seconds of production.")] = 30,
    keep: Annotated[bool, typer.Option("--keep", help="Leave platform, Dagster and stream running.")] = False,
    members: Annotated[int, typer.Option(min=1, max=6, help="Members of the consumer group.")] = 1,
    seed: Annotated[int, typer.Option(help="The same seed gives the same payments (under new ids).")] = 7,
    state: Annotated[Path, typer.Option(help="Folder of this demo; it is emptied first.")] = STATE,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON; progress goes to stderr.")] = False,
) -> None:
    """Watch payments go from Kafka to BigQuery, see a consumer killed and brought back, audit every record, replay.

    Dagster supervises the consumers; its pages are open meanwhile. Exit code 0 only if audit and replay passed and who
    was killed came back; 1 if not or if a part failed; 130 after Ctrl-C.
    """
    from rich.console import Console

    from orchestration.ui.beside import DagsterBeside
    from sandbox.demo.failure import DemoFailed
    from sandbox.demo.options import Options
    from sandbox.demo.run import run
    from sandbox.demo.screen import Screen
    from sandbox.demo.view import WIDTH

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # either way everything is stopped in order
    console = Console(stderr=as_json)
    if not console.is_terminal:
        console = Console(stderr=as_json, width=WIDTH)
    options = Options(rate=rate, seconds=duration, members=members, seed=seed, keep=keep, state=state)
    try:
        report = run(options, Screen(console), DagsterBeside, os.environ, _started_at())
    except DemoFailed as error:
        print(f"tidemark: {error}", file=sys.stderr)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        print("tidemark: stopped; nothing is left running", file=sys.stderr)
        raise typer.Exit(130) from None
    if as_json:
        print(json.dumps(report, indent=2))
    raise typer.Exit(0 if report["verdict"] == "PASS" else 1)


def _started_at() -> float:
    """When this process began, seconds since the epoch, good to 10 ms.

    From the kernel's own clocks: a creation time in wall-clock terms rests on a boot time in whole seconds.
    """
    ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
    up_s = float(Path("/proc/uptime").read_text().split()[0])
    return time.time() - (up_s - ticks / os.sysconf("SC_CLK_TCK"))
