"""`produce`: a run against a real broker with its ledger, as a function for the command line and the demo."""

import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import msgspec

from sandbox.producer.broker import KafkaBroker, ProducerError, topic_id
from sandbox.producer.clock import Clock, SystemClock
from sandbox.producer.ledger import EndLine, LedgerFile, RunLine
from sandbox.producer.planning import Mix, Plan
from sandbox.producer.run import Progress, Run, Tally
from sandbox.world.events import Instants, micros_of
from sandbox.world.merchants import MERCHANTS, MerchantBook

MAX_RATE: Final = 100_000
PATIENCE_S: Final = 310.0
"""Longer than the client's delivery time-out: by then every record has its report."""
_LEAD: Final = timedelta(milliseconds=200)
"""From the call to the first record: time to prepare its group."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run came to. `cpu_seconds` is of the whole process between start and end of the run."""

    run: str
    ledger: str
    topic: str
    topic_id: str
    seed: int
    rate: float
    started_at: str
    intents: int
    sent: int
    acked: int
    failed: int
    unknown: int
    by_label: dict[str, int]
    seconds: float
    produced_rate: float
    held_rate: bool
    behind_ms_max: int
    cpu_seconds: float
    stopped: bool

    def to_json(self) -> dict[str, Any]:
        """As a plain object, for `--json`."""
        return asdict(self)


def produce(
    bootstrap: str,
    topic: str,
    mac_key: str,
    ledger_dir: Path,
    *,
    mix: Mix | None = None,
    rate: float = 500,
    seconds: float = 60,
    seed: int = 7,
    merchants: int = MERCHANTS,
    clock: Clock | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
    stop: threading.Event | None = None,
    client: Mapping[str, Any] | None = None,
) -> Summary:
    """Send `rate` events a second for `seconds`, writing `<ledger_dir>/<run>.jsonl`.

    `client` holds security properties of the Kafka client; none for a plain connection.

    Setting `stop` ends the run early: nothing more is sent, reports are awaited for a moment, the ledger is
    completed. Raises ProducerError (no broker, no topic, a rate or length out of range) before anything is sent.
    """
    clock, stop = clock or SystemClock(), stop or threading.Event()
    total = _total(rate, seconds)
    known_id = topic_id(bootstrap, topic, client=client)
    book = MerchantBook.build(seed, merchants)
    broker = KafkaBroker(bootstrap, topic, client=client)
    begun, cpu = clock.now(), time.process_time()
    start = begun + _LEAD
    run_id = f"{begun:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
    first = RunLine(run_id, seed, topic, known_id, rate, seconds, Instants().text(micros_of(start)))
    plan = Plan(seed=seed, run=run_id, start=start, rate=rate, mix=mix or Mix(), mac_key=mac_key, book=book)
    ledger = LedgerFile(ledger_dir / f"{run_id}.jsonl")
    try:
        ledger.write([msgspec.json.encode(first)])
        run = Run(plan, total, start, ledger, clock)
        end = run.go(broker, stop, on_progress, PATIENCE_S)
    finally:
        ledger.close()
    spent = time.process_time() - cpu
    return _summary(first, end, run.tally, ledger=ledger.path, cpu=spent, stopped=stop.is_set())


def _summary(first: RunLine, end: EndLine, tally: Tally, *, ledger: Path, cpu: float, stopped: bool) -> Summary:
    return Summary(
        run=first.run,
        ledger=str(ledger),
        topic=first.topic,
        topic_id=first.topic_id,
        seed=first.seed,
        rate=first.rate,
        started_at=first.started_at,
        intents=end.intents,
        sent=tally.sent,
        acked=end.acked,
        failed=end.failed,
        unknown=end.unknown,
        by_label=tally.by_label,
        seconds=end.seconds,
        produced_rate=round(tally.sent / max(end.seconds, 1 / first.rate), 1),
        held_rate=end.held_rate,
        behind_ms_max=end.behind_ms_max,
        cpu_seconds=round(cpu, 3),
        stopped=stopped,
    )


def _total(rate: float, seconds: float) -> int:
    if not 0 < rate <= MAX_RATE:
        raise ProducerError(f"--rate is from above 0 to {MAX_RATE:,} events a second, not {rate:g}")
    if not 0 < seconds <= 30 * 86_400:
        raise ProducerError(f"--seconds is from above 0 to 30 days, not {seconds:g}")
    return max(1, round(rate * seconds))
