"""The emulator's own limit: real rows, serialised beforehand, appended flat out on six streams by our adapter."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from typing import Any, Final

from benchmarks.payments import PARTITIONS, polled, read_reference, read_sample
from benchmarks.pipeline import EPOCH, SOURCE, taken
from benchmarks.spread import Timer
from benchmarks.watching import process_cpu_s
from streaming.adapters.bigquery import BigQueryWarehouse
from streaming.settings import Settings
from streaming.stages.plan import arrow_schema

APPEND_S: Final = 120.0


@dataclass(frozen=True, slots=True)
class Request:
    """A serialised record batch and its height."""

    data: bytes
    rows: int


def measure(settings: Settings, folder: Path, rows: int, batches: list[int], emulator_pid: int) -> list[dict[str, Any]]:
    """Rows a second for each batch size; `rows` appended for each."""
    warehouse = BigQueryWarehouse(settings, arrow_schema())
    try:
        found = []
        for size in batches:
            before = process_cpu_s(emulator_pid)
            figures = _of_size(warehouse, folder, size, rows)
            spent = (process_cpu_s(emulator_pid) - before) / figures["rows"] * 1e6
            found.append({**figures, "emulator_cpu_s_per_million": round(spent, 2)})
        return found
    finally:
        warehouse.close()


def _of_size(warehouse: BigQueryWarehouse, folder: Path, size: int, rows: int) -> dict[str, Any]:
    requests = _requests(folder, size)
    streams = [warehouse.open_stream(APPEND_S) for _ in range(PARTITIONS)]
    with ThreadPoolExecutor(PARTITIONS) as pool:
        timer = Timer()
        each = [pool.submit(_fill, warehouse, stream, requests, rows // PARTITIONS) for stream in streams]
        took = timer.took(sum(done.result() for done in each))
    for stream in streams:
        warehouse.finalize(stream, APPEND_S)
        warehouse.close_stream(stream)
    return {
        "batch_rows": size,
        "request_bytes_per_row": round(sum(len(r.data) for r in requests) / sum(r.rows for r in requests)),
        "rows": took.records,
        "per_second": round(took.per_second),
        "client_cpu_s_per_million": round(took.cpu_s_per_million, 2),
    }


def _requests(folder: Path, size: int) -> list[Request]:
    """A few requests of `size` rows of one partition each."""
    from benchmarks.payments import MAC_KEY
    from streaming.runner.window import Window
    from streaming.stages.plan import serialise, split
    from streaming.walk import Policy, enrich

    window = Window()
    for records in polled(read_sample(folder, "default")[: size * PARTITIONS], size * PARTITIONS):
        window.add(records, set(records.partitions), 0.0)
    enriched = enrich(taken(window), SOURCE, read_reference(folder), Policy(mac_key=MAC_KEY.encode()))
    blocks = split(enriched.rows, enriched.payloads, size)
    return [Request(serialise(block, EPOCH, datetime.now(UTC)), len(block)) for block in blocks]


def _fill(warehouse: BigQueryWarehouse, stream: str, requests: list[Request], rows: int) -> int:
    done = 0
    for request in cycle(requests):
        if done >= rows:
            return done
        warehouse.append(stream, done, request.data, APPEND_S)
        done += request.rows
    return done
