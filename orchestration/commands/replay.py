"""`tidemark replay`: make business dates anew, compare them with what landed, and publish explained differences."""

import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from orchestration.errors import UserError
from orchestration.target import StateOption, resolve
from streaming.settings import Settings, SettingsError

if TYPE_CHECKING:
    from assets.payments.replay.options import Options
    from assets.payments.replay.run import DayReplayed, Tools

MOST_DAYS: Final = 400
"""More in one go is a typing mistake."""


class Source(StrEnum):
    """Where records are read from."""

    kafka = "kafka"
    landing = "landing"


def register(app: typer.Typer) -> None:
    """Add this module's commands to the command line."""
    app.command()(replay)


def replay(
    *,
    first: Annotated[str, typer.Option("--from", help="First business date, 2026-11-20.")],
    last: Annotated[str, typer.Option("--to", help="Last business date, included.")],
    source: Annotated[
        Source, typer.Option(help="kafka decodes again, within retention; landing enriches stored rows again.")
    ] = Source.kafka,
    merchants_version: Annotated[str | None, typer.Option(help="Version of the merchants. Default: newest.")] = None,
    fx_as_known_at: Annotated[
        str | None, typer.Option(help="Rates recorded by this time, 2026-11-24T18:00:00Z. Default: all.")
    ] = None,
    publish: Annotated[bool, typer.Option("--publish", help="Append rows that differ as newer revisions.")] = False,
    rate: Annotated[float, typer.Option(min=1, help="Records read a second at most: the stream goes first.")] = 5_000,
    replay_id: Annotated[str | None, typer.Option(help="Repeat this replay, for one that was cut off.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object a program can read.")] = False,
    state: StateOption = None,
) -> None:
    """Make business dates anew beside the table, compare them with what landed, write a manifest for each day.

    Nothing that people read is changed, unless --publish is given; the shadow tables go after a week.
    Exit codes: 0 every difference is explained (and published, if asked), 1 some are not, or nothing was published
    although asked, 2 it can not be held like this, 130 interrupted: repeat it with its --replay-id.
    """
    from assets.payments.replay.report import as_json as shown

    days = days_between(first, last, datetime.now(UTC).date())
    options = _options(source, merchants_version, fx_as_known_at, publish=publish, rate=rate, replay_id=replay_id)
    settings = resolve(state)
    manifests: dict[date, Path] = {}

    def kept(done: "DayReplayed") -> None:
        manifests[done.day] = write_manifest(Path(settings.state_dir), done)
        if not as_json:
            _print(done, manifests[done.day])

    say: Callable[[str], None] = (lambda _: None) if as_json else (lambda line: typer.echo(line, err=True))
    say(f"replay {options.replay_id} from {source}")
    done = _held(settings, days, options, say, kept)
    if as_json:
        print(json.dumps({"days": [shown(one, str(manifests[one.day])) for one in done]}, indent=2))
    raise typer.Exit(0 if all(one.passed for one in done) else 1)


def days_between(first: str, last: str, today: date) -> list[date]:
    """The business dates, in order. Raises UserError for what is no date, no order, or in the future."""
    start, end = (_date(option, text) for option, text in (("--from", first), ("--to", last)))
    if end < start:
        raise UserError(f"--to {end} is before --from {start}")
    if end > today + timedelta(days=1):
        raise UserError(f"--to {end} is in the future: nothing of it has landed")
    if (end - start).days >= MOST_DAYS:
        raise UserError(f"{(end - start).days + 1} days: at most {MOST_DAYS} in one replay")
    return [start + timedelta(days=n) for n in range((end - start).days + 1)]


def _date(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UserError(f"{option} must be a date like 2026-11-20, not {text!r}") from None


def _options(
    source: Source,
    merchants_version: str | None,
    fx_as_known_at: str | None,
    *,
    publish: bool,
    rate: float,
    replay_id: str | None,
) -> "Options":
    from assets.payments.replay.options import Options, ReplayRefused, new_replay_id

    try:
        known_at = None if fx_as_known_at is None else datetime.fromisoformat(fx_as_known_at)
    except ValueError:
        raise UserError(f"--fx-as-known-at must be a time like 2026-11-24T18:00:00Z, not {fx_as_known_at!r}") from None
    made = replay_id or new_replay_id(datetime.now(UTC), secrets.token_hex(3))
    try:
        return Options(made, source.value, merchants_version, known_at, publish, rate)
    except ReplayRefused as refused:
        raise UserError(str(refused)) from None


def _held(
    settings: Settings,
    days: list[date],
    options: "Options",
    say: Callable[[str], None],
    on_day: "Callable[[DayReplayed], None]",
) -> "list[DayReplayed]":
    from assets.payments.replay.options import ReplayRefused
    from assets.payments.replay.run import run_replay
    from streaming.ports import BrokerError, WarehouseError
    from streaming.reference.tables import ReferenceError

    try:
        with _tools(settings) as tools:
            return run_replay(settings, days, options, say, tools, on_day=on_day)
    except (ReplayRefused, SettingsError, ReferenceError) as refused:
        raise UserError(str(refused)) from None
    except (WarehouseError, BrokerError) as silent:
        raise UserError(f"{silent}; to go on: --replay-id {options.replay_id}") from None


@contextmanager
def _tools(settings: Settings) -> "Iterator[Tools]":
    from assets.payments.replay.tools import opened
    from assets.warehouse.client import NotAnswering, connect, require_answer

    try:
        client = connect(settings.bigquery_project, settings.bigquery_rest_endpoint)
        require_answer(client, settings.bigquery_rest_endpoint)
    except NotAnswering as silent:
        raise UserError(str(silent)) from None
    with opened(settings, client, time.sleep) as tools:
        yield tools


def write_manifest(state: Path, done: "DayReplayed") -> Path:
    """Write `<state>/replays/<replay_id>/<day>.json` and return its path."""
    path = state / "replays" / done.manifest.options.replay_id / f"{done.day}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(done.manifest.as_json(done.difference), indent=2) + "\n")
    return path


def _print(done: "DayReplayed", manifest: Path) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from assets.payments.replay.report import changes

    table = Table("day", "rows", "identical", "explained", "unexplained", box=box.SIMPLE_HEAD, pad_edge=False)
    found = done.difference
    figures = (done.manifest.made.rows, found.identical, found.explained, found.unexplained)
    table.add_row(str(done.day), *(f"{figure:,}" for figure in figures))
    Console().print(table)
    for example in found.examples:
        print(f"  {example.what} at partition {example.partition} offset {example.offset}: {changes(example)}")
    if done.published is not None:
        print(f"  published: {done.published:,} rows")
    if done.refused is not None:
        print(f"  not published: {done.refused}")
    print(f"  manifest: {manifest}")
