"""`tidemark audit`: the independent comparison of ledger, warehouse and consumer group."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.errors import UserError
from orchestration.refusals import why_silent
from orchestration.target import DEFAULT_STATE, StateOption, resolve
from streaming.settings import Settings, SettingsError

if TYPE_CHECKING:
    from audit.model import Report


def register(app: typer.Typer) -> None:
    """Add this module's commands to the command line."""
    app.command("audit")(audit)


def audit(
    state: StateOption = None,
    ledger: Annotated[
        list[Path] | None, typer.Option("--ledger", help="A run's ledger; repeat for more. Default: all of the state.")
    ] = None,
    min_events: Annotated[int, typer.Option("--min-events", min=1, help="Fewer acknowledged events fail.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Compare what was sent with what landed. Exit code 0: all checks pass, 1: one fails, 2: it cannot be held."""
    from rich.console import Console

    from audit.render import render

    settings = resolve(state)
    paths = ledgers(settings, ledger)
    progress = Console(stderr=True)
    report = _held(
        settings, paths, min_events, (lambda _: None) if as_json else (lambda line: progress.print(line, style="dim"))
    )
    if as_json:
        print(json.dumps(report.as_json(), indent=2))
    else:
        console = Console()
        console.print(render(report, console.width))
    raise typer.Exit(0 if report.passed else 1)


def _held(settings: Settings, paths: list[Path], min_events: int, say: Callable[[str], None]) -> "Report":
    from audit.bigquery import BigQueryReader
    from audit.kafka import KafkaGroupReader, KafkaSilent
    from audit.model import AuditError
    from audit.run import run
    from streaming.adapters.kafka_security import security_config

    try:
        warehouse = BigQueryReader(
            settings.bigquery_project,
            settings.bigquery_dataset,
            settings.bigquery_rest_endpoint,
            settings.bigquery_grpc_endpoint,
        )
        return run(
            paths,
            warehouse,
            KafkaGroupReader(
                _bootstrap(settings), settings.kafka_group, settings.kafka_topic, security_config(settings)
            ),
            min_events=min_events,
            cards_in_ids=settings.pan_in_ids == "allow",
            say=say,
            seconds=time.monotonic,
        )
    except KafkaSilent as error:
        raise UserError(why_silent(settings) or str(error)) from None
    except AuditError as error:
        raise UserError(str(error)) from None


def ledgers(settings: Settings, named: list[Path] | None) -> list[Path]:
    """Return the ledgers named, else every one in the state folder. Raises UserError for one that is not there."""
    for path in named or []:
        if not path.is_file():
            raise UserError(f"no ledger at {path}: name a file that `tidemark produce` wrote")
    return named or sorted((Path(settings.state_dir or DEFAULT_STATE) / "ledger").glob("*.jsonl"))


def _bootstrap(settings: Settings) -> str:
    try:
        return settings.require("kafka_bootstrap").kafka_bootstrap
    except SettingsError as error:
        raise UserError(str(error)) from None
