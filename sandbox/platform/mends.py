"""What bqemulator 1.4.0 needs mended before it starts. docs/decisions/0001-emulator-mends.md says why.

Each mend has a contract test that fails on the stock package (tests/platform/test_emulator_mends.py); when a
new version passes without one, remove it here.
"""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from importlib.metadata import version
from typing import Any
from uuid import uuid4

from bqemulator.domain.events import TableDataChanged
from bqemulator.grpc_api import write_servicer
from bqemulator.grpc_api.write_servicer import BigQueryWriteHandler
from bqemulator.storage.engine import DuckDBEngine
from bqemulator.storage.sql_identifiers import quoted_table_ref, register_name
from bqemulator.versioning.snapshots import SnapshotManager

from sandbox.platform import mends_of_queries

MENDED_VERSION = "1.4.0"
MAX_CONNECTIONS = 256
"""Open append streams and calls at a time; threads are made as they are needed."""


class WrongVersion(Exception):
    """Another version of the emulator is installed than the one these mends were written for."""


def apply() -> None:
    """Mend the emulator in this process. Raises WrongVersion for any version but the one known."""
    installed = version("bqemulator")
    if installed != MENDED_VERSION:
        raise WrongVersion(f"bqemulator {installed} is installed, the mends are for {MENDED_VERSION}: run `make demo`")
    give_each_thread_a_cursor()
    keep_no_table_copies()
    undo_failed_appends()
    refuse_unknown_columns()
    wait_in_many_threads()
    mends_of_queries.apply()


def give_each_thread_a_cursor() -> None:
    """One DuckDB connection shared by all threads hangs within seconds of appends beside queries.

    Every thread but the main one (the event loop) gets its own cursor, a connection to the same database.
    """
    engines: Any = DuckDBEngine
    shared = engines.connection.fget
    own = threading.local()

    def connection(engine: DuckDBEngine) -> Any:
        base = shared(engine)
        if threading.current_thread() is threading.main_thread():
            return base
        if getattr(own, "base", None) is not base:  # first use in this thread, or another engine in this process
            own.base, own.cursor = base, base.cursor()
            own.cursor.execute("SET TimeZone = 'UTC'")  # a session setting: cursors start with the machine's zone
        return own.cursor

    engines.connection = property(connection)


def keep_no_table_copies() -> None:
    """Every append copied the whole table for time travel. We never travel: only tell those who cache results."""

    def record_change(manager: SnapshotManager, project_id: str, dataset_id: str, table_id: str) -> None:
        manager._events.publish(TableDataChanged(project_id, dataset_id, table_id))

    managers: Any = SnapshotManager
    managers.record_change = record_change


def undo_failed_appends() -> None:
    """A failed insert left the stream's offset and row count advanced: the retry was told ALREADY_EXISTS.

    The insert is also made all there is that can fail. Stock code goes on to rewrite the table's metadata, which
    can fail after the rows are in, and overwrites a schema that DDL changed meanwhile. Finalize waits for the
    append in flight: a count read beside it would miss rows.
    """
    handlers: Any = BigQueryWriteHandler
    perform_append = handlers._perform_append
    finalize = handlers._handle_finalize_write_stream

    def _perform_append(handler: Any, stream: Any, rows: Any, offset: int | None, cap: int) -> bytes:
        with stream.lock:
            before = stream.next_offset, stream.row_count
            try:
                answer: bytes = perform_append(handler, stream, rows, offset, cap)
            except BaseException:
                stream.next_offset, stream.row_count = before
                raise
            return answer

    def _handle_finalize_write_stream(handler: Any, request: bytes, context: Any) -> bytes:
        from google.cloud.bigquery_storage_v1 import types

        stream = handler.manager.get(types.FinalizeWriteStreamRequest.deserialize(request).name)
        with stream.lock if stream else nullcontext():
            answer: bytes = finalize(handler, request, context)
        return answer

    handlers._perform_append = _perform_append
    handlers._handle_finalize_write_stream = _handle_finalize_write_stream
    handlers._flush_to_target = _insert


def refuse_unknown_columns() -> None:
    """A column that the table lacks was left out in silence, and its values with it; BigQuery refuses the request.

    Its wording is the one of the service's SCHEMA_MISMATCH_EXTRA_FIELDS.
    """
    servicer: Any = write_servicer
    align = servicer._align_to_target

    def _align_to_target(rows: Any, target: Any) -> Any:
        if unknown := [name for name in rows.column_names if name not in target.names]:
            raise ValueError(f"The source object has fields unknown to BigQuery: root.{unknown[0]}.")
        return align(rows, target)

    servicer._align_to_target = _align_to_target


def wait_in_many_threads() -> None:
    """An open AppendRows connection holds a worker thread, and asyncio's default pool has cores + 4 of them.

    With two cores the seventh open stream hangs for ever, and so do calls beside it.
    """
    from bqemulator.server import EmulatorServer  # at its import the server logs: not before logging is set up

    servers: Any = EmulatorServer
    start = servers.start

    async def _start(server: Any) -> None:
        pool = ThreadPoolExecutor(MAX_CONNECTIONS, thread_name_prefix="grpc")
        asyncio.get_running_loop().set_default_executor(pool)
        await start(server)

    servers.start = _start


def _insert(handler: Any, stream: Any, rows: Any) -> None:
    target = quoted_table_ref(stream.project_id, stream.dataset_id, stream.table_id)
    name = register_name(f"__bqemu_write_{uuid4().hex[:12]}")
    columns = ", ".join(f'"{column}"' for column in rows.column_names)
    with handler._write_lock:
        connection = handler._ctx.engine.connection
        connection.register(name, rows)
        try:
            # By name: a column added since this connection learned the schema stays null instead of failing.
            connection.execute(f"INSERT INTO {target} ({columns}) SELECT {columns} FROM {name}")
        finally:
            connection.unregister(name)
    handler._ctx.snapshots.record_change(stream.project_id, stream.dataset_id, stream.table_id)
