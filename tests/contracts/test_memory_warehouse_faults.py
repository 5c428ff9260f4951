"""The scripted faults of the in-memory warehouse: each does what its name says, once, to what it matches."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from contract_rows import NOON, block

from streaming.adapters.clock import ManualClock
from streaming.adapters.memory_faults import Effect, Fault
from streaming.adapters.memory_warehouse import MemoryWarehouse
from streaming.ports import (
    AlreadyExists,
    CountQuery,
    QuotaExceeded,
    Refused,
    RowsRejected,
    StreamFinalized,
    StreamNotFound,
    Unavailable,
)


@pytest.fixture
def warehouse() -> MemoryWarehouse:
    return MemoryWarehouse()


@pytest.fixture
def stream(warehouse: MemoryWarehouse) -> str:
    return warehouse.open_stream(1)


def offsets(warehouse: MemoryWarehouse) -> list[int]:
    return sorted(warehouse.rows()["kafka_offset"].to_list())


@pytest.mark.parametrize(("effect", "applied"), [(Effect.LOSE_REQUEST, False), (Effect.LOSE_ANSWER, True)])
def test_a_lost_answer_leaves_both_possible(
    warehouse: MemoryWarehouse, stream: str, effect: Effect, applied: bool
) -> None:
    warehouse.script(Fault("append", effect))
    with pytest.raises(Unavailable):
        warehouse.append(stream, 0, block(1), 1)
    assert offsets(warehouse) == [1] * applied
    if applied:
        with pytest.raises(AlreadyExists) as raised:
            warehouse.append(stream, 0, block(1), 1)
        assert raised.value.expected == 1
    else:
        warehouse.append(stream, 0, block(1), 1)
    assert warehouse.appends == [(stream, 0, 1)]


def test_a_delayed_append_arrives_later_but_never_after_finalize(warehouse: MemoryWarehouse, stream: str) -> None:
    warehouse.script(Fault("append", Effect.DELAY))
    with pytest.raises(Unavailable):
        warehouse.append(stream, 0, block(1), 1)
    assert offsets(warehouse) == []
    assert warehouse.deliver_delayed() == 1
    assert offsets(warehouse) == [1]
    warehouse.script(Fault("append", Effect.DELAY))
    with pytest.raises(Unavailable):
        warehouse.append(stream, 1, block(2), 1)
    assert warehouse.finalize(stream, 1) == 1
    assert warehouse.deliver_delayed() == 0
    assert offsets(warehouse) == [1]


def test_a_delayed_append_that_was_sent_again_is_applied_once(warehouse: MemoryWarehouse, stream: str) -> None:
    warehouse.script(Fault("append", Effect.DELAY))
    with pytest.raises(Unavailable):
        warehouse.append(stream, 0, block(1), 1)
    warehouse.append(stream, 0, block(1), 1)
    assert warehouse.deliver_delayed() == 0
    assert offsets(warehouse) == [1]


def test_a_duplicated_append_is_applied_once(warehouse: MemoryWarehouse, stream: str) -> None:
    warehouse.script(Fault("append", Effect.DUPLICATE))
    warehouse.append(stream, 0, block(1), 1)
    assert warehouse.deliver_delayed() == 0
    assert offsets(warehouse) == [1]


def test_a_ghost_counts_rows_that_are_not_there(warehouse: MemoryWarehouse, stream: str) -> None:
    warehouse.script(Fault("append", Effect.GHOST))
    with pytest.raises(Unavailable):
        warehouse.append(stream, 0, block(1, 2), 1)
    with pytest.raises(AlreadyExists):
        warehouse.append(stream, 0, block(1, 2), 1)
    assert warehouse.finalize(stream, 1) == 2
    assert offsets(warehouse) == []


def test_a_miscount_is_repeated(warehouse: MemoryWarehouse, stream: str) -> None:
    warehouse.append(stream, 0, block(1, 2), 1)
    warehouse.script(Fault("finalize", Effect.MISCOUNT, by=3))
    assert [warehouse.finalize(stream, 1), warehouse.finalize(stream, 1)] == [5, 5]


def test_a_delayed_finalize_fences_later(warehouse: MemoryWarehouse, stream: str) -> None:
    warehouse.script(Fault("finalize", Effect.DELAY))
    with pytest.raises(Unavailable):
        warehouse.finalize(stream, 1)
    warehouse.append(stream, 0, block(1), 1)
    warehouse.deliver_delayed()
    with pytest.raises(StreamFinalized):
        warehouse.append(stream, 1, block(2), 1)
    assert warehouse.open_streams == []


def test_an_expired_stream_keeps_its_rows(warehouse: MemoryWarehouse, stream: str) -> None:
    warehouse.append(stream, 0, block(1), 1)
    warehouse.script(Fault("append", Effect.EXPIRE))
    for _ in range(2):
        with pytest.raises(StreamNotFound):
            warehouse.append(stream, 1, block(2), 1)
    assert offsets(warehouse) == [1]


def test_answers_that_apply_nothing(warehouse: MemoryWarehouse, stream: str) -> None:
    warehouse.script(
        Fault("append", Effect.QUOTA),
        Fault("append", Effect.REJECT_ROWS, rows=(0, 2)),
        Fault("finalize", Effect.REFUSE),
    )
    with pytest.raises(QuotaExceeded):
        warehouse.append(stream, 0, block(1), 1)
    with pytest.raises(RowsRejected) as raised:
        warehouse.append(stream, 0, block(1, 2, 3), 1)
    assert sorted(raised.value.rows) == [0, 2]
    with pytest.raises(Refused):
        warehouse.finalize(stream, 1)
    assert (offsets(warehouse), warehouse.faults_left) == ([], 0)


def test_a_fault_waits_for_the_request_it_names(warehouse: MemoryWarehouse, stream: str) -> None:
    other = warehouse.open_stream(1)
    warehouse.script(Fault("append", Effect.QUOTA, stream=other), Fault("count_live", Effect.LOSE_REQUEST))
    warehouse.append(stream, 0, block(1), 1)
    assert warehouse.faults_left == 2
    with pytest.raises(QuotaExceeded):
        warehouse.append(other, 0, block(2), 1)
    with pytest.raises(Unavailable):
        warehouse.count_live("topic-a", [CountQuery(0, 0, NOON, "")], 1)
    assert warehouse.count_live("topic-a", [CountQuery(0, 0, NOON, "")], 1) == {0: 1}


def test_rows_become_visible_after_the_lag(warehouse: MemoryWarehouse, stream: str) -> None:
    clock = ManualClock()
    warehouse.clock, warehouse.visibility_lag_s = clock, 5.0
    warehouse.append(stream, 0, block(1), 1)
    assert warehouse.finalize(stream, 1) == 1, "the stream counts what queries do not see yet"
    assert warehouse.highest_live("topic-a", 0, 1) is None
    clock.advance(5)
    assert warehouse.highest_live("topic-a", 0, 1) == 1


def test_an_already_exists_may_state_nothing(warehouse: MemoryWarehouse, stream: str) -> None:
    warehouse.states_expected = False
    warehouse.append(stream, 0, block(1), 1)
    with pytest.raises(AlreadyExists) as raised:
        warehouse.append(stream, 0, block(1), 1)
    assert raised.value.expected is None


def test_a_gate_holds_a_request_in_flight(warehouse: MemoryWarehouse, stream: str) -> None:
    gate = threading.Event()
    warehouse.script(Fault("append", gate=gate))
    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(warehouse.append, stream, 0, block(1), 30)
        assert warehouse.finalize(warehouse.open_stream(1), 1) == 0, "others go on"
        assert not held.done()
        gate.set()
        held.result(10)
    assert offsets(warehouse) == [1]
    warehouse.script(Fault("append", gate=threading.Event()))
    with pytest.raises(Unavailable, match="within"):
        warehouse.append(stream, 1, block(2), 0.01)


def test_a_warehouse_that_is_down_answers_nothing(warehouse: MemoryWarehouse, stream: str) -> None:
    warehouse.down = True
    for call in (lambda: warehouse.append(stream, 0, block(1), 1), lambda: warehouse.table_created(1)):
        with pytest.raises(Unavailable):
            call()
    warehouse.down = False
    warehouse.append(stream, 0, block(1), 1)
