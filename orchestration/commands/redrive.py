"""`tidemark redrive`: quarantined records that today's rules accept become payments."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, nullcontext
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from assets.warehouse.refusals import first_line
from orchestration.errors import UserError
from orchestration.target import StateOption, resolve
from streaming.settings import Settings, SettingsError

if TYPE_CHECKING:
    import polars as pl

    from assets.payments.redrive import DayRedriven
    from streaming.reference.tables import Reference

BACK_DAYS: Final = 32
"""Where a re-drive begins unless it is told: a payment may be 30 days late, and the quarantine of a record without a
usable time lies on the broker's date."""
SAY_EVERY_S: Final = 2.0


def register(app: typer.Typer) -> None:
    """Add this module's commands to the command line."""
    app.command("redrive")(redrive)


def redrive(
    *,
    reason: Annotated[str, typer.Option(help="Quarantine reason, such as BAD_CURRENCY.")],
    first: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="First business date. Default: 32 days before --to."),
    ] = None,
    last: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last business date. Default: tomorrow.")
    ] = None,
    publish: Annotated[bool, typer.Option("--publish", help="Write. Without this nothing is changed.")] = False,
    again: Annotated[
        str, typer.Option("--redrive-id", help="Repeat this re-drive, after a crash; the command prints its id.")
    ] = "",
    max_rows: Annotated[
        int, typer.Option("--max-rows", min=1, help="Rows of one day that may change; they are held, at 2 kB each.")
    ] = 500_000,
    max_gib: Annotated[
        int,
        typer.Option(
            "--max-gib",
            min=0,
            help="GiB that one query may bill. 0: 64, enough for 500 events/s, or more where days are larger.",
        ),
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object.")] = False,
    state: StateOption = None,
) -> None:
    """Put quarantined records through today's rules, merchants and rates. Those that pass supersede their old rows.

    What cannot pass: records whose payload is not kept, and those in which a card number was masked in a field.
    Exit codes: 0 done or shown, 1 a published one stopped on the way (repeat it with --redrive-id), 2 not possible
    like this, 130 Ctrl-C (a day is written as a whole or not at all).
    """
    known_reason(reason)
    since, until = span(first, last, datetime.now(UTC).date())
    asked = Asked(reason, id_of(reason, again, publish), since, until, publish, max_rows, max_gib)
    settings = resolve(state)
    if publish:
        typer.echo(f"re-drive {asked.name}", err=True)  # before anything is written: whoever ends it can repeat it
    done: list[DayRedriven] = []
    try:
        done.extend(_redriven(settings, asked, _quiet if as_json else _progress()))  # days before an error are kept
    except Exception as error:
        typer.echo(f"tidemark: {ended(error, asked, done)}", err=True)
        if as_json:  # a program must learn what was written
            typer.echo(json.dumps(as_dict(asked, done), indent=2))
        raise typer.Exit(1) from None
    typer.echo(json.dumps(as_dict(asked, done), indent=2) if as_json else "\n".join(lines(asked, done)))


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person wants re-driven."""

    reason: str
    name: str
    first: date
    last: date
    publish: bool
    max_rows: int = 500_000
    max_gib: int = 0


def known_reason(reason: str) -> None:
    """Raise UserError unless records of this reason may be re-driven."""
    from assets.payments.reconsider import REASONS, never

    if reason not in REASONS:
        raise UserError(f"there is no reason {reason!r}; the reasons are {', '.join(REASONS)}")
    if why := never(reason):
        raise UserError(f"records quarantined as {reason} cannot be re-driven: {why}")


def id_of(reason: str, again: str, publish: bool) -> str:
    """The re-drive's name: the one given, or a new one. Raises UserError for one that is of another reason."""
    from uuid import uuid4

    from assets.payments.redrive import is_id_of, redrive_id

    if again and not publish:
        raise UserError("--redrive-id repeats a re-drive that was published: add --publish")
    if again and not is_id_of(again, reason):
        raise UserError(f"--redrive-id of {reason} begins with {redrive_id(reason, '')}")
    return again or redrive_id(reason, uuid4().hex)


def span(first: datetime | None, last: datetime | None, today: date) -> tuple[date, date]:
    """First and last business date. Raises UserError if they are given the wrong way round."""
    newest = last.date() if last else today
    since = first.date() if first else min(newest, today) - timedelta(days=BACK_DAYS)
    until = last.date() if last else max(since, today + timedelta(days=1))
    if since > until:
        raise UserError(f"--from {since} is after --to {until}")
    return since, until


