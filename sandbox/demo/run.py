"""The demo from start to report: platform, reference data, consumers, payments, a kill, the drain, the audit."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sandbox.demo import latency, questions, report
from sandbox.demo.consumers import Crew
from sandbox.demo.failure import DemoFailed
from sandbox.demo.folder import FolderTaken, fresh
from sandbox.demo.options import PARTITIONS, Options
from sandbox.demo.positions import Positions
from sandbox.demo.probe import Probe
from sandbox.demo.producing import Order, Source
from sandbox.demo.samples import Sightings
from sandbox.demo.screen import Screen
from sandbox.demo.site import Health, platform
from sandbox.demo.stream import Stream
from sandbox.demo.verdict import verdict
from sandbox.platform.instance import PlatformFacts

if TYPE_CHECKING:
    from google.cloud.bigquery import Client

    from audit.model import Report as Audit
    from sandbox.seed import Frames

READY_WITHIN_S: Final = 60.0
GROUP: Final = "tidemark"
"""Default consumer group of `Settings`."""


@dataclass(frozen=True, slots=True)
class _Warm:
    """What was made while Kafka and the emulator started."""

    frames: "Frames"
    now: datetime


def run(options: Options, screen: Screen, environment: Mapping[str, str], started_at: float) -> dict[str, Any]:
    """Run a demo and return its report, which is also in `<state>/report.json`.

    `environment` is the process environment, `started_at` when the command began, in seconds since the epoch.
    Raises DemoFailed.
    """
    try:
        state = fresh(options.state)
    except FolderTaken as error:
        raise DemoFailed(str(error)) from None
    with ThreadPoolExecutor(1, thread_name_prefix="warm-up") as pool:
        warm = pool.submit(_warm_up, options.seed)
        with platform(state, options.keep, screen.say) as facts, screen:
            return _on_platform(
                options, facts, warm=warm, screen=screen, environment=environment, started_at=started_at
            )


def _warm_up(seed: int) -> _Warm:
    """Import what takes long and make the world's reference data."""
    from sandbox.seed import frames

    now = datetime.now(UTC)
    made = frames(seed, now)
    from google.cloud import bigquery, bigquery_storage_v1  # noqa: F401  # the import is the point

    return _Warm(made, now)


def _on_platform(
    options: Options,
    facts: PlatformFacts,
    *,
    warm: "Future[_Warm]",
    screen: Screen,
    environment: Mapping[str, str],
    started_at: float,
) -> dict[str, Any]:
    source = Source(facts.state, environment)
    crew = Crew(facts.state, {**environment, **facts.environment()}, options.members, screen.say)
    try:
        made = warm.result()
        _publish(facts, options.seed, made, screen.say)
        crew.start()
        _await_ready(crew, facts, screen.say)
        show = _Show(options, facts, source, crew, screen)
        evidence, examples = show.run(started_at)
    finally:
        source.end()
        crew.terminate()
    content = report.build(evidence)
    path = facts.state / "report.json"
    path.write_text(json.dumps(content, indent=2) + "\n")
    screen.print(verdict(content, examples, _shown(path), screen.console.width))
    if options.keep:
        _leave_consuming(facts.state, options.members, environment)
        where = f" --state {_shown(facts.state)}"
        screen.print(
            f"Kafka, the emulator and {options.members} consumer(s) go on. Look with  tidemark status{where}\n"
            f'and  tidemark query{where} "SELECT ... FROM payments WHERE business_date = CURRENT_DATE()"\n'
            f"Send more with  tidemark produce{where}  and end it all with  tidemark down{where}"
        )
    return content


def _leave_consuming(state: Path, members: int, environment: Mapping[str, str]) -> None:
    """Start consumers that outlive us; they end with the platform."""
    command = [sys.executable, "-m", "orchestration.cli", "consume", "--members", str(members), "--state", str(state)]
    with (state / "logs" / "consumer.log").open("ab") as log:
        subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=dict(environment), start_new_session=True
        )


def _publish(facts: PlatformFacts, seed: int, warm: _Warm, say: Callable[[str], None]) -> None:
    from assets.warehouse.migrate import migrate
    from sandbox.seed import seed as publish

    client = _client(facts)
    migrate(client, facts.project, facts.dataset, lambda _: None)
    publish(client, facts.dataset, seed, warm.now, say, made=warm.frames)


def _client(facts: PlatformFacts) -> "Client":
    from assets.warehouse.client import connect

    return connect(facts.project, facts.rest_endpoint)


def _await_ready(crew: Crew, facts: PlatformFacts, say: Callable[[str], None]) -> None:
    say(f"starting {len(crew.members)} consumer{'s' if len(crew.members) > 1 else ''}")
    health, deadline = Health(facts), time.monotonic() + READY_WITHIN_S
    while not crew.ready():
        crew.tend()
        health.check()
        if refusals := crew.refusals():
            raise DemoFailed(f"{refusals[0]}; its log is in {facts.state / 'logs'}")
        if time.monotonic() > deadline:
            raise DemoFailed(f"no consumer was ready within {READY_WITHIN_S:.0f} s: see {crew.members[0].log}")
        time.sleep(0.05)


def _shown(path: Path) -> str:
    """The path as somebody in this folder would type it."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


class _Show:
    """From the first payment to the audit, on a platform and consumers that are ready."""

    def __init__(self, options: Options, facts: PlatformFacts, source: Source, crew: Crew, screen: Screen) -> None:
        self._options, self._facts, self._source, self._crew, self._screen = options, facts, source, crew, screen
        self._positions = Positions(facts.bootstrap_servers, facts.topic, PARTITIONS, GROUP)
        self._seen = Sightings()
        self._first_day: date = datetime.now(UTC).date()
        connect = lambda: _client(facts)  # noqa: E731  # a thread of the probe makes its own client
        self._probe = Probe(connect, facts.dataset, self._first_day, self._positions.logged, self._seen)
        self._stream = Stream(
            options,
            crew,
            source,
            self._seen,
            show=screen.show,
            healthy=Health(facts).check,
            trouble=lambda: self._probe.trouble,
        )
        crew.say = self._stream.happened

    def run(self, started_at: float) -> tuple[report.Evidence, list[questions.Example]]:
        """Produce, drain, stop the consumers, audit. Raises DemoFailed."""
        began_us, began, cpu = time.time_ns() // 1_000, time.monotonic(), self._crew.usage.cpu_s
        self._probe.start()
        self._source.order(self._order())
        summary = self._stream.flow()
        missing = self._stream.drain(self._positions)
        window_s = time.monotonic() - began
        self._probe.stop()
        self._screen.rest()
        self._crew.terminate()
        spent = self._spent(cpu, window_s)
        audit = self._audit()
        client = _client(self._facts)
        blocks = questions.blocks(client, self._facts.dataset, self._first_day)
        examples = questions.examples(client, self._facts.dataset, self._first_day)
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
        )
        return evidence, examples

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
        usage = self._crew.usage
        return report.Spent(
            cpu_s=usage.cpu_s,
            startup_cpu_s=usage.startup_cpu_s,
            window_cpu_s=usage.cpu_s - cpu_before,
            window_s=window_s,
            peak_rss_bytes=usage.peak_rss_bytes,
            producer_cpu_s=(self._source.summary or {}).get("cpu_seconds", 0.0),
        )

    def _events(self, blocks: Any) -> Any:
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
                say=lambda line: self._screen.say(f"audit: {line}"),
                seconds=time.monotonic,
            )
        except AuditError as error:
            raise DemoFailed(f"the audit could not be held: {error}") from None
