"""`tidemark query`: SQL on the warehouse, for people without `bq`."""

import json
import re
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import Annotated, Any

import typer

from assets.warehouse.refusals import first_line
from orchestration.errors import UserError
from orchestration.target import StateOption, resolve
from streaming.pan import mask
from streaming.settings import Settings

DEFAULT_LIMIT = 100
_TIMEOUT_S = 120.0
_QUOTED = re.compile(
    r"""'''.*?'''|\"{3}.*?\"{3}|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`[^`]*`|--[^\n]*|\#[^\n]*|/\*.*?\*/""", re.DOTALL
)
"""Strings, quoted names and comments of GoogleSQL: where a semicolon ends no statement."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""What a terminal obeys instead of showing it: a payment's description must not move the cursor."""


def register(app: typer.Typer) -> None:
    """Add this module's commands to the command line."""
    app.command("query")(query)


def query(
    sql: Annotated[str, typer.Argument(help="Standard SQL; table names without a dataset are the dataset's.")],
    state: StateOption = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Rows shown at most.")] = DEFAULT_LIMIT,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object: columns, rows, more.")] = False,
) -> None:
    """Run a query and print its rows. Money is printed as stored, digit for digit."""
    columns, rows, total = fetch(resolve(state), sql, limit)
    if as_json:
        shown = [dict(zip(columns, map(plain, row), strict=True)) for row in rows]
        print(json.dumps({"columns": columns, "rows": shown, "more": total > len(rows)}, indent=2))
        return
    _print_table(columns, rows)
    if total > len(rows):
        print(f"first {len(rows):,} of {total:,} rows; --limit shows more")


def fetch(settings: Settings, sql: str, limit: int) -> tuple[list[str], list[tuple[Any, ...]], int]:
    """Return column names, at most `limit` rows and how many there are. Raises UserError with one line."""
    from google.api_core.exceptions import GoogleAPICallError, RetryError
    from google.auth.exceptions import GoogleAuthError
    from google.cloud.bigquery import QueryJobConfig

    from assets.warehouse.client import NotAnswering, connect, patience, require_answer

    refuse_changes(sql)
    try:
        client = connect(settings.bigquery_project, settings.bigquery_rest_endpoint)
        require_answer(client, settings.bigquery_rest_endpoint)
        config = QueryJobConfig(default_dataset=f"{settings.bigquery_project}.{settings.bigquery_dataset}")
        job = client.query(sql, job_config=config, retry=patience(), job_retry=None, timeout=_TIMEOUT_S)
        result = job.result(page_size=min(limit, 10_000), retry=patience(), job_retry=None, timeout=_TIMEOUT_S)
        columns = [field.name for field in result.schema]
        rows = [tuple(row.values()) for row in islice(result, limit)]
        return columns, rows, int(result.total_rows or len(rows))
    except NotAnswering as error:
        raise UserError(str(error)) from None
    except (GoogleAPICallError, RetryError, GoogleAuthError, OSError) as error:
        # the words are about this person's own statement and rows: only a card number is nobody's to see
        raise UserError(f"the query failed: {mask(first_line(error))}") from None


def refuse_changes(sql: str) -> None:
    """Raise UserError unless the text is one statement that only reads."""
    bare = _QUOTED.sub(" ", sql).strip().rstrip(";").lstrip("( \t\r\n")
    if ";" in bare or not re.match(r"(SELECT|WITH)\b", bare, re.IGNORECASE):
        raise UserError("`tidemark query` only reads: give one SELECT or WITH statement")


def plain(value: Any) -> Any:
    """Return a value as JSON holds it without losing a digit: NUMERIC and times become text."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def text(value: Any) -> str:
    """Return a value for a table cell; amounts without the zeros that only the column's scale adds. What a terminal
    would obey is spelled out."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        whole, _, decimals = f"{value:f}".partition(".")
        kept = decimals.rstrip("0")
        return f"{whole}.{kept.ljust(2, '0')}" if kept else whole
    if isinstance(value, datetime):
        return value.isoformat(sep=" ").replace("+00:00", "Z")
    shown = plain(value)
    shown = shown if isinstance(shown, str) else json.dumps(shown, ensure_ascii=False)
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", shown)


def _print_table(columns: list[str], rows: list[tuple[Any, ...]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for place, name in enumerate(columns):
        numbers = any(isinstance(row[place], int | float | Decimal) for row in rows)
        table.add_column(name, justify="right" if numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(text(value)) for value in row))
    Console().print(table)
    if not rows:
        print("no rows")
