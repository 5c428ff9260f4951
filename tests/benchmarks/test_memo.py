"""The memo prints what the files of runs and the cost model say, and no figure of its own."""

import json
import re
import shutil
from argparse import ArgumentTypeError
from datetime import date
from pathlib import Path

import pytest

from assets.cost import drivers, model, prices, scenario
from benchmarks.machine import ROOT
from benchmarks.memo import bill, build, charts, numbers, plan, reach, runs
from benchmarks.memo.__main__ import NUMBERS, PDF, day
from benchmarks.memo.figure import Document, Figure, differences, leaves, plain, text
from benchmarks.memo.latency import walked
from benchmarks.memo.reliability import Absent
from benchmarks.memo.rivals import below
from benchmarks.results import FOLDER

KEPT = json.loads(NUMBERS.read_text())
OLD = "the memo is old: run `make memo`"
LENGTH = re.compile(r"\b\d+(\.\d+)?(pt|mm|cm|em|fr|%)|\b[pP]\d\d(?!\d)|atan2")


def test_the_runs_are_as_the_memo_says():
    assert not list(differences(KEPT["runs"], plain(runs.collect()))), OLD


def test_the_plan_is_as_the_memo_says():
    kept = {name: figure for name, figure in KEPT["plan"].items() if name != "parallel_cost"}
    assert not list(differences(kept, plain(plan.collect()))), OLD


def test_the_projected_bills_are_as_the_memo_says():
    """Without bands, so that it is fast; the whole is compared below."""
    figures, book, chosen = drivers.read(), prices.read(), scenario.read("default")
    for scale in KEPT["bill"]["scales"]:
        made = model.bill(chosen.at(bill.Decimal(scale["rate"]["value"])), figures, book, bill.MONTH)
        assert scale["projected"]["value"] == f"{made.usd:.6f}", OLD
        for part in scale["components"]:
            assert part["projected"]["value"] == f"{made.of(part['name']):.6f}", OLD


@pytest.mark.integration
def test_every_number_is_as_files_and_model_make_it():
    """With bands, crossovers and trade-offs: some seconds."""
    assert not list(differences(KEPT, numbers.collect(date.fromisoformat(KEPT["as_of"])))), OLD


def test_the_pdf_was_made_from_these_numbers():
    assert build.digest(KEPT).encode() in PDF.read_bytes(), OLD


def test_other_numbers_have_another_digest():
    changed = json.loads(json.dumps(KEPT))
    changed["runs"]["reliability"]["kills"]["lost"]["shown"] = "1"
    assert build.digest(changed) != build.digest(KEPT)


@pytest.fixture
def results(tmp_path):
    """A copy of what runs left."""
    return Path(shutil.copytree(FOLDER, tmp_path / "results"))


@pytest.mark.parametrize(
    ("file", "at", "place"),
    [
        ("chaos*.json", "rounds.0.audit.lost", "runs.reliability.kills.lost"),
        ("20*.json", "steady.0.p95_ms.median", "runs.latency.0.p95"),
        ("20*.json", "drain.0.per_second", "runs.bench.drain.0.per_second"),
        ("soak-*.json", "soak.landed_per_second", "runs.soak.landed_per_second"),
        ("fuzz*.json", "records", "runs.reliability.fuzz.records"),
        ("simulation*.json", "doubled", "runs.reliability.simulations.doubled"),
    ],
)
def test_a_changed_file_of_a_run_is_noticed(results, file, at, place):
    path = sorted(results.glob(file))[-1]
    found = json.loads(path.read_text())
    *way, last = at.split(".")
    inner = Document(path.name, found).at(".".join(way)) if way else found
    inner[last] += 1
    path.write_text(json.dumps(found))
    assert place in {line.split(": ")[0] for line in differences(KEPT["runs"], plain(runs.collect(results)), "runs")}


