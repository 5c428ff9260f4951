"""`tidemark consume` and `tidemark settings`."""

import signal
import threading
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from orchestration.errors import UserError
from orchestration.target import StateOption, environment_of, resolve
from streaming.settings import PREFIX, Settings, SettingsError


def register(app: typer.Typer) -> None:
    """Add this module's commands to the command line."""
    app.command()(consume)
    app.command()(settings)


def consume(
    state: StateOption = None,
    member: Annotated[str | None, typer.Option(help="Stable id of this member (group.instance.id).")] = None,
    members: Annotated[
        int | None, typer.Option(min=1, max=64, help="Run member-1 to member-N as processes; restart who dies.")
    ] = None,
) -> None:
    """Run one member of the consumer group in the foreground until Ctrl-C or SIGTERM, then drain.

    With --members, supervise that many in processes of their own; they end with the platform.
    Settings come from TIDEMARK_* variables, or from the sandbox instance that is up. Exit codes: 0 stopped,
    2 a setting is wrong, 3 refused to start or every partition halted, 73 another process plays this member,
    75 a service does not answer.
    """
    if member is not None and members is not None:
        raise UserError("--member names one member, --members counts several: give one of them")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if members is not None:
        raise typer.Exit(_supervise(state, members, stop))
    chosen = resolve(state)
    if member is not None:
        chosen = replace(chosen, member=valid_member(member))
    from streaming.service import StartRefused, last_words, leave, run

    try:
        code = run(chosen, stop)
    except SettingsError as error:
        raise UserError(str(error)) from None
    except StartRefused as error:
        last_words(str(error))
        code = error.code
    leave(code)


def valid_member(name: str) -> str:
    """Return the name if the setting `member` may have it. Raises UserError."""
    if not name:
        raise UserError("--member must not be empty")
    try:
        return Settings.from_environment({f"{PREFIX}MEMBER": name}).member
    except SettingsError as error:
        raise UserError(str(error).replace(f"{PREFIX}MEMBER", "--member")) from None


def _supervise(state: Path | None, members: int, stop: threading.Event) -> int:
    """Run a crew on the platform of `state`, or of the environment. Returns the exit code."""
    from sandbox.demo.consumers import Crew, supervise
    from sandbox.platform.instance import PlatformDown, load

    environment, chosen = environment_of(state), resolve(state)
    _refuse_supervised(Path(chosen.state_dir))
    local = chosen.bigquery_rest_endpoint and (Path(chosen.state_dir) / "platform.json").exists()

    def platform_runs() -> bool:
        try:
            return not local or bool(load(Path(chosen.state_dir)))
        except PlatformDown:
            return False

    crew = Crew(Path(chosen.state_dir).absolute(), environment, members, lambda line: print(line, flush=True))
    return supervise(crew, stop, platform_runs)


def _refuse_supervised(state_dir: Path) -> None:
    """Raise UserError where Dagster's supervisor looks after members of these names: it would end them."""
    from orchestration.supervision.desired import desired_path
    from orchestration.ui import servers
    from orchestration.ui.home import Home

    daemon = servers.found(Home(state_dir)).get("daemon")
    if daemon is not None and daemon.alive and desired_path(state_dir).exists():
        raise UserError(
            "Dagster supervises the stream here: use `tidemark stream start`, or stop it with `tidemark ui --down`"
        )


def settings() -> None:
    """List every setting: its environment variable, default and meaning."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, header_style="bold")
    table.add_column("variable", no_wrap=True)
    table.add_column("default")
    table.add_column("meaning")
    for row in Settings.listed():
        table.add_row(*row)
    Console().print(table)