def _redriven(settings: Settings, asked: Asked, say: Callable[[str], None]) -> Iterator["DayRedriven"]:
    from assets.payments.pages import MAX_GIB
    from assets.payments.pending_bigquery import BigQueryBatchWarehouse
    from assets.payments.redrive import days_with, quarantined
    from assets.payments.redrive import redrive as run
    from assets.warehouse.client import connect, require_answer
    from assets.warehouse.size import size_of
    from streaming.walk import Policy

    policy = Policy.of(settings)
    client = connect(settings.bigquery_project, settings.bigquery_rest_endpoint)
    require_answer(client, settings.bigquery_rest_endpoint)
    dataset = f"{settings.bigquery_project}.{settings.bigquery_dataset}"
    reference = _reference(settings)
    today = datetime.now(UTC).date()
    max_gib = asked.max_gib or MAX_GIB * size_of(client, settings.bigquery_dataset, today)
    days = days_with(client, dataset, asked.reason, asked.first, asked.last, max_gib=max_gib)

    def read(day: date) -> "Iterable[pl.DataFrame]":
        looked = 0
        for frame in quarantined(client, dataset, asked.reason, day, max_gib):
            looked += frame.height
            say(f"{day}: {looked:,} records looked at")
            yield frame

    at = datetime.now(UTC)
    with closing(BigQueryBatchWarehouse(client, settings)) if asked.publish else nullcontext() as batch:
        yield from run(read, batch, reference, policy, days, replay_id=asked.name, at=at, max_rows=asked.max_rows)


def _reference(settings: Settings) -> "Reference":
    from assets.payments.correct import todays_reference
    from streaming.adapters.bigquery import BigQueryWarehouse
    from streaming.stages.plan import arrow_schema

    try:
        with closing(BigQueryWarehouse(settings, arrow_schema())) as live:
            return todays_reference(live)
    except KeyError as error:
        raise UserError(f"no version of {error.args[0]} is published: load the reference tables first") from None


def ended(error: Exception, asked: Asked, done: "list[DayRedriven]") -> str:
    """One line for a published re-drive that stopped on the way. Raises UserError if nothing was or may be written:
    for a look, and for what a person can mend before it is tried at all."""
    if not (asked.publish and done):
        _refuse_mistakes(error)
    if not asked.publish:
        raise UserError(f"the look at the quarantine failed: {first_line(error)}") from None
    return stopped(asked, done, first_line(error))


def _refuse_mistakes(error: Exception) -> None:
    """Raise UserError for what a person can mend before it is tried again."""
    from assets.payments.pages import TooManyBytes, TooManyRows
    from assets.warehouse.client import NotAnswering
    from streaming.reference.tables import ReferenceError as BadReference

    if isinstance(error, TooManyRows | TooManyBytes | SettingsError | NotAnswering | BadReference | UserError):
        raise UserError(str(error)) from None


def stopped(asked: Asked, done: "list[DayRedriven]", why: str) -> str:
    """One line for a re-drive that ended on the way."""
    written = ", ".join(str(day.day) for day in done) or "no day"
    return f"stopped after {written}: {why}; repeat it with --publish --redrive-id {asked.name}"


def lines(asked: Asked, done: "list[DayRedriven]") -> list[str]:
    """What a person reads."""
    if not done:
        return [f"nothing was quarantined as {asked.reason} from {asked.first} to {asked.last}"]
    told = []
    for day in done:
        moved = f", on {', '.join(map(str, day.dates))}" if set(day.dates) - {day.day} else ""
        wrote = f"; {day.appended:,} rows appended" if asked.publish else ""
        told.append(f"{day.day}: {day.accepted:,} of {day.quarantined:,} accepted today{moved}{wrote}")
    for why, count in sum((day.refused for day in done), Counter[str]()).most_common():
        examples = [place for day in done for place in day.examples.get(why, [])][:3]
        told.append(f"still refused, {why}: {count:,}, such as {'; '.join(examples)}")
    if not asked.publish and any(day.accepted for day in done):
        told.append("nothing is changed; add --publish to do it")
    return told


def as_dict(asked: Asked, done: "list[DayRedriven]") -> dict[str, Any]:
    """The same for programs."""
    days = [
        {
            "business_date": day.day.isoformat(),
            "quarantined": day.quarantined,
            "accepted": day.accepted,
            "accepted_on": [each.isoformat() for each in day.dates],
            "refused": dict(day.refused),
            "examples": day.examples,
            "appended": day.appended,
        }
        for day in done
    ]
    name = asked.name if asked.publish else None
    return {"redrive_id": name, "reason": asked.reason, "published": asked.publish, "days": days}


def _quiet(_: str) -> None: ...


def _progress() -> Callable[[str], None]:
    """Says something on stderr every two seconds, nothing in a run that is shorter."""
    said = time.monotonic()

    def say(line: str) -> None:
        nonlocal said
        if time.monotonic() - said >= SAY_EVERY_S:
            said = time.monotonic()
            typer.echo(line, err=True)

    return say
