"""From the first payment to the audit, on a platform and consumers that are ready."""

import time
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Final

import polars as pl

from sandbox.demo import latency, questions, report
from sandbox.demo.control import ControlPlane, Replay
from sandbox.demo.failure import DemoFailed
from sandbox.demo.members import Members
from sandbox.demo.options import PARTITIONS, Options
from sandbox.demo.positions import Positions
from sandbox.demo.preparing import client_of
from sandbox.demo.probe import Probe
from sandbox.demo.producing import Order, Source
from sandbox.demo.samples import Sightings
from sandbox.demo.screen import Screen
from sandbox.demo.site import Health
from sandbox.demo.stream import Stream
from sandbox.platform.instance import PlatformFacts

if TYPE_CHECKING:
    from audit.model import Report as Audit

GROUP: Final = "tidemark"
"""Default consumer group of `Settings`."""


class Show:
    """From the first payment to the audit, on a platform and consumers that are ready."""

    def __init__(
        self,
        options: Options,
        facts: PlatformFacts,
        *,
        source: Source,
        members: Members,
        plane: ControlPlane,
        screen: Screen,
    ) -> None:
        self._options, self._facts, self._source, self._members = options, facts, source, members
        self._plane, self._screen = plane, screen
        self._positions = Positions(facts.bootstrap_servers, facts.topic, PARTITIONS, GROUP)
        self._seen = Sightings()
        self._first_day: date = datetime.now(UTC).date()
        connect = lambda: client_of(facts)  # noqa: E731  # a thread of the probe makes its own client
        self._probe = Probe(connect, facts.dataset, self._first_day, self._positions.logged, self._seen)
        self._stream = Stream(
            options,
            members,
            source,
            self._seen,
            show=screen.show,
            healthy=Health(facts, plane).check,
            trouble=lambda: self._probe.trouble,
            address=plane.address,
        )
        members.say = self._stream.happened

    def run(self, started_at: float) -> tuple[report.Evidence, list[questions.Example]]:
        """Produce, drain, audit, replay; the members run on. Raises DemoFailed."""
        began_us, began, cpu = time.time_ns() // 1_000, time.monotonic(), self._members.usage.cpu_s
        self._probe.start()
        self._source.order(self._order())
        summary = self._stream.flow()
        missing = self._stream.drain(self._positions)
        window_s = time.monotonic() - began
        self._probe.stop()
        self._screen.rest()
        spent, resident = self._spent(cpu, window_s), self._plane.resident_bytes()
        audit = self._audit()
        blocks, examples, landed = self._asked()
        replay = self._replay()
        first_us = self._seen.first_row_us
        evidence = report.Evidence(
            options=self._options,
            began_us=began_us,
            summary=summary,
            events=self._events(blocks),
            samples=self._seen.samples(),
            blocks=blocks,
            censuses=self._seen.censuses(),
            kills=self._stream.kills,
            spent=spent,
            to_first_row_s=(first_us / 1e6 if first_us else time.time()) - started_at,
            total_s=time.time() - started_at,
            probe_busy_s=self._probe.busy_s,
            missing=missing,
            audit=audit,
            replay=replay,
            landed=landed,
            plane_bytes=resident,
        )
        return evidence, examples

    def _replay(self) -> Replay:
        """Its own day, or both at midnight: decoded again from Kafka, compared with what the stream landed."""
        last = datetime.now(UTC).date()
        days = str(self._first_day) if last == self._first_day else f"{self._first_day} to {last}"
        self._screen.say(f"{self._stream.elapsed_s:6.1f} s  replay of {days} from Kafka")
        return self._plane.replay(self._first_day, last)

    def _asked(self) -> tuple[pl.DataFrame, list[questions.Example], dict[date, int]]:
        from google.api_core.exceptions import GoogleAPICallError, RetryError

        from assets.warehouse.refusals import said_by

        client, dataset = client_of(self._facts), self._facts.dataset
        try:
            return (
                questions.blocks(client, dataset, self._first_day),
                questions.examples(client, dataset, self._first_day),
                questions.landed(client, dataset, self._first_day, datetime.now(UTC).date()),
            )
        except (GoogleAPICallError, RetryError, OSError) as error:
            log = self._facts.state / "logs" / "bigquery.log"
            raise DemoFailed(f"the emulator did not answer: {said_by(error)}; its log: {log}") from None

    def _order(self) -> Order:
        options, facts = self._options, self._facts
        return Order(
            bootstrap=facts.bootstrap_servers,
            topic=facts.topic,
            mac_key=facts.environment()["TIDEMARK_MAC_KEY"],
            rate=options.rate,
            seconds=options.seconds,
            seed=options.seed,
            bad=options.bad,
            duplicates=options.duplicates,
            late=options.late,
        )

    def _spent(self, cpu_before: float, window_s: float) -> report.Spent:
        usage = self._members.usage
        return report.Spent(
            cpu_s=usage.cpu_s,
            startup_cpu_s=usage.startup_cpu_s,
            window_cpu_s=usage.cpu_s - cpu_before,
            window_s=window_s,
            peak_rss_bytes=usage.peak_rss_bytes,
            producer_cpu_s=(self._source.summary or {}).get("cpu_seconds", 0.0),
        )

    def _events(self, blocks: pl.DataFrame) -> pl.DataFrame:
        tail = self._stream.tail
        if tail is None:
            raise DemoFailed(f"no ledger in {self._source.ledger_dir}")
        tail.read()
        seen = latency.with_queryable(latency.measured(tail.records()), self._seen.samples())
        return latency.with_loaded(seen, blocks)

    def _audit(self) -> "Audit":
        from audit.bigquery import BigQueryReader
        from audit.kafka import KafkaGroupReader
        from audit.model import AuditError
        from audit.run import run as audit

        facts, ledger = self._facts, self._source.ledger()
        try:
            return audit(
                [ledger] if ledger else [],
                BigQueryReader(facts.project, facts.dataset, facts.rest_endpoint, facts.grpc_endpoint),
                KafkaGroupReader(facts.bootstrap_servers, GROUP, facts.topic),
                say=lambda line: self._screen.say(f"{self._stream.elapsed_s:6.1f} s  audit: {line}"),
                seconds=time.monotonic,
            )
        except AuditError as error:
            raise DemoFailed(f"the audit could not be held: {error}") from None
