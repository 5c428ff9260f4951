"""`python -m benchmarks.counting_member`: the product's consumer, with a warehouse that counts instead of BigQuery.

All else is the product's own entry point: settings, wiring, threads. `BENCH_WAREHOUSE` names the warehouse's folder.
"""

import os
from pathlib import Path
from typing import Any

from benchmarks.counted import CountingWarehouse


def main() -> None:
    """Run one member until SIGTERM."""
    folder = Path(os.environ["BENCH_WAREHOUSE"])

    def counting(*_: Any, **__: Any) -> CountingWarehouse:
        return CountingWarehouse(folder)

    from streaming.adapters import bigquery

    bigquery.BigQueryWarehouse = counting  # type: ignore[assignment,misc]  # the point of this module
    from streaming.__main__ import main as member
    from streaming.service import leave

    leave(member())


if __name__ == "__main__":
    main()