def test_a_fault_that_fails_is_noticed(results):
    path = results / "faults.jsonl"
    before, after = path.read_text().rsplit('"audit": "PASS', 1)
    path.write_text(f'{before}"audit": "FAIL{after}')
    faults = runs.collect(results)["reliability"]["faults"]
    assert int(faults["passed"].value) == int(faults["tried"].value) - 1


def test_a_run_that_is_absent_says_how_to_make_it(results):
    for path in results.glob("soak-*.json"):
        path.unlink()
    with pytest.raises(Absent, match="run `make soak`"):
        runs.collect(results)


def test_a_run_on_the_real_service_is_no_longer_named_as_absent(results):
    (results / "conformance.json").write_text('{"code": "abc", "passed": 28, "failed": 0, "not_possible": 1}')
    assert not runs.collect(results)["not_run"]


# --- no figure is typed ---


@pytest.mark.parametrize("name", ["memo.typ", "picture.typ"])
def test_no_figure_is_typed_into_the_text(name):
    lines = (build.FOLDER / name).read_text().splitlines()
    typed = [line for line in lines if re.search(r"\d", LENGTH.sub("", without_remark(line)))]
    assert not typed


def without_remark(line):
    return re.sub(r"(^|\s)//.*", "", line)


def test_a_typed_figure_would_be_seen():
    for words in ("costs $3,100 a month", "300 kills", "p95 under 5 minutes", "[14 days]"):
        assert re.search(r"\d", LENGTH.sub("", words))
    for words in ("#v(1pt)", "columns: (1fr, 1.4fr)", "median, p95", "P10 to P90", "width: 88%"):
        assert not re.search(r"\d", LENGTH.sub("", words))


def test_every_figure_names_a_file_that_is_there():
    found = dict(leaves(KEPT))
    assert len(found) > 300
    for place, figure in found.items():
        assert (ROOT / figure["file"]).exists() or list(ROOT.glob(figure["file"])), place
        assert figure["key"], place
        assert figure["shown"], place


def test_lengths_add_up_to_what_is_said_of_them():
    for hop in KEPT["runs"]["latency"]:
        parts = [float(hop[name]["value"]) for name in ("window", "walk", "rest")]
        assert sum(parts) == pytest.approx(float(hop["p95"]["value"]), abs=0.1)


# --- its parts ---


def test_numbers_are_written_a_figure_a_line():
    tree = plain({"a": {"b": [Figure("1 €", "1", "f[]", "k: {}")], "c": [1.5, 2]}, "d": {}, "e": [], "f": None})
    assert json.loads(text(tree)) == tree
    assert (
        text(tree).splitlines()[3]
        == '   {"shown": "1 €", "value": "1", "file": "f[]", "key": "k: {}", "kind": "measured"}'
    )
    assert json.loads(text(KEPT)) == KEPT


def test_a_figure_knows_its_place():
    source = Document("a.json", {"steady": [{"p95_ms": {"median": 382}}]})
    assert source.figure("steady.0.p95_ms.median") == Figure("382", "382", "a.json", "steady.0.p95_ms.median")
    with pytest.raises(KeyError):
        source.figure("steady.0.p99_ms")


def test_differences_name_place_and_both_sides():
    left = plain({"a": [Figure("1", "1", "f", "k")], "b": "same"})
    right = plain({"a": [Figure("2", "2", "f", "k")], "b": "same"})
    assert list(differences(left, right)) == ["a.0: 1 (1) is 2 (2) now"]
    assert not list(differences(left, left))
    assert list(differences({"a": [1]}, {"a": [1, 2]})) == ["a: [1] is [1, 2] now"]
    assert list(differences({}, {"c": "new"})) == ["c: nothing is new now"]


