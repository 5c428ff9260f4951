"""Blocks: cut, joined, rewritten and serialised without losing a row or changing a type."""

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stage_samples import BROKER, POLICY, REFERENCE, SOURCE, land, payload, window

from streaming.landing import LANDING
from streaming.stages.plan import COLUMNS, SCHEMA, Block, arrow_schema, join, serialise, split
from streaming.walk import enrich

LOADED = datetime(2026, 11, 23, 10, 0, 2, 345678, tzinfo=UTC)
EPOCH = "0198c0de-1111-7abc-8def-012345678901"
VISA = "4111111111111111"


def read(schema: bytes, batch: bytes) -> pa.RecordBatch:
    """As a receiver reads it: a schema message, then a batch message."""
    return pa.ipc.read_record_batch(pa.py_buffer(batch), pa.ipc.read_schema(pa.py_buffer(schema)))


def block(*payloads: bytes | None) -> Block:
    enriched = land(*payloads)
    return Block.of(enriched.rows, enriched.payloads)


def mixed(order: list[int]) -> tuple[pl.DataFrame, pl.Series]:
    """A window over several partitions, records interleaved as `order` says."""
    frame = window([payload(sequence=n) for n in range(len(order))])
    seen: dict[int, int] = {}
    offsets = [seen.setdefault(p, 10 * p) for p in order]
    for n, partition in enumerate(order):
        offsets[n] = seen[partition]
        seen[partition] += 1 + partition  # offsets have gaps
    frame = frame.with_columns(
        pl.Series("kafka_partition", order, dtype=pl.Int64), pl.Series("kafka_offset", offsets, dtype=pl.Int64)
    )
    enriched = enrich(frame, SOURCE, REFERENCE, POLICY)
    return enriched.rows, enriched.payloads


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(0, 3), max_size=14), st.integers(1, 5))
def test_split_keeps_every_row_once_in_offset_order(order: list[int], most: int) -> None:
    rows, payloads = mixed(order)
    blocks = split(rows, payloads, most)
    assert sum(map(len, blocks)) == len(order)
    for one in blocks:
        assert 1 <= len(one) <= most
        assert one.rows["kafka_partition"].unique().to_list() == [one.partition]
        for sequence, raw in zip(one.rows["sequence"].to_list(), one.payloads.to_list(), strict=True):
            assert raw == payload(sequence=sequence)
    for partition in set(order):
        own = [one for one in blocks if one.partition == partition]
        offsets = [offset for one in own for offset in one.rows["kafka_offset"].to_list()]
        assert offsets == sorted(set(offsets))
        assert len(offsets) == order.count(partition)
        whole = join(own)
        assert (len(whole), whole.first_offset, whole.next_offset) == (len(offsets), offsets[0], offsets[-1] + 1)


def test_positions_of_a_block() -> None:
    whole = block(payload(sequence=0), payload(sequence=1), payload(sequence=2))
    assert (whole.partition, len(whole), whole.first_offset, whole.next_offset) == (0, 3, 0, 3)
    assert whole.last_timestamp == BROKER
    head, tail = whole.head(1), whole.tail(1)
    assert (len(head), head.next_offset, len(tail), tail.first_offset, tail.next_offset) == (1, 1, 2, 1, 3)
    assert tail.payloads.to_list() == [payload(sequence=1), payload(sequence=2)]
    assert join([head, tail]).rows.equals(whole.rows)


def test_blocks_that_do_not_follow_one_another_are_not_joined() -> None:
    whole = block(payload(), payload())
    with pytest.raises(ValueError, match="follow"):
        join([whole.tail(1), whole.head(1)])
    with pytest.raises(ValueError, match="follow"):
        join([whole, whole.tail(1)])


def test_a_window_that_comes_out_of_order_is_put_in_order_with_its_payloads() -> None:
    rows, payloads = mixed([1, 0, 1, 0])
    backwards = split(rows.reverse(), payloads.reverse(), 10)
    assert [(one.partition, one.first_offset, one.next_offset) for one in backwards] == [(0, 0, 2), (1, 10, 13)]
    for one, same in zip(backwards, split(rows, payloads, 10), strict=True):
        assert one.rows.equals(same.rows)
        assert one.payloads.to_list() == same.payloads.to_list()
        assert one.nbytes == same.nbytes


def test_parts_and_joins_are_bounded_as_blocks_cut_anew_would_be() -> None:
    whole = block(payload(), b"{" * 5_000, None, payload(description="x" * 900))
    parts = [whole.head(2), whole.tail(2)]
    assert [part.nbytes for part in parts] == [Block.of(part.rows, part.payloads).nbytes for part in parts]
    assert join(parts).nbytes == whole.nbytes
    with pytest.raises(ValueError, match="0 rows"):
        whole.head(0)


