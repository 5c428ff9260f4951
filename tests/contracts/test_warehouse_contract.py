"""The Warehouse port's promises, tried on the in-memory adapter and (integration) on BigQuery's emulator.

`make conformance` tries them in a project of the real service instead.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from contract_rows import NOON, batch, block, row
from warehouse_worlds import BigQueryWorld, EmulatorWorld, MemoryWarehouseWorld, ProjectWorld, WarehouseWorld

from benchmarks.reliability.conformance import asked_for, project
from streaming.landing import FX_RATES, MERCHANTS
from streaming.ports import (
    AlreadyExists,
    CountQuery,
    OffsetOutOfRange,
    Refused,
    RowsRejected,
    StreamFinalized,
    StreamNotFound,
    WarehouseError,
)

LIMIT_S = 10.0
T0 = datetime(2026, 11, 1, tzinfo=UTC)


WORLDS = ["memory", pytest.param("emulator", marks=pytest.mark.integration)]


@pytest.fixture(params=["project"] if asked_for() else WORLDS)
def world(request: pytest.FixtureRequest) -> Iterator[WarehouseWorld]:
    if request.param == "memory":
        yield MemoryWarehouseWorld()
        return
    made = ProjectWorld(project()) if request.param == "project" else EmulatorWorld(request.getfixturevalue("platform"))
    yield made
    made.close()


@pytest.fixture
def stream(world: WarehouseWorld) -> str:
    return world.warehouse.open_stream(LIMIT_S)


def append(world: WarehouseWorld, stream: str, at: int, *offsets: int, **columns: Any) -> None:
    world.warehouse.append(stream, at, block(*offsets, **columns), LIMIT_S)


# --- append ---


def test_rows_of_an_acknowledged_append_are_there(world: WarehouseWorld, stream: str) -> None:
    append(world, stream, 0, 1, 2, 5)
    append(world, stream, 3, 6)
    assert world.offsets() == [1, 2, 5, 6]


def test_an_append_at_a_past_offset_is_refused_and_says_what_it_expected(world: WarehouseWorld, stream: str) -> None:
    append(world, stream, 0, 1, 2, 5)
    for _ in range(2):
        with pytest.raises(AlreadyExists) as raised:
            append(world, stream, 0, 1, 2, 5)
        assert raised.value.expected == 3
    assert world.offsets() == [1, 2, 5]


def test_an_append_into_the_middle_says_the_same(world: WarehouseWorld, stream: str) -> None:
    append(world, stream, 0, 1, 2, 5)
    with pytest.raises(AlreadyExists) as raised:
        append(world, stream, 2, 5, 6, 7)
    assert raised.value.expected == 3
    assert world.offsets() == [1, 2, 5]


def test_an_append_beyond_the_end_is_refused_and_the_stream_goes_on(world: WarehouseWorld, stream: str) -> None:
    append(world, stream, 0, 1)
    with pytest.raises(OffsetOutOfRange):
        append(world, stream, 2, 3)
    append(world, stream, 1, 2)
    assert world.offsets() == [1, 2]


def test_streams_are_independent(world: WarehouseWorld, stream: str) -> None:
    other = world.warehouse.open_stream(LIMIT_S)
    assert other != stream
    append(world, stream, 0, 1)
    append(world, other, 0, 1, ownership_epoch="epoch-2")
    assert world.warehouse.finalize(stream, LIMIT_S) == 1
    append(world, other, 1, 2)
    assert world.offsets() == [1, 1, 2]


def test_two_owners_cannot_both_write_an_offset(world: WarehouseWorld, stream: str) -> None:
    zombie = world.another()
    append(world, stream, 0, 1)
    with pytest.raises(AlreadyExists):
        zombie.append(stream, 0, block(1, ownership_epoch="zombie"), LIMIT_S)
    zombie.close_stream(stream)
    append(world, stream, 1, 2)
    assert world.offsets() == [1, 2]


def test_an_unknown_stream_is_not_found(world: WarehouseWorld, stream: str) -> None:
    unknown = stream[:-1] + ("0" if stream[-1] != "0" else "1")
    with pytest.raises(StreamNotFound):
        append(world, unknown, 0, 1)
    with pytest.raises(StreamNotFound):
        world.warehouse.finalize(unknown, LIMIT_S)


def test_corrupt_rows_append_none_of_the_request(world: WarehouseWorld, stream: str) -> None:
    mixed = [row(1), row(2, status=None), row(3)]
    with pytest.raises(WarehouseError) as raised:
        world.warehouse.append(stream, 0, batch(mixed).serialize().to_pybytes(), LIMIT_S)
    assert "event-0" not in str(raised.value), "a message never holds a row's values"
    assert world.offsets() == []
    append(world, stream, 0, 1, 3)
    assert world.offsets() == [1, 3]
    assert world.warehouse.finalize(stream, LIMIT_S) == 2


def test_corrupt_rows_are_named(request: pytest.FixtureRequest, world: WarehouseWorld, stream: str) -> None:
    if isinstance(world, EmulatorWorld):
        reason = "the emulator answers UNKNOWN without row_errors; BigQuery names the rows"
        request.applymarker(pytest.mark.xfail(reason=reason, strict=True))
    mixed = [row(1), row(2, status=None), row(3)]
    with pytest.raises(RowsRejected) as raised:
        world.warehouse.append(stream, 0, batch(mixed).serialize().to_pybytes(), LIMIT_S)
    assert list(raised.value.rows) == [1]


def test_bytes_that_are_no_batch_are_refused(world: WarehouseWorld, stream: str) -> None:
    with pytest.raises(Refused):
        world.warehouse.append(stream, 0, b"no arrow at all", LIMIT_S)
    append(world, stream, 0, 1)


def test_values_arrive_as_they_were_sent(world: WarehouseWorld, stream: str) -> None:
    exact = Decimal("123456789012345678.123456789")
    append(world, stream, 0, 7, amount=exact, description="ünïcode, 'quotes' and \n lines", sequence=2**63 - 1)
    if isinstance(world, BigQueryWorld):
        sql = f"SELECT amount, description, sequence, occurred_at FROM `{world.dataset}.payments_landing`"
        ((*found,),) = (found.values() for found in world.run(sql))
    else:
        assert isinstance(world, MemoryWarehouseWorld)
        (found,) = world.memory.rows().select("amount", "description", "sequence", "occurred_at").rows()
    assert list(found) == [exact, "ünïcode, 'quotes' and \n lines", 2**63 - 1, NOON]


def test_close_stream_says_nothing_to_the_service(world: WarehouseWorld, stream: str) -> None:
    append(world, stream, 0, 1)
    world.warehouse.close_stream(stream)
    world.warehouse.close_stream("never/heard/of")
    append(world, stream, 1, 2)
    assert world.warehouse.finalize(stream, LIMIT_S) == 2


def test_streams_are_appended_to_from_many_threads(world: WarehouseWorld) -> None:
    streams = [world.warehouse.open_stream(LIMIT_S) for _ in range(6)]

    def fill(partition: int) -> int:
        for at in range(5):
            append(world, streams[partition], at, at, partition=partition)
        return world.warehouse.finalize(streams[partition], LIMIT_S)

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(fill, range(6))) == [5] * 6
    queries = [CountQuery(partition, 0, NOON, "") for partition in range(6)]
    assert world.warehouse.count_live("topic-a", queries, LIMIT_S) == dict.fromkeys(range(6), 5)


# --- finalize ---


def test_finalize_counts_exactly_and_the_same_again(world: WarehouseWorld, stream: str) -> None:
    append(world, stream, 0, 1, 2, 5)
    append(world, stream, 3, 6, 9)
    with pytest.raises(AlreadyExists):
        append(world, stream, 3, 6, 9)
    assert [world.warehouse.finalize(stream, LIMIT_S) for _ in range(3)] == [5, 5, 5]


def test_an_empty_stream_has_no_rows(world: WarehouseWorld, stream: str) -> None:
    assert world.warehouse.finalize(stream, LIMIT_S) == 0


def test_nothing_is_applied_after_finalize(world: WarehouseWorld, stream: str) -> None:
    zombie = world.another()
    zombie.append(stream, 0, block(1), LIMIT_S)
    assert world.warehouse.finalize(stream, LIMIT_S) == 1
    for at in (1, 0, 7):
        with pytest.raises(StreamFinalized):
            zombie.append(stream, at, block(2), LIMIT_S)
    assert world.offsets() == [1]
    assert world.warehouse.finalize(stream, LIMIT_S) == 1


# --- what recovery asks ---


def test_count_live_sees_all_epochs_but_one_and_only_live_rows(world: WarehouseWorld, stream: str) -> None:
    world.put(
        [
            row(4),
            row(5, ownership_epoch="epoch-2"),
            row(6, ownership_epoch="mine"),
            row(7, ownership_epoch=None),
            row(4, replay_id="replay", enrichment_revision=1, ownership_epoch=None),
            row(5, enrichment_revision=1, ownership_epoch=None),
            row(3),
            row(9, topic_id="topic-b"),
            row(8, business_date=date(2026, 11, 19)),
            row(8, status="QUARANTINED_NOT_JSON", event_id=None),
        ]
    )
    asked = [CountQuery(0, 4, NOON, "mine"), CountQuery(5, 0, NOON, "mine")]
    assert world.warehouse.count_live("topic-a", asked, LIMIT_S) == {0: 4, 5: 0}


def test_count_live_takes_each_partition_by_its_own_limits(world: WarehouseWorld) -> None:
    yesterday = NOON - timedelta(days=1)
    world.put(
        row(offset, partition=partition, business_date=day, ownership_epoch=f"epoch-{partition}")
        for partition in (0, 1)
        for offset in (1, 2, 3)
        for day in (NOON.date(), yesterday.date())
    )
    asked = [CountQuery(0, 2, yesterday, "epoch-9"), CountQuery(1, 3, NOON, "epoch-9")]
    assert world.warehouse.count_live("topic-a", asked, LIMIT_S) == {0: 4, 1: 1}
    asked = [CountQuery(0, 2, yesterday, "epoch-0"), CountQuery(1, 3, NOON, "epoch-0")]
    assert world.warehouse.count_live("topic-a", asked, LIMIT_S) == {0: 0, 1: 1}


def test_count_live_takes_the_utc_date(world: WarehouseWorld) -> None:
    world.put([row(1, business_date=date(2026, 11, 19)), row(2, business_date=date(2026, 11, 20))])
    east = datetime.fromisoformat("2026-11-20T01:00:00+09:00")  # the 19th in UTC
    assert world.warehouse.count_live("topic-a", [CountQuery(0, 0, east, "")], LIMIT_S) == {0: 2}


def test_count_live_of_nothing(world: WarehouseWorld) -> None:
    assert world.warehouse.count_live("topic-a", [], LIMIT_S) == {}


def test_highest_live_is_over_all_epochs_and_dates(world: WarehouseWorld) -> None:
    assert world.warehouse.highest_live("topic-a", 0, LIMIT_S) is None
    world.put(
        [
            row(0, partition=1),
            row(30, ownership_epoch="old", business_date=date(2020, 1, 1)),
            row(20, ownership_epoch="new"),
            row(40, replay_id="replay", enrichment_revision=1),
            row(50, topic_id="topic-b"),
        ]
    )
    assert world.warehouse.highest_live("topic-a", 0, LIMIT_S) == 30
    assert world.warehouse.highest_live("topic-a", 1, LIMIT_S) == 0


def test_topic_ids_landed(world: WarehouseWorld) -> None:
    assert world.warehouse.topic_ids_landed("payments", 0, LIMIT_S) == set()
    world.put([row(1), row(1, topic_id="topic-b"), row(1, partition=1, topic_id="topic-c")])
    world.put([row(2, kafka_topic="other", topic_id="topic-d")])
    assert world.warehouse.topic_ids_landed("payments", 0, LIMIT_S) == {"topic-a", "topic-b"}


def test_table_created_changes_when_the_table_is_replaced(world: WarehouseWorld) -> None:
    before = world.warehouse.table_created(LIMIT_S)
    assert datetime.fromisoformat(before).tzinfo is not None
    assert world.warehouse.table_created(LIMIT_S) == before
    world.replace_table()
    assert world.warehouse.table_created(LIMIT_S) != before


def test_an_expired_stream_is_not_found_and_its_rows_stay(
    request: pytest.FixtureRequest, world: WarehouseWorld, stream: str
) -> None:
    if isinstance(world, BigQueryWorld):
        reason = "BigQuery's streams expire after days; the emulator forgets them when it restarts (fault tests)"
        request.applymarker(pytest.mark.xfail(reason=reason, raises=NotImplementedError, strict=True))
    append(world, stream, 0, 1)
    world.expire_streams(stream)
    with pytest.raises(StreamNotFound):
        append(world, stream, 1, 2)
    with pytest.raises(StreamNotFound):
        world.warehouse.finalize(stream, LIMIT_S)
    assert world.offsets() == [1]


# --- reference tables ---


def merchants(*rows: tuple[str, str, datetime, datetime | None]) -> pl.DataFrame:
    """id, name, recorded_at, superseded_at"""
    made = [
        {
            "merchant_id": merchant,
            "name": name,
            "valid_from": datetime(1970, 1, 1, tzinfo=UTC),
            "recorded_at": recorded,
            "superseded_at": superseded,
            "merchant_version": f"{merchant}-{name}",
        }
        for merchant, name, recorded, superseded in rows
    ]
    return pl.DataFrame(made, schema=MERCHANTS)


def test_versions_of_merchants_can_be_loaded_again(world: WarehouseWorld) -> None:
    t1, t2 = T0 + timedelta(days=1), T0 + timedelta(days=2, microseconds=1)
    world.add_merchants(merchants(("m1", "Old", T0, t1), ("m1", "New", t1, None), ("m2", "Same", T0, None)))
    world.add_merchants(merchants(("m3", "Late", t2, None)))
    for version, at in (("v1", T0), ("v3", t2), ("v2", t1)):
        world.publish("merchants", version, at)
    assert world.warehouse.reference_versions(LIMIT_S) == {"merchants": "v3"}
    names = {
        version: sorted(world.warehouse.load_merchants(version, LIMIT_S)["name"].to_list())
        for version in ("v1", "v2", "v3")
    }
    assert names == {"v1": ["Old", "Same"], "v2": ["New", "Same"], "v3": ["Late", "New", "Same"]}
    loaded = world.warehouse.load_merchants("v1", LIMIT_S)
    assert loaded.schema == pl.Schema(MERCHANTS)
    assert loaded.sort("name").equals(merchants(("m1", "Old", T0, t1), ("m2", "Same", T0, None)).sort("name"))


def test_versions_of_fx_rates_take_the_newest_revision_recorded_by_then(world: WarehouseWorld) -> None:
    t1 = T0 + timedelta(hours=3)
    day1, day2 = date(2026, 10, 29), date(2026, 10, 30)
    rates = [
        (day1, "USD", Decimal("1.1000"), 1, T0, T0, "ecb"),
        (day1, "JPY", Decimal("160.123456789"), 1, T0, T0, "ecb"),
        (day1, "USD", Decimal("1.2000"), 2, T0, t1, "ecb"),  # a correction that drops JPY
        (day2, "USD", Decimal("1.3000"), 1, t1, t1, "ecb"),
    ]
    world.add_fx_rates(pl.DataFrame(rates, schema=FX_RATES, orient="row"))
    world.publish("fx_rates", "f1", T0)
    world.publish("fx_rates", "f2", t1)
    first, second = (world.warehouse.load_fx_rates(version, LIMIT_S) for version in ("f1", "f2"))
    assert first.schema == pl.Schema(FX_RATES)
    assert sorted(first.select("currency", "rate").rows()) == [
        ("JPY", Decimal("160.123456789")),
        ("USD", Decimal("1.100000000")),
    ]
    assert sorted(second.select("rate_date", "rate").rows()) == [(day1, Decimal("1.2")), (day2, Decimal("1.3"))]


def test_a_version_that_was_never_published_is_refused(world: WarehouseWorld) -> None:
    world.publish("fx_rates", "v1", T0)
    with pytest.raises(Refused, match="v1 of merchants"):
        world.warehouse.load_merchants("v1", LIMIT_S)


def test_no_version_yet(world: WarehouseWorld) -> None:
    assert world.warehouse.reference_versions(LIMIT_S) == {}


def test_close_can_be_repeated(world: WarehouseWorld, stream: str) -> None:
    append(world, stream, 0, 1)
    other = world.another()
    for _ in range(2):
        other.close()
