"""`tidemark up`, `down`, `status`, `logs`: the local platform."""

import json
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from orchestration.errors import UserError

State = Annotated[Path, typer.Option(help="Folder of this instance; another folder is another instance.")]
Port = Annotated[int | None, typer.Option(min=1024, max=65535, help="Fixed port; a free one if left out.")]
DEFAULT_STATE = Path(".tidemark/sandbox")
LOGS = ("supervisor", "kafka", "bigquery", "consumer", "dagster")


def register(app: typer.Typer) -> None:
    """Add this module's commands to the command line."""
    for command in (up, down, status, logs):
        app.command()(command)


def up(  # noqa: PLR0917 - one parameter per option
    state: State = DEFAULT_STATE,
    topic: Annotated[str, typer.Option(help="Topic to create.")] = "payments",
    partitions: Annotated[int, typer.Option(min=1, max=200, help="Its partitions.")] = 6,
    kafka_port: Port = None,
    rest_port: Port = None,
    grpc_port: Port = None,
    ui_port: Port = None,
    ui: Annotated[bool, typer.Option("--ui/--no-ui", help="Start Dagster as well: pages, daemon, code.")] = True,
) -> None:
    """Start a local Kafka, a BigQuery emulator and Dagster, and leave them running; repeat it to start what died."""
    from orchestration.ui.servers import DidNotServe
    from orchestration.ui.starting import Wanted, start
    from sandbox.platform import supervisor
    from sandbox.platform.instance import Ports
    from sandbox.platform.processes import PortTaken

    wanted = Wanted(state, topic, partitions, Ports(kafka_port, rest_port, grpc_port), ui_port, ui)
    try:
        facts, started, address = start(wanted, os.environ, print)
    except (supervisor.CouldNotStart, PortTaken, DidNotServe, OSError) as error:
        raise UserError(str(error)) from None
    print("the platform is up" if started else "the platform is already up")
    print(f"  Kafka     {facts.bootstrap_servers}, topic {facts.topic}")
    print(f"  BigQuery  {facts.rest_endpoint} (emulator), gRPC {facts.grpc_endpoint}, {facts.project}.{facts.dataset}")
    if address is not None:
        print(f"  Dagster   {address}")


def down(
    state: State = DEFAULT_STATE,
    purge: Annotated[bool, typer.Option("--purge", help="Also delete its topics, tables, logs and ledgers.")] = False,
) -> None:
    """Stop the local platform, Dagster and the supervised stream; topics and tables are kept for the next `up`."""
    from orchestration.supervision.ending import end_stream
    from orchestration.ui import servers
    from orchestration.ui.home import Home
    from sandbox.platform import supervisor
    from sandbox.platform.instance import AlreadyRunning

    if ended := servers.stop(Home(state)):
        print(f"stopped Dagster's {', '.join(ended)}")
    if drained := end_stream(state, datetime.now(UTC), "tidemark down"):
        print(f"drained {', '.join(drained)}")
    ran = supervisor.down(state)
    if purge:
        try:
            supervisor.purge(state)
        except AlreadyRunning as error:
            raise UserError(str(error)) from None
    print(f"{'the platform is down' if ran else 'no platform was running'}{'; its state is deleted' if purge else ''}")


def status(
    state: State = DEFAULT_STATE,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show what runs: Kafka, the emulator, Dagster, the consumers with lag and latency."""
    from orchestration.ui.home import Home
    from orchestration.ui.looking import line
    from orchestration.ui.looking import look as look_at_dagster
    from sandbox.platform.instance import state_option
    from sandbox.platform.status import status as look

    found = look(state, datetime.now(UTC)) | {"dagster": look_at_dagster(Home(state))}
    if as_json:
        print(json.dumps(found, indent=2))
        return
    kafka, bigquery = found["kafka"], found["bigquery"]
    print(f"Kafka     {kafka['state']:13}{kafka['bootstrap_servers'] or ''} {kafka['topic'] or ''}".rstrip())
    start = f"start both with `tidemark up{state_option(state)}`"
    print(f"BigQuery  {bigquery['state']:13}{bigquery['rest_endpoint'] or start}")
    print(line(found["dagster"], f"start it with `tidemark ui{state_option(state)}`"))
    for consumer in found["consumers"]:
        print("\n".join(consumer_lines(consumer)))
    if not found["consumers"]:
        print(f"consumers none        start one with `tidemark consume{state_option(state)}`")


def consumer_lines(consumer: dict[str, Any]) -> list[str]:
    """Return a line about the member, one per halted partition that ends with its recovery command, one per warning."""
    partitions = ",".join(str(partition) for partition in consumer["partitions"]) or "none"
    latency = consumer["latency_ms"]["p95"]
    line = (
        f"{consumer['member']:10}{consumer['state']:13}pid {consumer['pid']}, partitions {partitions}, "
        f"lag {consumer['lag']}, landed {consumer['rows_landed']}"
    )
    if consumer["state"] not in ("stopped", "dead"):  # the last minute of one that is gone says nothing about now
        line += f", p95 {'-' if latency is None else round(latency)} ms"
    warnings = consumer["warnings"] if consumer["state"] not in ("stopped", "dead") else []
    return [line, *(f"  {message}" for message in [*(halt["message"] for halt in consumer["halts"]), *warnings])]


def logs(
    name: Annotated[str, typer.Argument(help=f"{', '.join(LOGS)}; all if left out.")] = "",
    lines: Annotated[int, typer.Option("-n", min=0, help="Last lines of each.")] = 20,
    follow: Annotated[bool, typer.Option("-f", help="Go on with what is added, until Ctrl-C.")] = False,
    state: State = DEFAULT_STATE,
) -> None:
    """Show the logs of the platform and its consumers."""
    if name and name not in LOGS:
        raise UserError(f"there is no log called {name}: choose one of {', '.join(LOGS)}")
    places = {path: _print_tail(path, lines) for path in _log_files(state, name)}
    if not places and not follow:
        raise UserError(_no_logs(state, name))
    while follow:
        for path in _log_files(state, name):
            places[path] = _print_from(path, places.get(path, 0))
        time.sleep(0.3)


def _no_logs(state: Path, name: str) -> str:
    from sandbox.platform.instance import state_option

    if name == "consumer":
        return "no consumer log here: a foreground consumer logs to its terminal"
    return f"no logs in {state / 'logs'}: start the platform with `tidemark up{state_option(state)}`"


def _log_files(state: Path, name: str) -> list[Path]:
    """A member's log is `consumer-<member>.log` or `consumer.log`."""
    folder = state / "logs"
    return sorted({*folder.glob(f"{name}.log"), *folder.glob(f"{name}-*.log")} if name else folder.glob("*.log"))


def _print_tail(path: Path, lines: int) -> int:
    content = path.read_bytes()
    print(f"==> {path} <==")
    for line in content.decode(errors="replace").splitlines()[-lines:] if lines else []:
        print(line)
    return len(content)


def _print_from(path: Path, place: int) -> int:
    with path.open("rb") as file:
        file.seek(0, 2)
        file.seek(min(place, file.tell()))  # a log that became shorter was started anew
        sys.stdout.write(file.read().decode(errors="replace"))
        sys.stdout.flush()
        return file.tell()
