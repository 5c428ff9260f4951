"""`tidemark produce`: payments at a steady rate into the local Kafka, with a ledger of each."""

import json
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.errors import UserError
from orchestration.refusals import why_silent
from orchestration.target import DEFAULT_STATE
from streaming.settings import Settings, SettingsError

if TYPE_CHECKING:
    from sandbox.producer.produce import Summary
    from sandbox.producer.run import Progress


def register(app: typer.Typer) -> None:
    """Add this module's commands to the command line."""
    app.command("produce")(produce_command)


def produce_command(
    *,
    rate: Annotated[float, typer.Option(help="Events a second.")] = 500,
    seconds: Annotated[float, typer.Option(help="Length of the run.")] = 60,
    seed: Annotated[int, typer.Option(help="The same seed gives the same payments (under new ids).")] = 7,
    bad: Annotated[float, typer.Option(help="Share of records that break a rule.")] = 0.001,
    duplicates: Annotated[float, typer.Option(help="Share of records that repeat an earlier one.")] = 0.001,
    late: Annotated[float, typer.Option(help="Share that occurred an hour to 29 days ago.")] = 0.001,
    state: Annotated[Path, typer.Option(help="Folder of the sandbox instance.")] = DEFAULT_STATE,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Send synthetic payments into the sandbox's Kafka at a steady rate and keep a ledger of every record.

    Open loop: records leave by the clock, whatever the broker does, and the summary says if the rate was not held.
    The ledger is <state>/ledger/<run>.jsonl. Exit code 0 if every record was acknowledged, 1 if not, 130 after Ctrl-C.
    """
    with _stopped_by_signals() as (stop, caught):
        shares = {"bad": bad, "duplicates": duplicates, "late": late}
        summary = _produce(state, shares, rate=rate, seconds=seconds, seed=seed, stop=stop)
    print(json.dumps(summary.to_json(), indent=2) if as_json else _in_words(summary))
    if caught:
        raise typer.Exit(128 + caught[0])
    raise typer.Exit(0 if summary.acked == summary.intents else 1)


def _produce(
    state: Path, shares: dict[str, float], *, rate: float, seconds: float, seed: int, stop: threading.Event
) -> "Summary":
    """Run against the instance of `state`, never the environment's cluster: made-up payments stay in the sandbox."""
    # imported late: `tidemark --help` needs neither Kafka nor Polars
    from sandbox.platform.instance import PlatformDown, load
    from sandbox.producer.broker import NoAnswer, ProducerError
    from sandbox.producer.planning import Mix
    from sandbox.producer.produce import produce
    from streaming.adapters.kafka_security import security_config

    tell = _progress(sys.stderr.isatty())
    try:
        settings, mix = Settings.from_environment(load(state).environment()), Mix(**shares)
        where = (settings.kafka_bootstrap, settings.kafka_topic, settings.mac_key.reveal(), state / "ledger")
        client = security_config(settings)
        summary = produce(
            *where, mix=mix, rate=rate, seconds=seconds, seed=seed, on_progress=tell, stop=stop, client=client
        )
    except NoAnswer as error:
        refused = why_silent(settings) if client else None  # a plain broker of ours that is silent is down
        raise UserError(refused or str(error)) from None
    except (PlatformDown, ProducerError, SettingsError, ValueError) as error:
        raise UserError(str(error)) from None
    except OSError as error:
        raise UserError(f"the ledger cannot be written: {error}") from None
    if sys.stderr.isatty():
        print(file=sys.stderr)  # leave the line that renewed itself
    return summary


@contextmanager
def _stopped_by_signals() -> Iterator[tuple[threading.Event, list[int]]]:
    """Turn the first Ctrl-C or SIGTERM into an orderly end; a second one acts as usual."""
    stop, caught = threading.Event(), list[int]()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def on_signal(number: int, _: FrameType | None) -> None:
        caught.append(number)
        stop.set()
        signal.signal(number, before[signal.Signals(number)])

    for number in before:
        signal.signal(number, on_signal)
    try:
        yield stop, caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _progress(terminal: bool) -> Callable[["Progress"], None]:
    """One line that renews itself on a terminal, else a line every five seconds."""
    next_line = 5.0

    def tell(progress: "Progress") -> None:
        nonlocal next_line
        if not terminal and progress.elapsed_s < next_line:
            return
        next_line = progress.elapsed_s + 5.0
        behind = f", {progress.behind_ms:,} ms behind" if progress.behind_ms > 100 else ""
        line = (
            f"{progress.elapsed_s:6.1f} s  sent {progress.sent:,} of {progress.planned:,}, "
            f"acknowledged {progress.acked:,}{behind}"
        )
        print(f"\r\x1b[K{line}" if terminal else line, end="" if terminal else "\n", file=sys.stderr, flush=True)

    return tell


def _in_words(summary: "Summary") -> str:
    labels = ", ".join(f"{count:,} {label}" for label, count in sorted(summary.by_label.items()))
    held = (
        f"held {summary.rate:g}/s (at most {summary.behind_ms_max} ms behind)"
        if summary.held_rate
        else f"DID NOT HOLD {summary.rate:g}/s: up to {summary.behind_ms_max:,} ms behind, {summary.produced_rate:g}/s"
    )
    ended = "stopped early: " if summary.stopped else ""
    return (
        f"{ended}{summary.sent:,} records sent, {summary.acked:,} acknowledged, {summary.failed:,} failed, "
        f"{summary.unknown:,} unknown in {summary.seconds:.1f} s; {held}\n{labels}\nledger: {summary.ledger}"
    )
