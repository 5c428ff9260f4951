"""What a query costs everybody else in bqemulator 1.4.0, mended. docs/decisions/0001-emulator-mends.md says why.

The modules are imported late: at their import the server logs, which must not happen before logging is set up.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

LOOKS_FOR_DDL: Final = (
    "assert_drop_schema_allowed",
    "sync_created_schema",
    "sync_created_table",
    "sync_created_view",
    "sync_dropped_object",
)
"""Functions of `bqemulator.jobs.executor` that parse a statement, on the event loop, to see whether it is DDL."""


def apply() -> None:
    """Mend the emulator in this process."""
    read_beside_the_event_loop()
    spare_reads_the_look_for_ddl()
    keep_no_job_history()


def read_beside_the_event_loop() -> None:
    """A query ran on the event loop, and every append waited for it: 0.1 s over 150,000 rows of the view.

    Reading statements go to a worker thread, which has a cursor of its own. Writing ones stay where they were: the
    loop is what keeps them one after another.
    """
    from bqemulator.jobs import executor

    executors: Any = executor
    run_single_sql = executors._run_single_sql

    async def _run_single_sql(project: str, sql: str, parameters: Any, context: Any, *, caller: Any) -> Any:
        if not _reads(sql):
            return await run_single_sql(project, sql, parameters, context, caller=caller)
        return await asyncio.to_thread(
            lambda: asyncio.run(run_single_sql(project, sql, parameters, context, caller=caller))
        )

    executors._run_single_sql = _run_single_sql


def spare_reads_the_look_for_ddl() -> None:
    """Every SELECT was parsed five times over to see whether it is DDL: a quarter of a core at two queries a second."""
    from bqemulator.jobs import executor

    def unless_reading(look: Callable[[str, str, Any], None]) -> Callable[[str, str, Any], None]:
        def looked(sql: str, project: str, context: Any) -> None:
            if not _reads(sql):
                look(sql, project, context)

        return looked

    executors: Any = executor
    for name in LOOKS_FOR_DDL:
        setattr(executors, name, unless_reading(getattr(executors, name)))


def keep_no_job_history() -> None:
    """Every query's job was written to the database file and synced, on the event loop. Memory is enough for jobs:
    nobody asks for one after a restart."""
    from bqemulator.catalog.duckdb_repository import DuckDBCatalogRepository

    repositories: Any = DuckDBCatalogRepository
    repositories._write_job = lambda repository, job: None


def _reads(sql: str) -> bool:
    return sql.lstrip().upper().startswith(("SELECT", "WITH"))
