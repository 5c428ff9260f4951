"""The command line `tidemark`. Each module of `orchestration.commands` registers its own commands."""

import sys
from importlib import import_module

import typer

from orchestration.errors import UserError

COMMAND_MODULES = (
    "platform", "migrate", "seed", "produce", "consume", "stream", "query", "audit", "recover", "replay", "redrive",
    "ui", "demo",
)  # fmt: skip

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


def main() -> None:
    """Entry point."""
    for name in COMMAND_MODULES:
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
