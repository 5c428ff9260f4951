"""The arithmetic of the benchmarks: what is claimed of a run follows from its samples."""

import json
from argparse import ArgumentTypeError

import pytest

from benchmarks import results
from benchmarks.__main__ import _hours
from benchmarks.chart import ceiling, soak
from benchmarks.drain import figures
from benchmarks.filling import repeated
from benchmarks.payments import PARTITIONS, RUN, Payment, polled
from benchmarks.scale import Scale, ScaleError
from benchmarks.spread import Took, costs, spread
from benchmarks.steady import summary
from benchmarks.tables import SHOWN, Table, as_text, budget
from benchmarks.watching import Sample
from sandbox.world.ids import Minter


def sample(at, rows, *, consumer=0.0, broker=0.0, emulator=0.0, rss=100.0, p95=None, fds=0, threads=0):
    return Sample(at, rows, consumer, broker, emulator, rss, p95, fds, threads)


# --- scale ---


def test_scale_reads_its_variables_and_ignores_others():
    scale = Scale.from_environment({"BENCH_EVENTS": "1000", "BENCH_MEMBERS": "1,4", "PATH": "/bin", "BENCH_SEED": ""})
    assert (scale.events, scale.members, scale.seed) == (1000, (1, 4), Scale().seed)


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("BENCH_EVENT", "5", "unknown"),
        ("BENCH_EVENTS", "many", "a number"),
        ("BENCH_EVENTS", "0", "1 or more"),
        ("BENCH_MEMBERS", "1,", "numbers with commas"),
        ("BENCH_RATES", "5,0", "1 or more"),
    ],
)
def test_scale_refuses_in_one_line(name, text, says):
    with pytest.raises(ScaleError, match=says):
        Scale.from_environment({name: text})


# --- repeats ---


def test_costs_are_medians_with_their_range():
    found = costs([Took(1.0, 2.0, 100), Took(2.0, 3.0, 100), Took(4.0, 1.0, 100)])
    assert found["per_second"] == {"median": 50, "min": 25, "max": 100}
    assert found["cpu_s_per_million"] == {"median": 20_000, "min": 10_000, "max": 30_000}


def test_spread_of_whole_numbers_has_no_point():
    assert spread([1.4, 1.6], 0) == {"median": 2, "min": 1, "max": 2}
    assert all(isinstance(value, int) for value in spread([1.4, 1.6], 0).values())


# --- drain ---


def test_rate_is_taken_between_the_first_and_the_last_moment_at_full_work():
    moved = [
        sample(0.0, 0),
        sample(5.0, 100, consumer=9.0),  # start-up: before everybody was ready
        sample(10.0, 1_000, consumer=10.0, broker=1.0, emulator=2.0),
        sample(11.0, 2_000, consumer=10.5, broker=1.1, emulator=2.2),
        sample(12.0, 3_000, consumer=11.0, broker=1.2, emulator=2.4, rss=350.0),
        sample(13.0, 4_000, consumer=11.5, broker=1.3, emulator=2.6),
        sample(14.0, 5_000, consumer=12.0, broker=1.4, emulator=2.8),
        sample(19.0, 5_001, consumer=19.0),  # the last block came late
    ]
    found = figures(moved, ready_at=9.0)
    assert found["measured_rows"] == 4_000
    assert found["per_second"] == 1_000
    assert found["cpu_s_per_million"] == {"consumer": 500.0, "broker": 100.0, "emulator": 200.0}
    assert found["peak_rss_mb"] == 350


def test_a_short_drain_is_measured_as_a_whole():
    found = figures([sample(0.0, 0), sample(2.0, 500, consumer=1.0)], ready_at=1.0)
    assert (found["measured_rows"], found["per_second"]) == (500, 250)


# --- steady ---


def test_steady_figures_leave_the_warm_up_out():
    points = [sample(float(second), second * 500, consumer=second * 0.1, rss=200 + second) for second in range(21)]
    points[0] = sample(0.0, 0, consumer=-50.0, rss=900.0, p95=9_000.0)
    points[15] = sample(15.0, 7_500, consumer=1.5, rss=215, p95=300.0)
    points[16] = sample(16.0, 8_000, consumer=1.6, rss=216, p95=500.0)
    found = summary(points, warm_s=5.0)
    assert found["landed_per_second"] == 500
    assert found["cores"]["consumer"] == 0.1
    assert found["p95_ms"] == {"median": 400, "max": 500}
    assert found["rss_mb"] == {"early": 207, "late": 218, "max": 220}


def test_growing_memory_shows():
    points = [sample(float(second), second, rss=100 + 10 * second) for second in range(31)]
    rss = summary(points, warm_s=0.0)["rss_mb"]
    assert rss["late"] - rss["early"] == pytest.approx(210, abs=10)


def test_file_descriptors_and_threads_that_leak_show():
    points = [sample(float(second), second, fds=40 + second, threads=20) for second in range(31)]
    found = summary(points, warm_s=0.0)
    assert found["fds"] == {"early": 44, "late": 66, "max": 70}
    assert found["threads"] == {"early": 20, "late": 20, "max": 20}


@pytest.mark.parametrize(("text", "seconds"), [("0.25", 900), ("24", 86_400)])
def test_hours_of_a_soak_are_whole_seconds(text, seconds):
    assert _hours(text) == seconds


@pytest.mark.parametrize("text", ["0", "-1", "soon", "nan", "inf", "169", "0.001"])
def test_hours_that_cannot_be_are_refused_in_one_line(text):
    with pytest.raises(ArgumentTypeError, match="hours from"):
        _hours(text)


