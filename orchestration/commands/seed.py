"""`tidemark seed`: give a sandbox the reference data that a batch system would have published by now."""

from pathlib import Path
from typing import Annotated

import typer

from orchestration.errors import UserError
from orchestration.target import DEFAULT_STATE


def register(app: typer.Typer) -> None:
    """Add this module's commands to the command line."""
    app.command("seed")(seed_command)


def seed_command(
    seed: Annotated[int, typer.Option(help="World to publish; use the same for `tidemark produce`.")] = 7,
    state: Annotated[Path, typer.Option(help="Folder of the sandbox instance.")] = DEFAULT_STATE,
) -> None:
    """Publish the synthetic world's 80,000 merchants and a month of FX rates. Does nothing the second time a day.

    Sandbox only: never the environment's warehouse, since part of these rates is made up.
    """
    from datetime import UTC, datetime

    from google.api_core.exceptions import GoogleAPIError

    from assets.warehouse.client import NotAnswering, connect, require_answer
    from assets.warehouse.publish import PublicationRefused
    from assets.warehouse.refusals import said_by
    from sandbox.platform.instance import PlatformDown, load
    from sandbox.seed import seed as publish

    try:
        facts = load(state)
        client = connect(facts.project, facts.rest_endpoint)
        require_answer(client, facts.rest_endpoint)
        publish(client, facts.dataset, seed, datetime.now(UTC), typer.echo, clock=lambda: datetime.now(UTC))
    except (PlatformDown, PublicationRefused, NotAnswering) as error:
        raise UserError(str(error)) from None
    except GoogleAPIError as error:
        said = f"the reference tables cannot be written: {said_by(error)}"
        raise UserError(f"{said}; run `tidemark migrate` first") from None
