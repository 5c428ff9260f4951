"""`python -m streaming`: wire the adapters, refuse what cannot work, run one member until told to stop."""

import contextlib
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NoReturn

from streaming.adapters.clock import SystemClock
from streaming.adapters.heartbeat import EVERY_S, NO_SPACE, HeartbeatFile
from streaming.adapters.journal import JsonJournal
from streaming.adapters.lease import NO_LOCKS, LeaseHeld, take
from streaming.member_process import EXIT_LEASE_HELD, EXIT_REFUSED, EXIT_UNAVAILABLE
from streaming.ports import (
    AccessDenied,
    Broker,
    BrokerError,
    BrokerRefused,
    Clock,
    Journal,
    NoCredentials,
    TopicFacts,
    TopicMissing,
    Unavailable,
    Warehouse,
    WarehouseError,
)
from streaming.reference.tables import ReferenceError
from streaming.runner.consumer import Consumer
from streaming.runner.references import References
from streaming.runner.vitals import Vitals
from streaming.runner.world import World
from streaming.settings import Settings, SettingsError
from streaming.stages.plan import arrow_schema

START_S: Final = 10.0
"""Time limit of each first call to Kafka and BigQuery: a wrong address shows within it."""
START_PATIENCE_S: Final = 20.0
"""How long a start goes on asking services that do not answer, before it leaves the next try to a supervisor."""
WEDGED_S: Final = 60.0
"""A loop that has not turned for so long, or a window that has been walked for so long (12 s for the worst payloads
known, three times that on slow machines), is stuck: the process ends, a supervisor starts another."""
THREADS: Final = 24
"""Waiting calls at most: an append, a finalize or a query each; they sleep nearly always."""


class StartRefused(Exception):
    """The consumer will not start like this. One line that says why and what to do."""

    def __init__(self, message: str, code: int = EXIT_REFUSED) -> None:
        super().__init__(message)
        self.code = code


def run(settings: Settings, stop: threading.Event) -> int:
    """Run one member until `stop` is set. Returns the exit code. Raises StartRefused, SettingsError."""
    from streaming.adapters.bigquery import BigQueryWarehouse
    from streaming.adapters.failpoints import passing
    from streaming.adapters.kafka import KafkaBroker

    settings.require("kafka_bootstrap", "bigquery_project", "mac_key")
    clock, journal = SystemClock(), JsonJournal(SystemClock())
    _hold_lease(settings, journal)
    pool = ThreadPoolExecutor(THREADS, thread_name_prefix="tidemark")
    broker = KafkaBroker(settings, on_log=lambda line: journal.say("kafka", level="warning", line=line))
    steps = passing(settings.failpoint, journal)
    warehouse = BigQueryWarehouse(settings, arrow_schema(), passing=steps)
    walker = ThreadPoolExecutor(1, thread_name_prefix="walk")
    world = World(broker, warehouse, clock, journal, pool, new_epoch, walker=walker, passing=steps)
    try:
        return serve(world, settings, stop)
    finally:
        warehouse.close()
        for executor in (pool, walker):
            executor.shutdown(wait=False, cancel_futures=True)


def _hold_lease(settings: Settings, journal: Journal) -> None:
    """Become this machine's only process of the member, until it ends; without room for the file, or a
    filesystem that knows locks, go on without.

    Raises StartRefused if another process is, SettingsError for a folder that cannot be written.
    """
    try:
        take(Path(settings.state_dir), settings.member)
    except LeaseHeld as error:
        raise StartRefused(str(error), EXIT_LEASE_HELD) from None
    except OSError as error:
        if error.errno not in NO_SPACE | NO_LOCKS:
            raise _not_writable(Path(settings.state_dir), error) from None
        journal.say("lease_not_taken", level="warning", why=str(error))


def leave(code: int) -> NoReturn:
    """End the process now: the interpreter would wait for every call that a silent service still holds."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # a full disk; the exit code must not depend on it
            stream.flush()
    os._exit(code)


def last_words(message: str) -> None:
    """Say on stderr why the process ends. Where that cannot be written, the exit code still tells."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(f"tidemark: {message}\n")
        sys.stderr.flush()


