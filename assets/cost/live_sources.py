"""Where the live figures are read: the landing table by two small queries, the members by their heartbeat files."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.checks.ask import CheckNotAsked, ask
from assets.checks.thresholds import Thresholds
from assets.cost.live import Day, Member, day_of, size_statement, statement

if TYPE_CHECKING:
    from google.cloud.bigquery import Client  # noqa: TID251  # a type only: whoever has a client has paid the import


def read_day(client: "Client", dataset: str, day: date, thresholds: Thresholds) -> Day:
    """A closed day; `dataset` without the project, which is the client's. Raises CheckNotAsked."""
    where = f"{client.project}.{dataset}"
    (row,) = ask(client, statement(where, day), thresholds.hourly_bytes, thresholds.time_limit_s)
    try:
        (size,) = ask(client, size_statement(where, day), thresholds.hourly_bytes, thresholds.time_limit_s)
    except CheckNotAsked:  # an emulator keeps no such view: the committed bytes a row stand
        return day_of(day, row, None)
    return day_of(day, row, size)


def read_members(state_dir: Path) -> list[Member]:
    """What members that landed rows say of themselves; one whose file is torn or of a former release is left out."""
    found = []
    for path in sorted((state_dir / "heartbeats").glob("*.json")):
        try:
            found.append(_member(json.loads(path.read_text())))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return [member for member in found if member.rows]


def _member(beat: dict[str, Any]) -> Member:
    process = beat["process"]
    return Member(int(beat["rows_landed"]), Decimal(str(process["cpu_seconds"])), int(process["peak_rss_bytes"]))
