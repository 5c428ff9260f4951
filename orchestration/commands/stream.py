"""`tidemark stream`: want the supervised stream to run or to stop, from the shell."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.errors import UserError
from orchestration.target import StateOption, resolve

if TYPE_CHECKING:
    from orchestration.supervision.desired import Desired


def register(app: typer.Typer) -> None:
    """Add this module's commands to the command line."""
    stream = typer.Typer(no_args_is_help=True, help="The stream that Dagster's sensor supervises (`tidemark ui`).")
    for command in (start, stop, wanted):
        stream.command()(command)
    app.add_typer(stream, name="stream")


def start(
    state: StateOption = None,
    members: Annotated[int | None, typer.Option(min=1, max=64, help="Members; TIDEMARK_MEMBERS if left out.")] = None,
) -> None:
    """Want the stream to run: the sensor starts its members within seconds and restarts who ends."""
    settings = resolve(state)
    _want(Path(settings.state_dir), running=True, members=members or settings.members)


def stop(state: StateOption = None) -> None:
    """Want the stream to stop: its members drain, which commits all that is landed."""
    settings = resolve(state)
    before = _read(Path(settings.state_dir))
    _want(Path(settings.state_dir), running=False, members=before.members if before else settings.members)


def wanted(
    state: StateOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show what is wanted; `tidemark status` shows what is."""
    desired = _read(Path(resolve(state).state_dir))
    if as_json:
        found = None if desired is None else {"running": desired.running, "members": desired.members, "by": desired.by}
        print(json.dumps(found))
    elif desired is None:
        print("nobody wants a stream here: `tidemark stream start`")
    else:
        print(f"the stream is to {'run' if desired.running else 'stop'}, members: {desired.members} ({desired.by})")


def _read(state_dir: Path) -> "Desired | None":
    from orchestration.supervision.desired import DesiredError, read_desired

    try:
        return read_desired(state_dir)
    except DesiredError as error:
        raise UserError(str(error)) from None


def _want(state_dir: Path, *, running: bool, members: int) -> None:
    from orchestration.supervision.desired import Desired, write_desired
    from orchestration.ui import servers
    from orchestration.ui.home import Home

    write_desired(state_dir, Desired(running, members, datetime.now(UTC), "tidemark stream"))
    print(f"the stream is to {'run' if running else 'stop'}, members: {members}")
    daemon = servers.found(Home(state_dir)).get("daemon")
    if daemon is None or not daemon.alive:
        print("nobody sees to it yet: start Dagster with `tidemark ui`")
