"""`serve` as a process runs it: real clock, real threads, in-memory services; it ends when told to, drained."""

import itertools
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from runner_rig import Rig, event, fx_rates, merchants
from test_walking import Held

from streaming.adapters.clock import SystemClock
from streaming.adapters.heartbeat import HeartbeatFile
from streaming.adapters.journal import MemoryJournal
from streaming.adapters.memory_broker import MemoryBroker
from streaming.adapters.memory_cluster import MemoryCluster
from streaming.adapters.memory_warehouse import MemoryWarehouse
from streaming.runner.vitals import Vitals
from streaming.runner.world import World
from streaming.service import EXIT_REFUSED, StartRefused, _Beating, _loop, serve
from streaming.settings import Secret, Settings

pytestmark = pytest.mark.integration  # threads, a real clock, heartbeat files

RECORDS = 300


class StopsWhenLanded(MemoryWarehouse):
    """Sets `enough` once so many rows are landed."""

    def __init__(self, enough: threading.Event, *, clock: SystemClock) -> None:
        super().__init__(clock=clock)
        self.enough, self.landed = enough, 0

    def append(self, stream: str, offset: int, rows: bytes, timeout_s: float) -> None:
        super().append(stream, offset, rows, timeout_s)
        self.landed = sum(count for _, _, count in self.appends)
        if self.landed >= RECORDS:
            self.enough.set()


class Process:
    def __init__(self, folder):
        clock, self.stop = SystemClock(), threading.Event()
        self.cluster = MemoryCluster(partitions=3, clock=clock, waits=True)
        self.warehouse = StopsWhenLanded(self.stop, clock=clock)
        self.warehouse.reference.merchants, self.warehouse.reference.fx_rates = merchants("m-1"), fx_rates()
        for name in ("merchants", "fx_rates"):
            self.warehouse.reference.publish(name, "v1", clock.now())
        self.now = clock.now
        self.journal = MemoryJournal()
        self.pool = ThreadPoolExecutor(12)
        epochs = itertools.count()
        broker = MemoryBroker(self.cluster, "member-0")
        self.world = World(broker, self.warehouse, clock, self.journal, self.pool, lambda: f"epoch-{next(epochs)}")
        self.settings = Settings(mac_key=Secret("k" * 32), state_dir=str(folder))
        self.beats = folder / "heartbeats" / "member-0.json"

    def produce(self):
        for number in range(RECORDS):
            self.cluster.produce(number % 3, event(number, occurred_at=self.now().isoformat()))


@pytest.fixture
def process(tmp_path):
    process = Process(tmp_path)
    yield process
    process.pool.shutdown()


def test_it_lands_drains_and_says_so(process):
    process.produce()
    assert serve(process.world, process.settings, process.stop) == 0
    rows = process.warehouse.rows()
    assert rows.select("kafka_partition", "kafka_offset").unique().height == rows.height == RECORDS
    assert process.warehouse.open_streams == []
    assert sorted(commit.offset for commit in process.cluster.group.commits.values()) == [RECORDS // 3] * 3
    beat = json.loads(process.beats.read_text())
    assert (beat["state"], beat["rows_landed"], beat["by_status"]) == ("stopped", RECORDS, {"OK": RECORDS})
    assert beat["latency_ms"]["p95"] < 60_000


def test_it_ends_by_itself_where_every_partition_halts_at_once(process):
    process.produce()
    serve(process.world, process.settings, process.stop)
    process.stop.clear()
    process.warehouse.replace_table()
    with pytest.raises(
        StartRefused, match=r"halted: the landing table was replaced.*recover.*and 2 more partitions"
    ) as refused:
        serve(process.world, process.settings, process.stop)
    assert refused.value.code == EXIT_REFUSED
    beat = json.loads(process.beats.read_text())
    assert beat["state"] == "halted"
    assert [halt["reason"] for halt in beat["halts"]] == ["TABLE_REPLACED"] * 3


def test_a_refused_start_leaves_nothing_behind(process):
    process.cluster.cleanup_policy = "compact"
    with pytest.raises(StartRefused):
        serve(process.world, process.settings, process.stop)
    assert process.cluster.group.members == {}


def test_the_loop_tells_the_watchdog_of_the_walk_under_way(tmp_path):
    rig = Rig(partitions=1)
    rig.walker = Held()
    consumer = rig.start()
    rig.turn(6)
    rig.produce(0, 5)
    rig.turn(2)
    stop, told = threading.Event(), []

    def turned(walking_since):
        told.append(walking_since)
        stop.set()

    beats = HeartbeatFile(tmp_path, "member-0")
    beats.prepare()
    world = rig.world("member-0")
    _loop(consumer, _Beating(Vitals(consumer, world, "member-0"), beats, world), stop, turned)
    assert told == [consumer.walking_since]
    assert None not in told
