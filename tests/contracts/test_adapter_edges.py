"""The real adapters where the service is wrong, silent, stopped or restarted: one clear error, in time."""

import os
import signal
import threading
from collections.abc import Iterator
from concurrent import futures
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest
from contract_rows import NOON, block
from kafka_worlds import KafkaWorld, Polling
from warehouse_worlds import EmulatorWorld

from sandbox.platform.instance import RunningPlatform, running
from streaming.adapters.bigquery import BigQueryWarehouse
from streaming.adapters.clock import SystemClock
from streaming.adapters.kafka import KafkaBroker
from streaming.ports import AlreadyExists, BrokerError, Commit, CommitOutcome, CountQuery, StreamNotFound, Unavailable
from streaming.settings import Settings
from streaming.stages.plan import arrow_schema

CLOCK = SystemClock()
STREAM = "projects/p/datasets/d/tables/t/streams/0123456789abcdef"
NOBODY = "127.0.0.1:1"


@contextmanager
def within(seconds: float) -> Iterator[None]:
    began = CLOCK.monotonic()
    yield
    assert CLOCK.monotonic() - began < seconds


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


# --- wrong endpoints ---


@pytest.mark.integration
def test_a_wrong_bootstrap_server_is_one_clear_line_and_few_log_lines() -> None:
    lines: list[str] = []
    broker = KafkaBroker(Settings(kafka_bootstrap=NOBODY), on_log=lines.append)
    with within(8), pytest.raises(BrokerError) as raised:
        broker.topic(5)
    message = str(raised.value)
    assert NOBODY in message
    assert "TIDEMARK_KAFKA_BOOTSTRAP" in message
    assert "\n" not in message
    assert len(lines) <= 5


@pytest.mark.integration
def test_wrong_warehouse_endpoints_are_unavailable_at_once() -> None:
    settings = Settings(bigquery_project="p", bigquery_rest_endpoint=f"http://{NOBODY}", bigquery_grpc_endpoint=NOBODY)
    warehouse = BigQueryWarehouse(settings, arrow_schema())
    with within(10):
        for call in (
            lambda: warehouse.open_stream(3),
            lambda: warehouse.append(STREAM, 0, block(1), 3),
            lambda: warehouse.finalize(STREAM, 3),
            lambda: warehouse.table_created(3),
            lambda: warehouse.highest_live("t", 0, 3),
        ):
            with pytest.raises(Unavailable):
                call()
    warehouse.close()


