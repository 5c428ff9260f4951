"""`tidemark recover`: let a halted partition go on, knowing what that costs."""

import time
from typing import Annotated

import typer

from orchestration.errors import UserError
from orchestration.recovering import CALL_S, NothingToRecover, Plan, apply, plan
from orchestration.target import StateOption, resolve
from streaming.settings import Settings, SettingsError

POLL_S = 2.0


def register(app: typer.Typer) -> None:
    """Add this module's commands to the command line."""
    app.command()(recover)


def recover(
    partition: Annotated[int, typer.Option(help="The halted partition.")],
    source: Annotated[
        str, typer.Option("--from", help="Where to go on: commit, table, beginning, end, or an offset.")
    ] = "table",
    yes: Annotated[bool, typer.Option("--yes", help="Do it. Without this only the plan is shown.")] = False,
    wait_s: Annotated[float, typer.Option("--wait", help="Seconds to wait for the group to be empty.")] = 60.0,
    state: StateOption = None,
) -> None:
    """Set where a halted partition goes on, after finalizing the stream its last owner had.

    The group must be stopped: members that were killed leave it when their session ends (45 s by default).
    Exit codes: 0 done or shown, 2 not possible like this.
    """
    settings = resolve(state)
    from streaming.adapters.bigquery import BigQueryWarehouse
    from streaming.adapters.kafka import KafkaBroker
    from streaming.ports import BrokerError, WarehouseError
    from streaming.stages.plan import arrow_schema

    warehouse = BigQueryWarehouse(settings, arrow_schema())
    try:
        planned = plan(KafkaBroker(settings), warehouse, partition, source)
        for line in planned.lines():
            typer.echo(line)
        if not yes:
            typer.echo("nothing is changed; add --yes to do it")
            return
        apply(planned, warehouse, lambda number, commit: _set_when_idle(settings, planned, wait_s))
        typer.echo(f"done: start the consumer, partition {partition} goes on at offset {planned.offset}")
    except (NothingToRecover, BrokerError, WarehouseError, SettingsError) as error:
        raise UserError(str(error)) from None
    finally:
        warehouse.close()


def _set_when_idle(settings: Settings, planned: Plan, wait_s: float) -> None:
    """Commit, waiting for killed members' sessions to end."""
    from streaming.adapters.kafka_operator import GroupBusy, set_commit

    deadline = time.monotonic() + wait_s
    while True:
        try:
            return set_commit(settings, planned.partition, planned.commit, CALL_S)
        except GroupBusy as error:
            if time.monotonic() >= deadline:
                raise UserError(f"group {settings.kafka_group} still has members: stop every consumer first") from error
            typer.echo(f"waiting for the members of group {settings.kafka_group} to leave ...", err=True)
            time.sleep(min(POLL_S, max(0.0, deadline - time.monotonic())))
