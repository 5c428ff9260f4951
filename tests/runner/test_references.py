"""Reference data: loaded before the first window, swapped between windows, kept when a newer one will not load."""

from concurrent.futures import Executor, Future
from datetime import timedelta

import pytest
from runner_rig import START, fx_rates, merchants

from streaming.adapters.clock import ManualClock
from streaming.adapters.journal import MemoryJournal
from streaming.adapters.memory_faults import Effect, Fault
from streaming.adapters.memory_warehouse import MemoryWarehouse
from streaming.ports import Unavailable
from streaming.reference.tables import ReferenceError
from streaming.runner.references import References
from streaming.runner.world import AtOnce

EVERY_S = 10.0


class Later(Executor):
    """A pool that works when it is told to."""

    def __init__(self):
        self.waiting = []

    def submit(self, fn, /, *args, **kwargs):
        future = Future()
        self.waiting.append((future, fn))
        return future

    def work(self):
        for future, fn in self.waiting:
            future.set_result(fn())
        self.waiting.clear()


class Published:
    def __init__(self, pool=None):
        self.clock, self.journal, self.warehouse = ManualClock(START), MemoryJournal(), MemoryWarehouse()
        self.warehouse.reference.merchants, self.warehouse.reference.fx_rates = merchants("m-1"), fx_rates()
        self.references = References(self.warehouse, pool or AtOnce(), self.clock, self.journal, EVERY_S)

    def publish(self, version):
        for name in ("merchants", "fx_rates"):
            self.warehouse.reference.publish(name, version, self.clock.now())

    def in_use(self):
        self.references.current()  # this look starts, the next one takes over
        return self.references.current().merchants_version


@pytest.fixture
def world():
    world = Published()
    world.publish("v1")
    world.references.load()
    return world


def test_the_first_load(world):
    assert world.in_use() == "v1"


def test_nothing_published_is_said_by_name():
    with pytest.raises(ReferenceError, match="merchants and fx_rates"):
        Published().references.load()


def test_a_newer_version_is_taken_over(world):
    world.clock.advance(1)
    world.publish("v2")
    assert world.in_use() == "v1"
    world.clock.advance(EVERY_S)
    assert world.in_use() == "v2"
    assert ("reference_loaded", {"merchants": "v2", "fx_rates": "v2"}) in world.journal.events


def test_the_old_version_goes_on_while_the_new_one_loads():
    pool = Later()
    world = Published(pool)
    world.publish("v1")
    world.references.load()
    world.clock.advance(EVERY_S)
    world.publish("v2")
    assert [world.in_use(), world.in_use()] == ["v1", "v1"]
    assert len(pool.waiting) == 1
    pool.work()
    assert world.in_use() == "v2"


@pytest.mark.parametrize("operation", ["reference_versions", "load_merchants", "load_fx_rates"])
def test_a_load_that_fails_keeps_the_old_version_and_is_tried_again(world, operation):
    world.clock.advance(EVERY_S)
    world.publish("v2")
    world.warehouse.script(Fault(operation, Effect.LOSE_ANSWER if operation == "x" else Effect.LOSE_REQUEST))
    assert world.in_use() == "v1"
    assert world.journal.events[-1][0] == "reference_not_loaded"
    world.clock.advance(EVERY_S)
    assert world.in_use() == "v2"


def test_a_version_that_must_not_be_used_is_not(world):
    world.clock.advance(EVERY_S)
    twice = merchants("m-1", "m-1")
    world.warehouse.reference.merchants = twice
    world.publish("v2")
    assert world.in_use() == "v1"
    assert "begin together" in str(world.journal.events[-1][1]["why"])


def test_an_unanswered_first_load_is_the_callers():
    world = Published()
    world.publish("v1")
    world.warehouse.down = True
    with pytest.raises(Unavailable):
        world.references.load()


def test_the_same_version_is_not_loaded_again(world):
    for _ in range(3):
        world.clock.advance(EVERY_S + timedelta(seconds=1).total_seconds())
        world.in_use()
    assert not [event for event, _ in world.journal.events if event == "reference_loaded"]
