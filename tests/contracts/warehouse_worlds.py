"""The worlds in which the Warehouse contract is tried: one dataset that a test may fill by other means."""

import uuid
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol

import polars as pl
from contract_rows import batch

from assets.warehouse.migrate import migrate
from sandbox.platform.instance import PlatformFacts
from streaming.adapters.bigquery import BigQueryWarehouse
from streaming.adapters.bigquery_clients import rest_client
from streaming.adapters.memory_warehouse import MemoryWarehouse
from streaming.landing import FX_RATES, MERCHANTS, REFERENCE_VERSIONS
from streaming.ports import Warehouse
from streaming.settings import Settings
from streaming.stages.plan import arrow_schema


class WarehouseWorld(Protocol):
    warehouse: Warehouse

    def another(self) -> Warehouse: ...
    def put(self, rows: Iterable[dict[str, Any]]) -> None: ...
    def replace_table(self) -> None: ...
    def expire_streams(self, *names: str) -> None: ...
    def add_merchants(self, frame: pl.DataFrame) -> None: ...
    def add_fx_rates(self, frame: pl.DataFrame) -> None: ...
    def publish(self, name: str, version: str, at: datetime) -> None: ...
    def offsets(self) -> list[int]: ...


class MemoryWarehouseWorld:
    def __init__(self, kind: type[MemoryWarehouse] = MemoryWarehouse) -> None:
        self.memory = kind(arrow_schema())
        self.warehouse: Warehouse = self.memory

    def another(self) -> Warehouse:
        return self.memory

    def put(self, rows: Iterable[dict[str, Any]]) -> None:
        self.memory.put(batch(rows))

    def replace_table(self) -> None:
        self.memory.replace_table()

    def expire_streams(self, *names: str) -> None:
        for name in names:
            self.memory.expire(name)

    def add_merchants(self, frame: pl.DataFrame) -> None:
        self.memory.reference.merchants = pl.concat([self.memory.reference.merchants, frame])

    def add_fx_rates(self, frame: pl.DataFrame) -> None:
        self.memory.reference.fx_rates = pl.concat([self.memory.reference.fx_rates, frame])

    def publish(self, name: str, version: str, at: datetime) -> None:
        self.memory.reference.publish(name, version, at)

    def offsets(self) -> list[int]:
        return sorted(self.memory.rows()["kafka_offset"].to_list())


class BigQueryWorld:
    """A dataset of its own in what the settings name."""

    def __init__(self, settings: Settings) -> None:
        self.settings = replace(settings, bigquery_dataset=f"contract_{uuid.uuid4().hex[:12]}")
        self.client = rest_client(self.settings)
        self.dataset = f"{self.settings.bigquery_project}.{self.settings.bigquery_dataset}"
        self._migrate()
        self._made: list[Warehouse] = []
        self.warehouse = self.another()

    def _migrate(self) -> None:
        migrate(self.client, self.settings.bigquery_project, self.settings.bigquery_dataset, lambda line: None)

    def another(self) -> Warehouse:
        made = BigQueryWarehouse(self.settings, arrow_schema())
        self._made.append(made)
        return made

    def close(self) -> None:
        for warehouse in self._made:
            warehouse.close()
        self.client.close()

    def put(self, rows: Iterable[dict[str, Any]]) -> None:
        stream = self.warehouse.open_stream(10)
        self.warehouse.append(stream, 0, batch(rows).serialize().to_pybytes(), 10)

    def run(self, sql: str) -> list[Any]:
        return list(self.client.query(sql).result(timeout=20))

    def replace_table(self) -> None:
        self.run(f"DROP TABLE `{self.dataset}.payments_landing`")
        self._migrate()

    def expire_streams(self, *names: str) -> None:
        raise NotImplementedError("BigQuery's streams expire after days, the emulator's when it restarts")

    def add_merchants(self, frame: pl.DataFrame) -> None:
        self._insert("merchants", frame.cast(dict(MERCHANTS)))

    def add_fx_rates(self, frame: pl.DataFrame) -> None:
        self._insert("fx_rates", frame.cast(dict(FX_RATES)))

    def publish(self, name: str, version: str, at: datetime) -> None:
        row = {"name": [name], "version": [version], "published_at": [at]}
        self._insert("reference_versions", pl.DataFrame(row, schema=REFERENCE_VERSIONS))

    def _insert(self, table: str, frame: pl.DataFrame) -> None:
        rows = ", ".join(f"({', '.join(_literal(value) for value in row)})" for row in frame.rows())
        self.run(f"INSERT INTO `{self.dataset}.{table}` ({', '.join(frame.columns)}) VALUES {rows}")

    def offsets(self) -> list[int]:
        sql = f"SELECT kafka_offset FROM `{self.dataset}.payments_landing` WHERE business_date > '1970-01-01'"
        return sorted(row[0] for row in self.run(sql))


class EmulatorWorld(BigQueryWorld):
    """On the emulator of the session."""

    def __init__(self, platform: PlatformFacts) -> None:
        super().__init__(
            Settings(
                bigquery_project=platform.project,
                bigquery_rest_endpoint=platform.rest_endpoint,
                bigquery_grpc_endpoint=platform.grpc_endpoint,
            )
        )


class ProjectWorld(BigQueryWorld):
    """In a project of the real service; the dataset is deleted afterwards."""

    def close(self) -> None:
        try:
            self.client.delete_dataset(self.dataset, delete_contents=True, not_found_ok=True)
        finally:
            super().close()


def _literal(value: Any) -> str:
    match value:
        case None:
            return "NULL"
        case datetime():
            return f"TIMESTAMP '{value:%Y-%m-%d %H:%M:%S.%f}+00:00'"
        case int():
            return str(value)
        case str():
            return f"'{value}'"
        case _:
            return f"DATE '{value}'" if hasattr(value, "year") else f"NUMERIC '{value}'"
