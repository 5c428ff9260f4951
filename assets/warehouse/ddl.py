"""The SQL files of the warehouse: reading them and what they declare. Pure text, no client."""

import re
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from string import Template
from typing import Final

TABLES = (
    "payments_landing",
    "merchants",
    "fx_rates",
    "reference_versions",
    "payments_daily",
    "payments_daily_builds",
    "batch_writes",
    "payments_settled",
    "payments_settled_builds",
)
VIEWS = ("payments", "payments_quarantine", "dedup_conflicts")
FUNCTIONS = ("payments_as_known_at",)
NOTHING_SETTLED: Final = date(1, 1, 1)
"""BigQuery's first date: below it lies no day, so all days of the view are read from landing."""

_OBJECT = re.compile(
    r"^CREATE (?:TABLE IF NOT EXISTS|OR REPLACE (?:VIEW|TABLE FUNCTION)) `[^`]+\.([a-z_]+)`", re.MULTILINE
)
_COLUMN = re.compile(
    r"^  (?P<name>[a-z_]+) (?P<type>[A-Z0-9]+(?:\(\d+, \d+\))?)(?P<required> NOT NULL)?"
    r"(?: OPTIONS \(description = \"(?P<description>[^\"]*)\"\))?,?$",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Column:
    """A declared column; `type` is Standard SQL's, `NUMERIC(38, 9)` with its parameters spelled out."""

    name: str
    type: str
    required: bool
    description: str

    @property
    def base_type(self) -> str:
        """The type without parameters, as the service names it in a schema."""
        return self.type.partition("(")[0]


@dataclass(frozen=True, slots=True)
class Statement:
    """One CREATE statement with its placeholders filled in. `columns` is empty for a view or a table function."""

    name: str
    sql: str
    columns: tuple[Column, ...]

    @property
    def is_view(self) -> bool:
        """A view, and a function, is replaced on every run, a table only created when absent."""
        return not self.columns


def statements(project: str, dataset: str, settled_before: date = NOTHING_SETTLED) -> list[Statement]:
    """Return every statement in the order of the file names. A file holds exactly one.

    `settled_before`: the view `payments` reads days below it from `payments_settled`, the others from landing.
    """
    folder = files("assets.warehouse") / "sql"
    texts = sorted((entry.name, entry.read_text("utf-8")) for entry in folder.iterdir() if entry.name.endswith(".sql"))
    parts = {
        "project": project,
        "dataset": dataset,
        "settled_before": settled_before.isoformat(),
        "columns": ", ".join(landing_columns()),
        "landing_columns": _landing_lines(),
        "payments_of_open_days": payments_of_landing(project, dataset, f"business_date >= DATE '{settled_before}'"),
        "payments_as_known_at": payments_of_landing(project, dataset, "loaded_at <= known_at"),
    }
    return [_statement(text, parts) for _, text in texts]


def payments_of_landing(project: str, dataset: str, days: str) -> str:
    """Return the SELECT that makes payments of landing rows: one text, in the view and in each build of a settled day.

    `days` is a filter on `business_date` with constants, or on what was known.
    """
    text = _read("parts/payments_of_landing.sql")
    names = ", ".join(landing_columns())
    return Template(text).substitute(project=project, dataset=dataset, days=days, columns=names)


def landing_columns() -> tuple[str, ...]:
    """Names of the landing table's columns in their order; views name them, as a table may have them in another."""
    return tuple(column.name for column in _columns(_landing_lines()))


def _landing_lines() -> str:
    head, _, _ = _read("001_payments_landing.sql").partition("\n)\n")
    return head.partition("(\n")[2]


def _read(name: str) -> str:
    return (files("assets.warehouse") / "sql" / name).read_text("utf-8")


def _statement(text: str, parts: dict[str, str]) -> Statement:
    sql = Template(text).substitute(parts)
    found = _OBJECT.search(sql)
    if found is None:
        raise ValueError("a file of assets/warehouse/sql must hold one CREATE of a table, view or table function")
    head, _, _ = sql.partition("\n)\n") if found[0].startswith("CREATE TABLE") else ("", "", "")
    return Statement(found[1], sql, tuple(_columns(head)))


def _columns(head: str) -> list[Column]:
    return [
        Column(m["name"], m["type"], m["required"] is not None, m["description"] or "") for m in _COLUMN.finditer(head)
    ]
