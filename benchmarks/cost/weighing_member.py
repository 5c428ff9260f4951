"""`python -m benchmarks.cost.weighing_member`: the product's consumer, which also weighs every append it makes.

All else is the product's own entry point. `BENCH_WEIGHED` names the file that holds `[requests, rows, bytes]` at the
end. Bytes are those of the Arrow record batch; the envelope around it adds some tens.
"""

import json
import os
import threading
from pathlib import Path

import pyarrow as pa

from streaming.adapters import bigquery
from streaming.stages.plan import SCHEMA


class WeighingWarehouse(bigquery.BigQueryWarehouse):
    """BigQuery, and a count of what was sent to it. Safe from any thread."""

    lock = threading.Lock()
    weighed = (0, 0, 0)
    """Requests, rows, bytes; of all instances."""

    def append(self, stream: str, offset: int, rows: bytes, timeout_s: float) -> None:
        """Append, then count what was taken."""
        super().append(stream, offset, rows, timeout_s)
        height = pa.ipc.read_record_batch(pa.py_buffer(rows), SCHEMA).num_rows
        with self.lock:
            requests, count, size = WeighingWarehouse.weighed
            WeighingWarehouse.weighed = (requests + 1, count + height, size + len(rows))


def main() -> None:
    """Run one member until SIGTERM, then write what it appended."""
    bigquery.BigQueryWarehouse = WeighingWarehouse  # type: ignore[misc]  # the point of this module
    from streaming.__main__ import main as member
    from streaming.service import leave

    code = member()
    Path(os.environ["BENCH_WEIGHED"]).write_text(json.dumps(WeighingWarehouse.weighed))
    leave(code)


if __name__ == "__main__":
    main()
