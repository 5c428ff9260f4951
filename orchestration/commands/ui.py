"""`tidemark ui`: Dagster's pages, daemon and code server for a platform."""

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from orchestration.errors import UserError
from orchestration.target import DEFAULT_STATE, StateOption, environment_of, resolve

Port = Annotated[
    int | None, typer.Option("--port", min=1024, max=65535, help="Port of the pages; a free one if left out.")
]


def register(app: typer.Typer) -> None:
    """Add this module's commands to the command line."""
    app.command()(ui)


def ui(
    state: StateOption = None,
    port: Port = None,
    down: Annotated[bool, typer.Option("--down", help="Stop Dagster; the stream goes on.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs: address, home, pid and port of each.")] = False,
) -> None:
    """Start Dagster (code server, webserver, daemon) on loopback and leave it running; repeat it to start what died.

    Its state is in the platform's folder, so it is the same from any directory. It has no authentication: it listens
    on this machine alone.
    """
    from orchestration.ui import servers
    from orchestration.ui.home import Home
    from sandbox.platform.processes import PortTaken

    if down:
        ended = servers.stop(Home(state or _state_dir(DEFAULT_STATE)))
        print(f"stopped Dagster's {', '.join(ended)}" if ended else "Dagster was not running")
        return
    home = Home(Path(resolve(state).state_dir))
    say = (lambda line: None) if as_json else print
    try:
        running = servers.start(home, environment_of(state), say, port)
    except (servers.DidNotServe, PortTaken, OSError) as error:
        raise UserError(str(error)) from None
    if as_json:
        document = {name: {"pid": server.pid, "port": server.port} for name, server in running.items()}
        print(
            json.dumps({"address": servers.address(running), "home": str(home.folder), "servers": document}, indent=2)
        )
        return
    print(f"Dagster is at {servers.address(running)}")


def _state_dir(default: Path) -> Path:
    return Path(os.environ.get("TIDEMARK_STATE_DIR") or default)
