"""The BigQuery emulator as we run it: mended, quiet, offline. `python -m sandbox.platform.emulator --help`."""

import argparse
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sandbox.platform import mends
from sandbox.platform.processes import LOOPBACK


def spatial_extension() -> Path:
    """DuckDB's `spatial` as its pinned package ships it: the emulator refuses to start without.

    Loaded by path from there, so nothing is downloaded or copied; the lock's hash has vouched for it.
    """
    spec = find_spec("duckdb_extension_spatial")
    roots = list(spec.submodule_search_locations or ()) if spec else []
    found = [path for root in roots for path in Path(root).glob("extensions/*/spatial.duckdb_extension")]
    if len(found) != 1:
        raise FileNotFoundError("duckdb-extension-spatial is not installed: run `make demo` or `make test` again")
    return found[0]


def load_spatial_from_package() -> None:
    """Replace INSTALL, which wants the network, by LOAD with a path."""
    from bqemulator.storage.engine import DuckDBEngine

    path = spatial_extension()

    def _load_spatial(engine: DuckDBEngine) -> None:
        engine.execute(f"LOAD '{path}'")

    engines: Any = DuckDBEngine
    engines._load_spatial = _load_spatial


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.platform.emulator", description=__doc__)
    parser.add_argument("--rest-port", type=int, required=True)
    parser.add_argument("--grpc-port", type=int, required=True)
    parser.add_argument("--project", required=True, help="project used where a request names none")
    parser.add_argument("--data-dir", type=Path, help="keep tables in this folder; without it, in memory")
    parser.add_argument("--stock", action="store_true", help="without the mends, to show that they matter")
    options = parser.parse_args(arguments)

    from bqemulator.config import LogFormat, LogLevel, PersistenceMode, Settings
    from bqemulator.observability.logging_ import configure_logging

    configure_logging(level=LogLevel.WARNING, fmt=LogFormat.JSON)  # before the server's import, which logs
    from bqemulator.server import run_forever

    load_spatial_from_package()
    if not options.stock:
        mends.apply()
    run_forever(
        Settings(
            rest_host=LOOPBACK,
            grpc_host=LOOPBACK,
            rest_port=options.rest_port,
            grpc_port=options.grpc_port,
            persistence_mode=PersistenceMode.PERSISTENT if options.data_dir else PersistenceMode.EPHEMERAL,
            data_dir=options.data_dir,
            default_project_id=options.project,
            enable_format_extensions=False,  # Avro files: would look for an extension on the network
            query_cache_ttl_seconds=0,  # a query that ends after an append must not leave its older answer behind
            log_level=LogLevel.WARNING,
        )
    )


if __name__ == "__main__":
    main()
