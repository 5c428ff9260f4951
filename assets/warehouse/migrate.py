"""Bring a dataset to the declared state: create what is absent, add missing columns, replace views.

Safe to run again at any time, also while write streams are open: it only ever adds nullable columns, which open
streams don't see until they send a new schema. Nothing is dropped and no type is changed.
"""

from collections.abc import Callable
from datetime import date, timedelta
from typing import TYPE_CHECKING

from assets.warehouse.client import CALL_TIMEOUT_S
from assets.warehouse.ddl import FUNCTIONS, NOTHING_SETTLED, Column, Statement, statements

if TYPE_CHECKING:
    from google.cloud.bigquery import Client  # noqa: TID251  # a type only: whoever has a client has paid the import

_SERVICE_NAMES = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL"}
"""REST reports legacy names of types (docs.cloud.google.com/bigquery/docs/reference/rest/v2/tables)."""


class MigrationError(Exception):
    """A table cannot be brought to the declared state without a person. One line that names the column."""


def migrate(client: "Client", project: str, dataset: str, say: Callable[[str], None] = print) -> list[str]:
    """Apply every statement and return what changed, one line each (empty: all was there).

    Raises MigrationError if a column has another type or a required one is absent; google.api_core errors pass.
    """
    changes = _create_dataset(client, project, dataset)
    present = {table.table_id for table in client.list_tables(f"{project}.{dataset}", timeout=CALL_TIMEOUT_S)}
    present |= {each.routine_id for each in client.list_routines(f"{project}.{dataset}", timeout=CALL_TIMEOUT_S)}
    settled = (
        settled_before(client, f"{project}.{dataset}") if "payments_settled_builds" in present else NOTHING_SETTLED
    )
    for statement in statements(project, dataset, settled):
        if statement.is_view:
            _run(client, statement.sql)
            if statement.name not in present:
                changes.append(f"created {'function' if statement.name in FUNCTIONS else 'view'} {statement.name}")
        elif statement.name in present:
            changes += _add_columns(client, f"{project}.{dataset}.{statement.name}", statement)
        else:
            _run(client, statement.sql)
            changes.append(f"created table {statement.name}")
    for change in changes:
        say(change)
    return changes


def settled_before(client: "Client", dataset: str) -> date:
    """The first day that the view `payments` reads from landing: the one after the newest that was built.

    Days are built oldest first and a failure ends the run, so every day below it that had rows is built. The builds
    are the only record: whatever a crash leaves of the view, the next run writes it as they say, and a view that lags
    shows the same rows at a higher price. `dataset` is `project.dataset`.
    """
    sql = f"SELECT MAX(business_date) AS newest FROM `{dataset}.payments_settled_builds`"
    newest = next(iter(client.query(sql, timeout=CALL_TIMEOUT_S).result(timeout=CALL_TIMEOUT_S)))["newest"]
    return NOTHING_SETTLED if newest is None else newest + timedelta(days=1)


def replace_view(client: "Client", project: str, dataset: str, name: str, settled: date) -> None:
    """Write one view anew, with this date in it. Queries that run go on with the old one."""
    _run(client, next(s.sql for s in statements(project, dataset, settled) if s.name == name))


def _create_dataset(client: "Client", project: str, dataset: str) -> list[str]:
    from google.api_core.exceptions import NotFound

    name = f"{project}.{dataset}"
    try:
        client.get_dataset(name, timeout=CALL_TIMEOUT_S)
    except NotFound:
        client.create_dataset(name, exists_ok=True, timeout=CALL_TIMEOUT_S)
        return [f"created dataset {dataset}"]
    return []


def _add_columns(client: "Client", table: str, statement: Statement) -> list[str]:
    fields = client.get_table(table, timeout=CALL_TIMEOUT_S).schema
    added = missing_columns(statement, {field.name: field.field_type for field in fields})
    for column in added:
        options = f' OPTIONS (description = "{column.description}")' if column.description else ""
        _run(client, f"ALTER TABLE `{table}` ADD COLUMN IF NOT EXISTS {column.name} {column.type}{options}")
    if added:
        _tell_the_catalogue(client, table, added)
    return [f"added column {statement.name}.{column.name} {column.type}" for column in added]


def _tell_the_catalogue(client: "Client", table: str, added: list[Column]) -> None:
    """BigQuery knows a column once ALTER TABLE has returned; the emulator's REST schema must be told as well."""
    from google.cloud.bigquery import SchemaField  # noqa: TID251  # one schema entry

    known = client.get_table(table, timeout=CALL_TIMEOUT_S)
    names = {field.name for field in known.schema}
    untold = [SchemaField(c.name, c.base_type, description=c.description) for c in added if c.name not in names]
    if untold:
        known.schema = [*known.schema, *untold]
        client.update_table(known, ["schema"], timeout=CALL_TIMEOUT_S)


def missing_columns(statement: Statement, present: dict[str, str]) -> list[Column]:
    """Return declared columns that `present` (name -> type as the service reports it) lacks. Raises MigrationError."""
    missing = []
    for column in statement.columns:
        kind = present.get(column.name)
        if kind is None and column.required:
            raise MigrationError(
                f"{statement.name}.{column.name} is absent and declared NOT NULL: BigQuery adds only nullable columns"
            )
        if kind is None:
            missing.append(column)
        elif _SERVICE_NAMES.get(kind, kind) != column.base_type:
            raise MigrationError(
                f"{statement.name}.{column.name} is {kind}, declared {column.type}: a person must decide"
            )
    return missing


def _run(client: "Client", sql: str) -> None:
    client.query(sql, timeout=CALL_TIMEOUT_S).result(timeout=CALL_TIMEOUT_S)
