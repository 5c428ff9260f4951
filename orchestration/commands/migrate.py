"""`tidemark migrate`: bring the warehouse to the declared state."""

import json
from typing import Annotated

import typer

from orchestration.errors import UserError
from orchestration.target import StateOption, resolve


def register(app: typer.Typer) -> None:
    """Add this module's commands to the command line."""
    app.command("migrate")(migrate)


def migrate(
    state: StateOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list of the changes.")] = False,
) -> None:
    """Create tables and views that are absent, add missing columns. Safe to repeat, also while events arrive."""
    from google.api_core.exceptions import GoogleAPICallError, RetryError
    from google.auth.exceptions import GoogleAuthError

    from assets.warehouse.client import NotAnswering, connect, require_answer
    from assets.warehouse.migrate import MigrationError
    from assets.warehouse.migrate import migrate as apply
    from assets.warehouse.refusals import said_by

    settings = resolve(state)
    say = (lambda _: None) if as_json else (lambda line: print(line, flush=True))
    try:
        client = connect(settings.bigquery_project, settings.bigquery_rest_endpoint)
        require_answer(client, settings.bigquery_rest_endpoint)
        changes = apply(client, settings.bigquery_project, settings.bigquery_dataset, say)
    except (MigrationError, NotAnswering) as error:
        raise UserError(str(error)) from None
    except (GoogleAPICallError, RetryError, GoogleAuthError, OSError) as error:
        raise UserError(f"BigQuery did not take the migration: {said_by(error)}") from None
    if as_json:
        print(json.dumps(changes))
    elif not changes:
        print("nothing to do: tables and views are as declared")
