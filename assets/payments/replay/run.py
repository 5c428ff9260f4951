"""Replay days: read, make anew, fill the shadow table, compare, publish. The one way for shell, demo and Dagster."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

import polars as pl

from assets.payments.batch_warehouse import BatchWarehouse
from assets.payments.replay.ask import ask, published
from assets.payments.replay.code_version import code_version
from assets.payments.replay.difference import VALUES, Difference, difference_of, difference_sql
from assets.payments.replay.enrich_again import enrich_again
from assets.payments.replay.fingerprint import INPUT, Fingerprint
from assets.payments.replay.manifest import Counted, Manifest
from assets.payments.replay.options import Options, ReplayRefused
from assets.payments.replay.pace import TokenBucket
from assets.payments.replay.pins import Pins, pin
from assets.payments.replay.publish import Place, publish, refusal
from assets.payments.replay.ranges import OffsetRange, ranges_of, ranges_sql, rows_of
from assets.payments.replay.read_kafka import Windows, of_day, require_in_log, walked
from assets.payments.replay.read_landing import Scan, copied, copy_sql, stored
from assets.payments.replay.shadow import KEPT, MAX_FILE_BYTES, Shadow, shadow_name
from assets.payments.superseding import COORDINATES
from assets.warehouse.client import CALL_TIMEOUT_S
from streaming.ports import Broker, Clock, Warehouse, WarehouseError
from streaming.reference.tables import Reference
from streaming.settings import Settings
from streaming.walk import Policy

if TYPE_CHECKING:
    from google.cloud.bigquery import Client  # noqa: TID251  # a type only: whoever has a client has paid the import

WINDOW_ROWS: Final = 10_000
"""Records in memory at once; at a low rate one second's, so that no wait is long."""
SAY_EVERY_S: Final = 2.0
_MADE: Final = (*COORDINATES, *VALUES)

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Tools:
    """What a replay works with. `broker` and `windows` are asked only with source `kafka`."""

    client: "Client"
    warehouse: Warehouse
    batch: BatchWarehouse
    clock: Clock
    sleep: Callable[[float], None]
    """Waits so many seconds."""
    broker: Callable[[], Broker]
    windows: Callable[[str], Windows]
    """A reader of its own for a replay's id."""
    scan: Scan
    """Asked for only with source `landing`."""


@dataclass(frozen=True, slots=True)
class DayReplayed:
    """What became of one day."""

    manifest: Manifest
    difference: Difference
    published: int | None = None
    """Rows appended; None if that was not asked for or was refused."""
    refused: str | None = None
    """Why nothing was published although it was asked for."""

    @property
    def day(self) -> date:
        """The business date."""
        return self.manifest.day

    @property
    def passed(self) -> bool:
        """Whether every difference is explained and what was asked for was done."""
        return not self.difference.unexplained and self.refused is None


def run_replay(
    settings: Settings,
    days: Sequence[date],
    options: Options,
    say: Say,
    tools: Tools,
    *,
    on_day: Callable[[DayReplayed], None] = lambda done: None,
) -> list[DayReplayed]:
    """Replay these business dates, all with the same versions; `on_day` hears of each as it is done.

    Unexplained differences are a result, no error. Raises ReplayRefused, SettingsError, ReferenceError,
    WarehouseError, BrokerError: days that were done before stay done, the same id repeats the others.
    """
    policy = Policy.of(settings) if options.source == "kafka" else None
    dataset = f"{settings.bigquery_project}.{settings.bigquery_dataset}"
    pins = pin(published(tools.client, dataset), options)
    if options.publish and pins.older:
        raise ReplayRefused(f"nothing is published: {refusal(pins, Difference())}")
    reference = load(tools.warehouse, pins)
    done = []
    for day in days:
        replay = _Replay(settings, options, tools, say, dataset, pins, reference, policy)
        done.append(replay.of(day))
        on_day(done[-1])
    return done


def load(warehouse: Warehouse, pins: Pins) -> Reference:
    """The pinned versions. Raises ReferenceError, WarehouseError."""
    return Reference.build(
        warehouse.load_merchants(pins.merchants, CALL_TIMEOUT_S),
        warehouse.load_fx_rates(pins.fx_rates, CALL_TIMEOUT_S),
        pins.merchants,
        pins.fx_rates,
    )


