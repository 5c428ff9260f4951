"""The SQL files of the warehouse: reading them and what they declare. Pure text, no client."""

import re
from dataclasses import dataclass
from importlib.resources import files
from string import Template

TABLES = ("payments_landing", "merchants", "fx_rates", "reference_versions")
VIEWS = ("payments", "payments_quarantine", "dedup_conflicts")

_OBJECT = re.compile(r"^CREATE (?:TABLE IF NOT EXISTS|OR REPLACE VIEW) `[^`]+\.([a-z_]+)`", re.MULTILINE)
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
    """One CREATE statement with its placeholders filled in. `columns` is empty for a view."""

    name: str
    sql: str
    columns: tuple[Column, ...]

    @property
    def is_view(self) -> bool:
        """A view is replaced on every run, a table only created when absent."""
        return not self.columns


def statements(project: str, dataset: str) -> list[Statement]:
    """Return every statement in the order of the file names. A file holds exactly one."""
    folder = files("assets.warehouse") / "sql"
    texts = sorted((entry.name, entry.read_text("utf-8")) for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return [_statement(text, project, dataset) for _, text in texts]


def _statement(text: str, project: str, dataset: str) -> Statement:
    sql = Template(text).substitute(project=project, dataset=dataset)
    found = _OBJECT.search(sql)
    if found is None:
        raise ValueError("a file of assets/warehouse/sql must hold one CREATE TABLE or CREATE VIEW")
    head, _, _ = sql.partition("\n)\n") if found[0].startswith("CREATE TABLE") else ("", "", "")
    return Statement(found[1], sql, tuple(_columns(head)))


def _columns(head: str) -> list[Column]:
    return [
        Column(m["name"], m["type"], m["required"] is not None, m["description"] or "") for m in _COLUMN.finditer(head)
    ]