def test_a_soak_alone_is_called_one(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "FOLDER", tmp_path)
    machine = {"date": "2026-11-25T10:00:00Z", "commit": "abc1234+changes"}
    found = {"machine": machine, "scale": {}, "load_before": [], "load_after": [], "soak": {}}
    assert results.write(found).name == "soak-2026-11-25-abc1234-changes.json"
    assert results.write({**found, "core": []}).name == "2026-11-25-abc1234-changes.json"


# --- the filler ---


def test_the_backlog_repeats_the_sample_under_ids_of_its_own():
    minter = Minter(RUN)
    made = [
        Payment(minter.transaction_id(n), json.dumps({"event_id": minter.event_id(n), "amount": f"{n}"}).encode())
        for n in range(4)
    ]
    made.append(Payment("k", None))
    found = list(repeated(made, 13))
    assert len(found) == 13
    assert found[:5] == made
    assert len({payment.value for payment in found if payment.value}) == 11
    assert len({payment.key for payment in found}) == 12
    assert [json.loads(p.value)["amount"] for p in found[5:9]] == ["0", "1", "2", "3"]
    assert all(len(a.value) == len(b.value) for a, b in zip(found[:4], found[5:9], strict=True))


def test_polls_have_every_record_once_with_offsets_that_ascend_in_each_partition():
    made = [Payment("k", str(n).encode()) for n in range(4_321)]
    polls = polled(made, 1_000)
    assert [len(poll) for poll in polls] == [1_000] * 4 + [321]
    assert [value for poll in polls for value in poll.values] == [payment.value for payment in made]
    seen = {number: [] for number in range(PARTITIONS)}
    for poll in polls:
        for partition, offset in zip(poll.partitions, poll.offsets, strict=True):
            seen[partition].append(offset)
    assert all(offsets == list(range(len(offsets))) for offsets in seen.values())


# --- what is shown ---


def test_layers_of_cpu_are_differences_of_what_was_measured():
    found = {
        "bare": {"cpu_s_per_million": {"median": 1.0}},
        "adapter": {"cpu_s_per_million": {"median": 1.5}},
        "core_with_poll": {"cpu_s_per_million": {"median": 6.0}},
        "drain": [
            {"warehouse": "counting", "members": 1, "cpu_s_per_million": {"consumer": 7.0}},
            {"warehouse": "counting", "members": 2, "cpu_s_per_million": {"consumer": 70.0}},
            {"warehouse": "emulator", "members": 1, "cpu_s_per_million": {"consumer": 8.5}},
        ],
    }
    assert [row[1:] for row in budget(found).rows] == [
        ["1.00", "1.00"],
        ["0.50", "1.50"],
        ["4.50", "6.00"],
        ["1.00", "7.00"],
        ["1.50", "8.50"],
    ]


def test_a_table_is_the_same_in_text_and_markdown():
    table = Table("Title", ("what", "n"), [["a", "1"], ["long name", "1,000"]])
    assert table.markdown() == "| what | n |\n| --- | ---: |\n| a | 1 |\n| long name | 1,000 |"
    assert table.text().splitlines() == ["Title", "  what           n", "  a              1", "  long name  1,000"]


def test_results_of_one_part_can_be_shown():
    found = {
        "machine": {
            "date": "2026-11-23T00:00:00Z", "commit": "abc", "cpu": "c", "cores": 2, "memory_gb": 8, "kernel": "k",
            "python": "3", "jvm": "j", "librdkafka": "l", "libraries": {},
        },
        "scale": {"events": 5},
        "load_before": [0.0] * 3,
        "load_after": [0.0] * 3,
    }  # fmt: skip
    assert "Machine" in as_text(found)
    assert all(not make(found).rows for name, make in SHOWN.items() if name != "machine")


def test_results_are_written_compactly_and_read_as_they_were(tmp_path):
    found = {"machine": {"date": "2026-11-23T00:00:00Z", "commit": "abc+changes"}, "rows": [[1, 2.5], [3, None]]}
    path = results.write(found, tmp_path / "r.json")
    assert results.read(path) == found
    assert "[ 1, 2.5 ]" in path.read_text()


def test_parts_measured_later_are_added_and_say_when():
    first = {"machine": {"date": "a", "commit": "1"}, "load_before": [1], "load_after": [2], "core": [1], "floor": [2]}
    later = {
        "machine": {"date": "b", "commit": "2"},
        "load_before": [3],
        "load_after": [4],
        "soak": {"x": 1},
        "core": [],
    }
    found = results.added(first, later)
    assert (found["machine"], found["floor"], found["core"], found["soak"]) == (first["machine"], [2], [], {"x": 1})
    assert found["added"] == {
        part: {"date": "b", "commit": "2", "load_before": [3], "load_after": [4]} for part in ("soak", "core")
    }


@pytest.mark.parametrize(("value", "top"), [(0.3, 0.4), (1, 1), (3, 4), (417, 800), (900, 1000), (4000.5, 8000)])
def test_axes_end_at_round_numbers(value, top):
    assert ceiling(value) == top


def test_the_soak_is_drawn_with_a_point_for_each_value():
    points = [[5.0 * n, 250.0, 0.3, None if n == 1 else 400.0, 60, 24] for n in range(1, 11)]
    svg = soak({"points": points})
    lines = [line for line in svg.splitlines() if line.startswith("<polyline")]
    assert [line.count(",") for line in lines] == [10, 10, 9, 10, 10]
    assert "50 s" in svg
    assert all(f">{title}</text>" in svg for title in ("file descriptors", "threads"))


def test_an_older_soak_is_drawn_without_what_it_has_not():
    svg = soak({"points": [[5.0, 250.0, 0.3, 400.0], [10.0, 251.0, 0.3, 401.0]]})
    assert svg.count("<polyline") == 3
    assert "threads" not in svg
