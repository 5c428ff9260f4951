"""What the viewer sees, from snapshots alone."""

import io

import pytest
from rich.console import Console

from sandbox.demo.screen import Screen
from sandbox.demo.snapshot import RECOVERING, Happening, Pace, Snapshot
from sandbox.demo.view import draw, line, milliseconds, spark

NOW = Snapshot(
    phase=RECOVERING,
    elapsed_s=16.4,
    duration_s=30,
    rate=500,
    produced=8_123,
    landed=7_400,
    lag=723,
    events_per_s=498.4,
    p50_ms=214.2,
    p95_ms=1_351.0,
    quarantined={"NOT_JSON": 3, "BAD_AMOUNT": 2, "A": 1, "B": 1, "C": 1},
    collapsed=7,
    members=[("member-1", None, ""), ("member-2", 4711, "running")],
    happenings=[Happening(15.0, "kill -9 member-1 (pid 99)", "bad")],
    lag_history=[10, 20, 723],
    address="http://127.0.0.1:21234",
)


def shown(width: int = 100, *, terminal: bool = False) -> Console:
    return Console(file=io.StringIO(), width=width, force_terminal=terminal, color_system=None)


def text_of(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_view_shows_every_figure_of_the_moment():
    console = shown()
    console.print(draw(NOW))
    text = text_of(console)
    for figure in ("8,123", "7,400", "723", "498", "214 ms", "1.4 s", "recovering", "16 of 30 s", "NOT_JSON 3", "7"):
        assert figure in text
    assert "2 more" in text
    assert "member-1 down; the supervisor starts it again" in text
    assert "http://127.0.0.1:21234" in text
    assert "member-2 pid 4711, running" in text
    assert "15.0 s  kill -9 member-1 (pid 99)" in text


@pytest.mark.parametrize("width", [60, 80, 96, 200])
def test_the_view_fits_its_terminal(width: int):
    console = shown(width)
    console.print(draw(NOW, width))
    text = text_of(console)
    assert max(len(row) for row in text.splitlines()) <= min(width, 96)
    assert "max 723" in text


def test_the_first_moment_has_nothing_to_show_and_does_not_fail():
    console = shown()
    console.print(draw(Snapshot()))
    assert "produced" in text_of(console)


def test_a_plain_line_says_the_same():
    assert line(NOW) == (
        "  16.4 s recovering  produced 8,123  landed 7,400  lag 723  498/s  p50 214 ms p95 1.4 s  "
        "quarantined 8  duplicates collapsed 7"
    )


def test_without_a_terminal_there_is_a_line_a_second_and_each_happening_once():
    console = shown()
    with Screen(console) as screen:
        for _ in range(5):
            screen.show(NOW)
    lines = text_of(console).splitlines()
    assert [row for row in lines if "kill -9" in row] == ["  15.0 s kill -9 member-1 (pid 99)"]
    assert sum("produced" in row for row in lines) == 1


def test_on_a_terminal_the_last_picture_stays():
    console = shown(terminal=True)
    with Screen(console) as screen:
        screen.show(Snapshot())
        screen.show(NOW)
    assert "8,123" in text_of(console).split("produced")[-1]


@pytest.mark.parametrize(
    ("value", "told"), [(None, "-"), (0.4, "0 ms"), (999.4, "999 ms"), (1_000.0, "1.0 s"), (61_000.0, "61.0 s")]
)
def test_latencies_for_people(value: float | None, told: str):
    assert milliseconds(value) == told


def test_a_course_is_scaled_to_its_largest_value():
    assert spark([0, 4, 8], 10) == "▁▅█"
    assert spark([0, 0], 10) == "▁▁"
    assert spark(range(100), 3) == "███"
    assert spark([], 10) == ""


def test_the_pace_is_rows_over_the_last_seconds():
    pace = Pace()
    paces = [pace.note(second, 500 * second) for second in range(10)]
    assert paces[0] == 0.0
    assert paces[-1] == pytest.approx(500)


def test_the_pace_falls_to_nothing_when_nothing_lands():
    pace = Pace()
    pace.note(0.0, 0)
    pace.note(1.0, 500)
    assert [round(pace.note(second, 500)) for second in (3.0, 5.5, 8.0, 11.0)][-1] == 0