@dataclass(frozen=True, slots=True)
class _Replay:
    settings: Settings
    options: Options
    tools: Tools
    say: Say
    dataset: str
    pins: Pins
    reference: Reference
    policy: Policy | None

    def of(self, day: date) -> DayReplayed:
        tools, options = self.tools, self.options
        ranges = ranges_of(ask(tools.client, f"ranges of {day}", ranges_sql(self.dataset, day)))
        if self.policy is not None and ranges:
            require_in_log(tools.broker(), ranges)
        shadow = Shadow(
            tools.client, self.dataset, options.replay_id, day, tools.clock.now(),
            rows=rows_of(ranges), most_bytes=MAX_FILE_BYTES if self.settings.bigquery_rest_endpoint else None,
        )  # fmt: skip
        taken, made = self._fill(day, ranges, shadow)
        self.say(f"{day}: {made.rows:,} rows made, comparing")
        difference = self._compare(day, ranges, shadow.name, made)
        manifest = Manifest(
            day, options, self.pins, self.settings.reporting_currency, ranges, taken, made,
            code_version(), shadow.name, tools.clock.now(),
        )  # fmt: skip
        return self._published(DayReplayed(manifest, difference))

    def _fill(self, day: date, ranges: tuple[OffsetRange, ...], shadow: Shadow) -> tuple[Counted, Counted]:
        """Read at the wanted rate and fill the shadow table. Returns input and output of the day."""
        taken, made = Fingerprint(INPUT), Fingerprint(_MADE)
        for rows in self._paced(day, ranges):
            kept = of_day(rows, day)
            taken.add(kept)
            made.add(kept)
            shadow.add(kept)
        shadow.finish()
        return Counted(taken.rows, taken.hexdigest()), Counted(made.rows, made.hexdigest())

    def _paced(self, day: date, ranges: tuple[OffsetRange, ...]) -> Iterator[pl.DataFrame]:
        clock, rate = self.tools.clock, self.options.rate
        bucket, read, said = TokenBucket(rate, rate, clock.monotonic()), 0, clock.monotonic()
        from_kafka = self.policy is not None
        total = sum(each.span if from_kafka else each.rows for each in ranges)
        for rows in self._read(day, ranges, max(1, min(WINDOW_ROWS, int(rate)))):
            yield rows
            read += rows.height
            if clock.monotonic() - said >= SAY_EVERY_S:
                said = clock.monotonic()
                self.say(f"{day}: {read:,} of {total:,} {'offsets' if from_kafka else 'records'} read")
            if (wait := bucket.take(rows.height, clock.monotonic())) > 0:
                self.tools.sleep(wait)

    def _read(self, day: date, ranges: tuple[OffsetRange, ...], max_rows: int) -> Iterator[pl.DataFrame]:
        if self.policy is not None:
            windows = self.tools.windows(self.options.replay_id)
            yield from walked(windows, ranges, max_rows, self.reference, self.policy)
            return
        copy = f"{shadow_name(self.options.replay_id, day)}_landed"
        sql = copy_sql(self.dataset, copy, day, ranges, self.tools.clock.now() + KEPT)
        with copied(self.tools.client, self.dataset, copy, sql, rows_of(ranges)):
            for rows in stored(self.tools.scan, copy, ranges, max_rows):
                yield enrich_again(rows, self.reference, self.settings.reporting_currency)

    def _compare(self, day: date, ranges: tuple[OffsetRange, ...], shadow: str, made: Counted) -> Difference:
        sql = difference_sql(self.dataset, shadow, day, ranges)
        found = difference_of(ask(self.tools.client, f"comparison of {day}", sql, rows_of(ranges)))
        if found.replayed != made.rows:
            raise WarehouseError(
                f"{shadow} holds {found.replayed:,} rows, {made.rows:,} were loaded: does another process use the id?"
            )
        return found

    def _published(self, done: DayReplayed) -> DayReplayed:
        if not self.options.publish:
            return done
        if (why := refusal(self._as_of_now(), done.difference)) is not None:
            return DayReplayed(done.manifest, done.difference, refused=why)
        place = Place(self.dataset, done.manifest.shadow, done.day, done.manifest.ranges, self.options.replay_id)
        rows = publish(self.tools.client, self.tools.batch, place, self.tools.clock.now())
        return DayReplayed(done.manifest, done.difference, published=rows)

    def _as_of_now(self) -> Pins:
        """The same versions beside the newest ones of this moment: one may have come while the day was replayed."""
        newest = pin(published(self.tools.client, self.dataset), Options(self.options.replay_id))
        return Pins(self.pins.merchants, self.pins.fx_rates, newest.newest_merchants, newest.newest_fx_rates)
