"""The Warehouse port in memory: COMMITTED streams, visibility, reference tables, scripted faults."""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC
from functools import partial

import polars as pl
import pyarrow as pa

from streaming.adapters.clock import ManualClock
from streaming.adapters.memory_faults import Effect, Fault, Script
from streaming.adapters.memory_rows import Reference, Rows, block, landing_schema
from streaming.adapters.memory_streams import Streams
from streaming.adapters.reference_rows import fx_rates_at, merchants_at
from streaming.landing import REQUIRED
from streaming.ports import (
    AccessDenied,
    Clock,
    CountQuery,
    QuotaExceeded,
    Refused,
    RowsRejected,
    StreamNotFound,
    Unavailable,
    WarehouseError,
)

_TABLE = "projects/memory/datasets/payments/tables/payments_landing"


class MemoryWarehouse:
    """Deterministic and thread-safe. `script` queues faults; each meets the first request it matches.

    `schema` is the serialised Arrow schema of the appends, by default the landing row in BigQuery's types.
    `visibility_lag_s`: queries see an append that much later, by `clock`. `states_expected`: whether an
    ALREADY_EXISTS names the next offset, which BigQuery does not promise.
    """

    def __init__(self, schema: bytes | None = None, *, clock: Clock | None = None) -> None:
        self.clock: Clock = clock or ManualClock()
        self.visibility_lag_s = 0.0
        self.states_expected = True
        self.down = False
        self.appends: list[tuple[str, int, int]] = []
        """Every append that was applied: stream, offset, rows."""
        self.reference = Reference()
        self._schema = landing_schema() if schema is None else pa.ipc.read_schema(pa.py_buffer(schema))
        self._rows = Rows(self._schema)
        self._streams = Streams(_TABLE)
        self._faults = Script()
        self._delayed: list[Callable[[], object]] = []
        self._lock = threading.RLock()
        self._tables_made = 1

    # --- what tests do ---

    def script(self, *faults: Fault) -> None:
        """Queue faults."""
        self._faults.add(*faults)

    @property
    def faults_left(self) -> int:
        """Scripted faults that no request has met yet."""
        return self._faults.left

    def deliver_delayed(self) -> int:
        """Let delayed and duplicated requests arrive now. Returns how many appends were applied."""
        with self._lock:
            arrived, self._delayed = self._delayed, []
            before = len(self.appends)
            for request in arrived:
                with suppress(WarehouseError):
                    request()
            return len(self.appends) - before

    def expire(self, stream: str) -> None:
        """The service drops a stream, as it does after some idle days; its rows stay."""
        with self._lock:
            self._streams.expire(stream)

    def replace_table(self) -> None:
        """Drop and create the landing table: rows and streams gone, another creation time."""
        with self._lock:
            self._rows, self._streams = Rows(self._schema), Streams(_TABLE)
            self._tables_made += 1

    def put(self, batch: pa.RecordBatch) -> None:
        """Store rows without a stream: corrections, replays, what a test needs to find."""
        with self._lock:
            self._rows.add(block(batch, self.clock.monotonic()))

    def rows(self) -> pl.DataFrame:
        """The landing table as a query sees it now."""
        with self._lock:
            return self._rows.frame(self.clock.monotonic())

    @property
    def open_streams(self) -> list[str]:
        """Streams that still take rows."""
        with self._lock:
            return self._streams.open_names

    # --- streams ---

    def open_stream(self, timeout_s: float) -> str:
        """Create a stream."""
        fault = self._meet("open_stream", None, timeout_s)
        with self._lock:
            name = self._streams.open()
        self._lose_answer("open_stream", fault)
        return name

    def append(self, stream: str, offset: int, rows: bytes, timeout_s: float) -> None:
        """Append one serialised record batch at `offset`."""
        fault = self._meet("append", stream, timeout_s)
        with self._lock:
            effect = fault.effect if fault else Effect.NONE
            if effect in (Effect.DELAY, Effect.DUPLICATE):
                self._delayed.append(partial(self._apply, stream, offset, rows))
            if effect is Effect.GHOST:
                count = self._decode(rows).num_rows
                self._streams.check_append(stream, offset, states_expected=self.states_expected).rows += count
            elif effect is not Effect.DELAY:
                self._apply(stream, offset, rows)
        if effect in (Effect.LOSE_ANSWER, Effect.DELAY, Effect.GHOST):
            raise Unavailable(f"append to {stream}: no answer")

    def finalize(self, stream: str, timeout_s: float) -> int:
        """Refuse appends to the stream and count its rows."""
        fault = self._meet("finalize", stream, timeout_s)
        with self._lock:
            if fault and fault.effect is Effect.DELAY:
                self._delayed.append(partial(self._streams.finalize, stream, 0))
                raise Unavailable(f"finalize of {stream}: no answer")
            count = self._streams.finalize(stream, fault.by if fault else 0)
        self._lose_answer("finalize", fault)
        return count

    def close_stream(self, stream: str) -> None:
        """Nothing to let go of."""

    def _apply(self, stream: str, offset: int, rows: bytes) -> None:
        state = self._streams.check_append(stream, offset, states_expected=self.states_expected)
        batch = self._decode(rows)
        self._rows.add(block(batch, self.clock.monotonic() + self.visibility_lag_s))
        state.rows += batch.num_rows
        self.appends.append((stream, offset, batch.num_rows))

    def _decode(self, rows: bytes) -> pa.RecordBatch:
        try:
            batch = pa.ipc.read_record_batch(pa.py_buffer(rows), self._schema)
            batch.validate(full=True)
        except (pa.ArrowInvalid, OSError):
            raise Refused("the request is not an Arrow record batch of the landing schema") from None
        corrupt = {
            index: f"{name} is required"
            for name in REQUIRED.intersection(self._schema.names)
            if (column := batch.column(name)).null_count
            for index, missing in enumerate(column.is_null().to_pylist())
            if missing
        }
        if corrupt:
            raise RowsRejected(f"{len(corrupt)} rows refused", corrupt)
        return batch

    # --- queries ---

    def table_created(self, timeout_s: float) -> str:
        """Changes with `replace_table`."""
        self._meet("table_created", None, timeout_s)
        return f"2026-01-01T00:00:00.{self._tables_made:06d}+00:00"

    def count_live(self, topic_id: str, queries: Sequence[CountQuery], timeout_s: float) -> dict[int, int]:
        """Live rows per partition, in all epochs but the one each query leaves out."""
        self._meet("count_live", None, timeout_s)
        asked = {query.partition: query for query in queries}
        counts = dict.fromkeys(asked, 0)
        with self._lock:
            for key in self._rows.keys(self.clock.monotonic()):
                query = asked.get(key.kafka_partition)
                if query and key.live and key.kafka_topic_id == topic_id:
                    counts[query.partition] += (
                        key.kafka_offset >= query.offset
                        and key.business_date >= query.since.astimezone(UTC).date()
                        and key.ownership_epoch != query.besides_epoch
                    )
        return counts

    def highest_live(self, topic_id: str, partition: int, timeout_s: float) -> int | None:
        """Highest offset of a live row."""
        self._meet("highest_live", None, timeout_s)
        with self._lock:
            found = self._rows.keys(self.clock.monotonic())
            wanted = (topic_id, partition, True)
            return max(
                (k.kafka_offset for k in found if (k.kafka_topic_id, k.kafka_partition, k.live) == wanted), default=None
            )

    def topic_ids_landed(self, topic: str, partition: int, timeout_s: float) -> set[str]:
        """Every topic id with rows of this topic name and partition."""
        self._meet("topic_ids_landed", None, timeout_s)
        with self._lock:
            found = self._rows.keys(self.clock.monotonic())
            return {k.kafka_topic_id for k in found if (k.kafka_topic, k.kafka_partition) == (topic, partition)}

    def reference_versions(self, timeout_s: float) -> dict[str, str]:
        """Newest published version by name."""
        self._meet("reference_versions", None, timeout_s)
        with self._lock:
            return self.reference.newest()

    def load_merchants(self, version: str, timeout_s: float) -> pl.DataFrame:
        """Rows of that version."""
        self._meet("load_merchants", None, timeout_s)
        with self._lock:
            return merchants_at(self.reference.merchants, self.reference.published_at("merchants", version))

    def load_fx_rates(self, version: str, timeout_s: float) -> pl.DataFrame:
        """Rows of that version."""
        self._meet("load_fx_rates", None, timeout_s)
        with self._lock:
            return fx_rates_at(self.reference.fx_rates, self.reference.published_at("fx_rates", version))

    def close(self) -> None:
        """Nothing to close."""

    # --- faults ---

    def _meet(self, operation: str, stream: str | None, timeout_s: float) -> Fault | None:
        """Take the fault this request meets; raise it here if the request never reaches the service."""
        fault = self._faults.take(operation, stream)
        if fault and fault.gate and not fault.gate.wait(timeout_s):
            raise Unavailable(f"{operation}: no answer within {timeout_s:g} s")
        if self.down or (fault and fault.effect is Effect.LOSE_REQUEST):
            raise Unavailable(f"{operation}: no answer")
        if fault is None:
            return None
        if fault.effect is Effect.QUOTA:
            raise QuotaExceeded(f"{operation}: resource exhausted")
        if fault.effect is Effect.REFUSE:
            raise Refused(f"{operation}: refused")
        if fault.effect is Effect.DENY:
            raise AccessDenied(f"{operation}: no permission")
        if fault.effect is Effect.REJECT_ROWS:
            raise RowsRejected(f"{len(fault.rows)} rows refused", dict.fromkeys(fault.rows, "refused by the script"))
        if fault.effect is Effect.EXPIRE and stream is not None:
            self.expire(stream)
            raise StreamNotFound(f"stream {stream} does not exist")
        return fault

    @staticmethod
    def _lose_answer(operation: str, fault: Fault | None) -> None:
        if fault and fault.effect is Effect.LOSE_ANSWER:
            raise Unavailable(f"{operation}: no answer")