def new_epoch() -> str:
    """A UUIDv7: sorts by time, needs no coordination, cannot restart from one."""
    from uuid_utils import uuid7

    return str(uuid7())


def serve(world: World, settings: Settings, stop: threading.Event) -> int:
    """The life of a member on whatever adapters it is given."""
    beats = _heartbeat_file(settings, world.journal)
    references = References(world.warehouse, world.pool, world.clock, world.journal, settings.reference_poll_s)
    topic = _patiently(world, stop, lambda: _first_answers(world, settings, references))
    consumer = Consumer(world, settings, topic, references)
    beating = _Beating(Vitals(consumer, world, settings.member), beats, world)
    with Watchdog(world.clock, world.journal) as watchdog:
        consumer.start()
        _loop(consumer, beating, stop, watchdog.turned)
    if (why := consumer.rivals.found()) is not None:
        raise StartRefused(_rival(settings, why), EXIT_LEASE_HELD)
    refusal = _refusal(consumer) if consumer.refused() else None
    if refusal is None:
        beating.now("draining")
    consumer.stop()
    if refusal is not None:  # the last heartbeat goes on showing what halted
        raise StartRefused(refusal)
    beating.now("stopped")
    world.journal.say("stopped", rows_landed=consumer.meters.rows_landed)
    return 0


def _heartbeat_file(settings: Settings, journal: Journal) -> HeartbeatFile:
    """Raises SettingsError for a folder that cannot be written, unless only space is missing."""
    beats = HeartbeatFile(Path(settings.state_dir), settings.member)
    try:
        beats.prepare()
    except OSError as error:
        if error.errno not in NO_SPACE:
            raise _not_writable(beats.path.parent, error) from None
        journal.say("heartbeat_not_written", level="warning", why=str(error))
    return beats


def _not_writable(folder: Path, error: OSError) -> SettingsError:
    why = f"no heartbeat can be written to {folder} ({error.strerror})"
    return SettingsError(f"TIDEMARK_STATE_DIR: {why}; name a folder this user may write")


def _rival(settings: Settings, why: str) -> str:
    return (
        f"another process plays {settings.member} of group {settings.kafka_group} on another machine or in another "
        f"folder, and each puts the other out; stop one, or set another TIDEMARK_MEMBER ({why.rpartition(': ')[2]})"
    )


def _refusal(consumer: Consumer) -> str:
    halts = [str(lane.partition.halt or lane.denied) for lane in consumer.lanes if lane.partition.halt or lane.denied]
    others = f" (and {len(halts) - 1} more partitions)" if len(halts) > 1 else ""
    return f"{halts[0]}{others}"


class _Beating:
    """Writes the heartbeat when it is time."""

    def __init__(self, vitals: Vitals, beats: HeartbeatFile, world: World) -> None:
        self._vitals, self._beats, self._world = vitals, beats, world
        self._next = 0.0
        self._shown = ""
        self._missed = 0

    def if_due(self) -> bool:
        """Write it once a second, and as soon as the state changes. Returns whether it was written."""
        now, state = self._world.clock.monotonic(), self._vitals.state()
        if now < self._next and state == self._shown:
            return False
        self._next, self._shown = now + EVERY_S, state
        self.now()
        return True

    def now(self, state: str | None = None) -> None:
        """Write it at once; `state` overrides what the partitions say."""
        try:
            self._beats.write(self._vitals.beat(state))
        except OSError as error:  # a full disk must not stop payments, nor their drain
            self._missed += 1
            if self._missed == 1:
                self._world.journal.say("heartbeat_not_written", level="warning", why=str(error))
        else:
            if self._missed:
                self._world.journal.say("heartbeat_written_again", missed=self._missed)
            self._missed = 0


def _loop(consumer: Consumer, beating: _Beating, stop: threading.Event, turned: Callable[[float | None], None]) -> None:
    """Turn until told to stop, until every partition halted before it delivered anything, or for a rival."""
    while not stop.is_set():
        consumer.turn()
        turned(consumer.walking_since)
        if consumer.rivals.found():
            return
        if beating.if_due() and consumer.refused():
            return


