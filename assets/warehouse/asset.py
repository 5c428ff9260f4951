"""Dagster's view of the warehouse: what an asset needs of the resource, and a table's columns as the DDL has them."""

from typing import TYPE_CHECKING, Protocol

import dagster as dg

from assets.warehouse.ddl import statements

if TYPE_CHECKING:
    from google.cloud.bigquery import Client


class Warehouse(Protocol):
    """The resource `warehouse`: where the tables are."""

    dataset: str

    def client(self) -> "Client":
        """A BigQuery client of the project."""


def column_schema(table: str) -> dg.TableSchema:
    """Return the columns of a table of `ddl.TABLES` with types, descriptions and which may be null."""
    columns = next(statement.columns for statement in statements("", "") if statement.name == table)
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=column.name,
                type=column.type,
                description=column.description or None,
                constraints=dg.TableColumnConstraints(nullable=not column.required),
            )
            for column in columns
        ]
    )