@pytest.mark.parametrize(("records", "took"), [(100, 10), (400, 40), (700, 70), (1000, 100), (2000, 300), (50, 5)])
def test_a_walk_is_on_the_line_between_two_measured_sizes(records, took):
    sizes = {100: 10_000, 1000: 10_000, 1500: 7_500}
    stages = [{"mix": "default", "window": size, "per_second": {"median": rate}} for size, rate in sizes.items()]
    stages.append({"mix": "zero_bad", "window": 500, "per_second": {"median": 1}})
    assert walked(stages, records)[0] == pytest.approx(took)


SUMS = [("2847.6", "$2,850"), ("258483", "$258,000"), ("19.83", "$19.80"), ("0", "$0")]


@pytest.mark.parametrize(("usd", "shown"), SUMS)
def test_sums_are_shown_to_three_digits(usd, shown):
    assert bill.usd(bill.Decimal(usd)) == shown


def test_a_day_in_another_form_says_which_is_meant():
    assert day("2026-11-30") == date(2026, 11, 30)
    with pytest.raises(ArgumentTypeError, match="never is no day: give one such as"):
        day("never")


def option(title, *bills):
    costs = [None if usd is None else Figure(f"${usd}", str(usd), "f", "k") for usd in bills]
    return {"title": title, "costs": costs}


def test_only_what_is_clearly_cheaper_is_named():
    rows = [
        option("ours", 100, 1000, None),
        option("a", 94, 1001, 1),
        option("b", 96, None, 1),
        option("c", 90, 900, 1),
    ]
    assert [each["title"] for each in below(rows, 0)] == ["a", "c"]
    assert [each["title"] for each in below(rows, 1)] == ["c"]
    assert below(rows, 2) == []


FLINK = "from 133,000/s, up to 141,000/s, from 199,000/s"


@pytest.mark.parametrize(
    ("text", "most", "shown"),
    [
        (FLINK, 110_000, "only above our own limit of L"),
        (FLINK, 133_000, "from 133,000/s (seen as far as our own limit of L)"),
        (FLINK, 10**7, FLINK),
        (FLINK, None, FLINK),
        ("up to 900/s", 500, "up to our own limit of L"),
        ("never", 1, "never"),
        ("", 1, ""),
    ],
)
def test_what_is_cheaper_where_our_engine_ends_is_not_counted(text, most, shown):
    assert reach.within(text, None if most is None else bill.Decimal(most), "L") == shown


def test_our_engine_ends_where_the_list_of_limits_says():
    made = numbers.Asked(scenario.read("default"), drivers.read(), prices.read(), date(2026, 11, 30), bill.MONTH)
    [rate] = [each["rate"]["value"] for each in KEPT["ahead"]["limits"] if each["component"] == "engine"]
    assert f"{reach.ours(made):.3f}" == rate, OLD


def test_a_bill_has_one_number_everywhere():
    for scale in KEPT["bill"]["scales"]:
        parts = sum(float(part["projected"]["value"]) for part in scale["components"])
        assert parts == pytest.approx(float(scale["projected"]["value"]))
        assert set(scale["total"]) == set(scale["million"]) == {"p10", "p90"}
    assert "p50" not in (build.FOLDER / "memo.typ").read_text().replace("r.kills.p50", "")


def test_questions_are_those_of_the_scenario():
    asked = scenario.read("default").dashboards
    assert {name: figure["value"] for name, figure in KEPT["asked"].items()} == {
        name: str(getattr(asked, name)) for name in KEPT["asked"]
    }
    assert KEPT["asked"]["live_days"]["shown"] == "today"


@pytest.mark.integration
def test_charts_are_drawn_from_the_numbers_alone():
    drawn = charts.draw(KEPT)
    assert all(text.startswith("<svg") for text in drawn.values())
    assert KEPT["bill"]["scales"][0]["components"][0]["projected"]["shown"] in drawn["bill"]


def test_the_memo_has_six_to_eight_pages():
    pages = len(re.findall(rb"/Type\s*/Page\b", PDF.read_bytes()))
    assert 6 <= pages <= 8
