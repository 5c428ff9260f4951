import signal
import threading

import pytest
import typer
from typer.testing import CliRunner

from orchestration.commands.produce import _in_words, _progress, _stopped_by_signals, register
from orchestration.errors import UserError
from sandbox.producer.broker import ProducerError
from sandbox.producer.produce import Summary, _total
from sandbox.producer.run import Progress

SUMMARY = Summary(
    run="20261123T100000Z-abcd",
    ledger="state/ledger/20261123T100000Z-abcd.jsonl",
    topic="payments",
    topic_id="id",
    seed=7,
    rate=500,
    started_at="2026-11-23T10:00:00.000000Z",
    intents=30_000,
    sent=30_000,
    acked=30_000,
    failed=0,
    unknown=0,
    by_label={"normal": 29_910, "bad": 30, "late": 30, "duplicate": 30},
    seconds=60.0,
    produced_rate=500.0,
    held_rate=True,
    behind_ms_max=14,
    cpu_seconds=2.0,
    stopped=False,
)


@pytest.fixture
def app():
    app = typer.Typer()
    register(app)
    app.callback()(lambda: None)
    return app


def test_help_says_what_it_does(app):
    shown = CliRunner().invoke(app, ["produce", "--help"], env={"COLUMNS": "200", "TERM": "dumb", "NO_COLOR": "1"})
    assert shown.exit_code == 0
    for option in ("--rate", "--seconds", "--seed", "--bad", "--duplicates", "--late", "--state", "--json"):
        assert option in shown.output


def test_without_a_platform_it_says_tidemark_up(app, tmp_path):
    result = CliRunner().invoke(app, ["produce", "--state", str(tmp_path)])
    assert isinstance(result.exception, UserError)
    assert "tidemark up" in str(result.exception)
    assert "\n" not in str(result.exception)


@pytest.mark.parametrize(("rate", "seconds"), [(0, 60), (-1, 60), (1e6, 60), (500, 0), (500, -1), (float("nan"), 1)])
def test_impossible_rates_and_lengths_are_refused(rate, seconds):
    with pytest.raises(ProducerError, match="is from above 0"):
        _total(rate, seconds)


def test_a_run_has_at_least_one_record():
    assert _total(0.1, 1) == 1
    assert _total(500, 60) == 30_000


def test_the_summary_says_if_the_rate_was_not_held():
    assert "held 500/s (at most 14 ms behind)" in _in_words(SUMMARY)
    slow = Summary(**{**SUMMARY.to_json(), "held_rate": False, "behind_ms_max": 4_321, "produced_rate": 420.5})
    assert "DID NOT HOLD 500/s: up to 4,321 ms behind, 420.5/s" in _in_words(slow)
    assert "30,000 acknowledged, 0 failed, 0 unknown" in _in_words(SUMMARY)


def test_progress_off_a_terminal_is_a_line_every_five_seconds(capsys):
    tell = _progress(terminal=False)
    for at in range(0, 12):
        tell(Progress(6_000, at * 500, at * 499, 0, 0, 700 if at == 5 else 0, float(at)))
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert "sent 2,500 of 6,000, acknowledged 2,495, 700 ms behind" in lines[0]


def test_progress_on_a_terminal_renews_its_line(capsys):
    tell = _progress(terminal=True)
    for at in (0.5, 1.0):
        tell(Progress(6_000, 500, 499, 0, 0, 0, at))
    shown = capsys.readouterr().err
    assert shown.count("\r") == 2
    assert "\n" not in shown


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_stops_in_order_and_the_handlers_come_back(number):
    before = signal.getsignal(number)
    with _stopped_by_signals() as (stop, caught):
        assert isinstance(stop, threading.Event)
        signal.raise_signal(number)
        assert stop.is_set()
        assert caught == [number]
        assert signal.getsignal(number) is before  # a second one acts as usual
    assert signal.getsignal(number) is before
