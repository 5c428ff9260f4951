"""The command line `tidemark`. Each module of `orchestration.commands` registers its own commands."""

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Final

import typer

from orchestration.errors import UserError

COMMANDS: Final[Mapping[str, tuple[str, ...]]] = {
    "platform": ("up", "down", "status", "logs"),
    "migrate": ("migrate",),
    "seed": ("seed",),
    "produce": ("produce",),
    "consume": ("consume", "settings"),
    "stream": ("stream",),
    "query": ("query",),
    "audit": ("audit",),
    "recover": ("recover",),
    "replay": ("replay",),
    "redrive": ("redrive",),
    "ui": ("ui",),
    "demo": ("demo",),
    "cost": ("cost",),
}
"""The commands that each module registers: one that is asked for is loaded alone, since others load Polars."""
COMMAND_MODULES: Final = tuple(COMMANDS)

app = typer.Typer(
    name="tidemark",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Payments from Kafka to BigQuery in seconds, each one accounted for.",
)


@app.callback()
def _tidemark() -> None:
    """Payments from Kafka to BigQuery in seconds, each one accounted for."""


def modules_for(words: Sequence[str]) -> tuple[str, ...]:
    """Modules that a command line needs: that of its command, all for help and for what is no command."""
    asked = words[0] if words else ""
    return next(((module,) for module, names in COMMANDS.items() if asked in names), COMMAND_MODULES)


def main() -> None:
    """Entry point."""
    for name in modules_for(sys.argv[1:]):
        import_module(f"orchestration.commands.{name}").register(app)
    try:
        app()
    except UserError as error:
        print(f"tidemark: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
