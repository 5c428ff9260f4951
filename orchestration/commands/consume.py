"""`tidemark consume` and `tidemark settings`."""

import signal
import threading
from dataclasses import fields, replace
from typing import Annotated

import typer

from orchestration.errors import UserError
from orchestration.target import StateOption, resolve
from streaming.settings import PREFIX, Secret, Settings, SettingsError


def register(app: typer.Typer) -> None:
    """Add this module's commands to the command line."""
    app.command()(consume)
    app.command()(settings)


def consume(
    state: StateOption = None,
    member: Annotated[str | None, typer.Option(help="Stable id of this member (group.instance.id).")] = None,
) -> None:
    """Run one member of the consumer group in the foreground until Ctrl-C or SIGTERM, then drain.

    Settings come from TIDEMARK_* variables, or from the sandbox instance that is up. Exit codes: 0 stopped,
    2 a setting is wrong, 3 refused to start or every partition halted,
    75 a service does not answer.
    """
    chosen = resolve(state)
    if member is not None:
        chosen = replace(chosen, member=member)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    from streaming.service import StartRefused, run

    try:
        code = run(chosen, stop)
    except SettingsError as error:
        raise UserError(str(error)) from None
    except StartRefused as error:
        typer.echo(f"tidemark: {error}", err=True)
        code = error.code
    raise typer.Exit(code)


def settings() -> None:
    """List every setting: its environment variable, default and meaning."""
    from rich.console import Console
    from rich.table import Table

    table = Table("variable", "default", "meaning", box=None, header_style="bold")
    for spec in fields(Settings):
        default = spec.default
        shown = "" if isinstance(default, Secret) else str(default)
        table.add_row(f"{PREFIX}{spec.name.upper()}", shown, str(spec.metadata["says"]))
    Console().print(table)