class _Silent(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc is untyped here
    """Takes every request and answers none."""

    def __init__(self) -> None:
        self.over = threading.Event()

    def service(self, details: object) -> object:
        def swallow(requests: Iterator[bytes], context: object) -> Iterator[bytes]:
            next(requests)
            self.over.wait(30)
            yield from ()

        return grpc.stream_stream_rpc_method_handler(swallow)


@pytest.mark.integration
def test_an_append_that_nobody_answers_ends_in_time() -> None:
    handler = _Silent()
    server = grpc.server(futures.ThreadPoolExecutor(4), handlers=[handler])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    settings = Settings(bigquery_project="p", bigquery_grpc_endpoint=f"127.0.0.1:{port}")
    warehouse = BigQueryWarehouse(settings, arrow_schema())
    try:
        for _ in range(2):  # and the next one starts over on a connection of its own
            with within(3), pytest.raises(Unavailable, match=r"within 0\.5 s"):
                warehouse.append(STREAM, 0, block(1), 0.5)
    finally:
        handler.over.set()
        warehouse.close()
        server.stop(0)


# --- stopped and restarted: processes of this module alone ---


@pytest.fixture(scope="module")
def own_platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    state: Path = tmp_path_factory.mktemp("edges") / "platform"
    with running(state) as facts:
        yield facts


@pytest.mark.fault
def test_a_stopped_emulator_costs_time_limits_and_nothing_else(own_platform: RunningPlatform) -> None:
    world = EmulatorWorld(own_platform)
    warehouse = world.warehouse
    stream = warehouse.open_stream(10)
    warehouse.append(stream, 0, block(1), 10)
    with stopped(own_platform.bigquery_pid), within(10):
        for call in (
            lambda: warehouse.append(stream, 1, block(2), 1),
            lambda: warehouse.finalize(stream, 1),
            lambda: warehouse.count_live("topic-a", [CountQuery(0, 0, NOON, "")], 1),
            lambda: warehouse.table_created(1),
        ):
            with pytest.raises(Unavailable):
                call()
    count = warehouse.finalize(stream, 30)  # the stopped service may yet have applied the append, or the finalize
    assert count in (1, 2)
    assert warehouse.count_live("topic-a", [CountQuery(0, 0, NOON, "")], 30) == {0: count}
    world.close()


@pytest.mark.fault
def test_rows_outlive_a_restart_of_the_emulator_and_streams_do_not(own_platform: RunningPlatform) -> None:
    world = EmulatorWorld(own_platform)
    stream = world.warehouse.open_stream(10)
    world.warehouse.append(stream, 0, block(1), 10)
    own_platform.restart_emulator()
    with pytest.raises((StreamNotFound, Unavailable)):  # the old connection breaks, or was noticed before
        world.warehouse.append(stream, 1, block(2), 10)
    with pytest.raises(StreamNotFound):
        world.warehouse.append(stream, 1, block(2), 10)
    with pytest.raises(StreamNotFound):
        world.warehouse.finalize(stream, 10)
    assert world.warehouse.highest_live("topic-a", 0, 10) == 1
    fresh = world.warehouse.open_stream(10)
    world.warehouse.append(fresh, 0, block(2), 10)
    assert world.offsets() == [1, 2]
    world.close()


@pytest.mark.fault
def test_a_dropped_connection_is_replaced_and_the_same_bytes_are_safe(own_platform: RunningPlatform) -> None:
    world = EmulatorWorld(own_platform)
    stream = world.warehouse.open_stream(10)
    for at in range(3):
        world.warehouse.append(stream, at, block(at), 10)
        world.warehouse.close_stream(stream)
        with pytest.raises(AlreadyExists) as raised:
            world.warehouse.append(stream, at, block(at), 10)
        assert raised.value.expected == at + 1
    assert world.offsets() == [0, 1, 2]
    world.close()


@pytest.mark.fault
def test_a_stopped_broker_stalls_no_call_beyond_its_limit(own_platform: RunningPlatform) -> None:
    world = KafkaWorld(own_platform.bootstrap_servers)
    member = Polling(world).join().until_holds(0, 1)
    member.broker.fetch_from({0: 0, 1: 0})
    world.produce(0, b"before")
    member.until(lambda: member.values.get(0))
    with stopped(own_platform.kafka_pid):
        with within(4):
            (answer,) = member.broker.commit_now({0: Commit(1, "unanswered")}, 1)
            assert answer.outcome is CommitOutcome.UNKNOWN
        with within(5), pytest.raises(BrokerError):
            member.broker.committed([0], 1)
        with within(5), pytest.raises(BrokerError):
            member.broker.unowned(1)  # answered behind its limit, which must not end the process
        member.broker.commit({1: Commit(5, "late")})
        with within(4):
            for _ in range(20):
                member.poll(0.1)
    member.until(lambda: member.commits)
    world.produce(0, b"after")
    member.until(lambda: member.values[0] == [b"before", b"after"])
    assert [kind for kind, _ in member.heard.events] == ["assigned"], "the session outlasts the stop"
    assert member.commits[0].outcome is CommitOutcome.APPLIED
    world.close()


@pytest.mark.long
@pytest.mark.fault
def test_a_restarted_broker_is_found_again(own_platform: RunningPlatform) -> None:
    world = KafkaWorld(own_platform.bootstrap_servers)
    member = Polling(world).join().until_holds(0, 1)
    member.broker.fetch_from({0: 0})
    world.produce(0, b"before")
    member.until(lambda: member.values.get(0))
    own_platform.restart_broker()
    world.produce(0, b"after")
    member.until(lambda: member.values[0] == [b"before", b"after"])
    member.broker.commit({0: Commit(2, "again")})
    member.until(lambda: member.commits)
    assert member.commits[0].outcome in (CommitOutcome.APPLIED, CommitOutcome.REBALANCING)
    world.close()