def test_blocks_of_a_window_share_its_memory() -> None:
    """Mutant: a conversion or a copy for each block, which costs a small window more than everything else."""
    rows, payloads = mixed([0, 1, 2] * 20)
    shared = split(rows, payloads, 100)
    assert len({_start(one) for one in shared}) == 1
    copied = [Block.of(one.rows, one.payloads) for one in shared]  # all kept: freed memory is given out again
    assert len({_start(one) for one in copied}) == 3


def _start(one: Block) -> int:
    address: int = one.batch.column(0).buffers()[-1].address
    return address


def test_there_is_no_empty_block() -> None:
    with pytest.raises(ValueError, match="0 rows"):
        block(payload()).tail(1)


# --- Arrow -------------------------------------------------------------------------------------------------


def test_schema_has_bigquery_s_types_in_table_order() -> None:
    schema = pa.ipc.read_schema(pa.py_buffer(arrow_schema()))
    assert schema.names == list(LANDING)
    types = {str(field.type) for field in schema}
    assert types == {"string", "int64", "decimal128(38, 9)", "timestamp[us, tz=UTC]", "date32[day]"}


def test_serialised_rows_read_back_as_they_were() -> None:
    original = block(payload(), None, b"{", payload(currency="JPY", amount="100"))
    batch = read(arrow_schema(), serialise(original, EPOCH, LOADED))
    assert batch.schema.equals(SCHEMA)
    back = pl.from_arrow(pa.Table.from_batches([batch]))
    assert isinstance(back, pl.DataFrame)
    assert back.select(COLUMNS).equals(original.rows)
    assert back["ownership_epoch"].to_list() == [EPOCH] * 4
    assert back["loaded_at"].to_list() == [LOADED] * 4


def test_a_slice_carries_only_its_own_rows() -> None:
    whole = block(*(payload(sequence=n) for n in range(200)))
    part = whole.tail(150).head(2)
    sent = serialise(part, EPOCH, LOADED)
    assert len(sent) < len(serialise(whole, EPOCH, LOADED)) / 10
    assert read(arrow_schema(), sent).column("sequence").to_pylist() == [150, 151]


def test_a_joined_block_is_one_batch() -> None:
    pieces = [block(payload())]
    rows = land(payload(), payload(), payload())
    pieces = split(rows.rows, rows.payloads, 1)
    assert read(arrow_schema(), serialise(join(pieces), EPOCH, LOADED)).num_rows == 3


@pytest.mark.parametrize(
    "payloads",
    [
        [payload()] * 300,
        [payload(description="x" * 1000)] * 50,
        [payload(description="😀" * 1000, amount=1)] * 20,
        [b"{" + b"z" * 60_000] * 10,
        [None] * 200,
    ],
)
def test_size_estimate_is_on_the_high_side_but_not_absurd(payloads: list[Any]) -> None:
    one = block(*payloads)
    sent = len(serialise(one, EPOCH, LOADED))
    assert sent <= one.nbytes <= 3 * sent + 8_192


def test_large_strings_and_other_types_would_be_noticed() -> None:
    """Mutant: what Polars exports by itself is large_string, which the service refuses."""
    exported = block(payload()).rows.to_arrow(compat_level=pl.CompatLevel.oldest()).schema
    assert pa.large_string() in exported.types
    assert pa.large_string() not in SCHEMA.types


# --- rows that the warehouse refused -----------------------------------------------------------------------


def test_refused_rows_are_rewritten_in_place() -> None:
    original = block(payload(event_id="keep"), payload(event_id="bad", note=f"pay {VISA}"), payload(event_id="keep2"))
    changed = original.quarantined({1: "Field event_id: value is bad"})
    assert changed.rows["status"].to_list() == ["OK", "QUARANTINED_WAREHOUSE_REJECTED", "OK"]
    assert changed.rows[0].equals(original.rows[0])
    assert changed.rows[2].equals(original.rows[2])
    row = changed.rows.row(1, named=True)
    kept = {name for name, value in row.items() if value is not None}
    assert kept == {
        "status", "status_detail", "business_date", "kafka_topic", "kafka_topic_id", "kafka_partition", "kafka_offset",
        "broker_timestamp", "enrichment_revision", "payload_mac", "payload_scrubbed",
    }  # fmt: skip
    assert "bad" not in row["status_detail"]
    assert "411111******1111" in row["payload_scrubbed"]
    assert VISA not in repr(row)
    assert changed.payloads.equals(original.payloads)
    assert changed.rows.schema == original.rows.schema
    assert read(arrow_schema(), serialise(changed, EPOCH, LOADED)).num_rows == 3
    assert original.rows["status"].to_list() == ["OK"] * 3