def _patiently(world: World, stop: threading.Event, ask: Callable[[], TopicFacts]) -> TopicFacts:
    """Ask again while services do not answer, for START_PATIENCE_S. Raises StartRefused."""
    deadline = world.clock.monotonic() + START_PATIENCE_S
    while True:
        try:
            return ask()
        except StartRefused as refused:
            if refused.code != EXIT_UNAVAILABLE or world.clock.monotonic() >= deadline or stop.wait(1.0):
                raise
            world.journal.say("waiting_for_services", level="warning", why=str(refused))


def _first_answers(world: World, settings: Settings, references: References) -> TopicFacts:
    """The topic's facts, with the landing table seen and reference data loaded, asked side by side."""
    asking = world.pool.submit(start_facts, world.broker, world.warehouse, settings)
    loading = world.pool.submit(references.load)
    facts = asking.result()
    try:
        loading.result()
    except Unavailable as error:
        raise StartRefused(f"cannot load reference data: {error}", EXIT_UNAVAILABLE) from error
    except AccessDenied as error:
        raise StartRefused(f"cannot load reference data: {error}") from error
    except (WarehouseError, ReferenceError) as error:
        hint = "publish them first (in a sandbox: `tidemark seed`)"
        raise StartRefused(f"cannot load reference data: {error}; {hint}") from error
    return facts


def start_facts(broker: Broker, warehouse: Warehouse, settings: Settings) -> TopicFacts:
    """What the topic is; raises StartRefused where counting records would be unsound or nothing answers."""
    where = settings.bigquery_rest_endpoint or "BigQuery"
    try:
        facts = broker.topic(START_S)
        warehouse.table_created(START_S)
    except TopicMissing as error:
        raise StartRefused(f"{error}; create it, or mend TIDEMARK_KAFKA_TOPIC") from error
    except BrokerRefused as error:
        raise StartRefused(str(error)) from error
    except BrokerError as error:
        raise StartRefused(str(error), EXIT_UNAVAILABLE) from error
    except Unavailable as error:
        raise StartRefused(f"BigQuery at {where} does not answer: {error}", EXIT_UNAVAILABLE) from error
    except AccessDenied as error:
        raise StartRefused(f"BigQuery at {where}: {error}") from error
    except NoCredentials as error:
        raise StartRefused(str(error)) from error
    except WarehouseError as error:
        raise StartRefused(f"landing table at {where}: {error}; is it there? (`tidemark migrate`)") from error
    _countable(facts, settings.kafka_topic)
    return facts


def _countable(facts: TopicFacts, topic: str) -> None:
    if facts.cleanup_policy != "delete":
        raise StartRefused(
            f"topic {topic} has cleanup.policy={facts.cleanup_policy}: a compacted topic delivers other records the "
            "second time; use a topic with cleanup.policy=delete"
        )
    if facts.timestamp_type != "LogAppendTime":
        raise StartRefused(
            f"topic {topic} has message.timestamp.type={facts.timestamp_type}; set it to LogAppendTime: business "
            "dates and latencies rest on the broker's clock"
        )


class Watchdog:
    """Ends the process when its loop or a walk is stuck; within them, nothing could."""

    def __init__(self, clock: Clock, journal: Journal) -> None:
        self._clock, self._journal = clock, journal
        self._last = clock.monotonic()
        self._walk: float | None = None
        self._end = threading.Event()

    def turned(self, walking_since: float | None) -> None:
        """The loop is alive, and a window has been walked since then."""
        self._last, self._walk = self._clock.monotonic(), walking_since

    def stuck(self) -> str | None:
        """`loop` or `walk`: what has gone on for longer than WEDGED_S."""
        now, walk = self._clock.monotonic(), self._walk
        if now - self._last > WEDGED_S:
            return "loop"
        return "walk" if walk is not None and now - walk > WEDGED_S else None

    def __enter__(self) -> "Watchdog":
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()

    def _watch(self) -> None:
        while not self._end.wait(1.0):
            if (what := self.stuck()) is not None:
                self._journal.say("wedged", level="error", what=what, seconds=WEDGED_S)
                os._exit(70)
