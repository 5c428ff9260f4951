"""The facts about engines and warehouses: complete, sourced, and the same as the files they are from."""

from pathlib import Path

import pytest
import yaml

from assets.cost.scenario import CHOICES
from assets.cost.tradeoffs import read, rubric, setups
from assets.cost.tradeoffs.report import FAMILIES
from benchmarks.peers import figures

ROOT = Path(__file__).parents[2]
OPTIONS = [(family, option) for family in FAMILIES for option in read.read(family).options]
IDS = [option.name for _, option in OPTIONS]


@pytest.fixture(params=OPTIONS, ids=IDS)
def option(request):
    return request.param[1]


def test_the_options_that_were_asked_for_are_there():
    assert {"polars", "spark", "flink", "kafka-streams", "bigquery", "snowflake", "clickhouse"} <= set(IDS)


def test_every_source_is_a_page_or_a_file_that_is_here(option):
    for fact in option.all_facts:
        if fact.source:
            assert fact.source.startswith("https://") or (ROOT / fact.source).is_file(), fact.source


def test_failures_are_more_than_one_and_none_is_an_opinion(option):
    assert len(option.failures) >= 3
    assert all(fact.kind != "judged" for fact in option.failures)


def test_every_alternative_is_better_somewhere_and_ours_is_worse(option):
    ours = {read.read(family).ours for family in FAMILIES}
    worse = [fact.says.startswith("worse: ") for fact in option.better]
    assert len(worse) >= 3
    assert all(worse) if option.name in ours else not any(worse)


def test_figures_of_peers_are_those_of_the_lab(option):
    latency = option.latency
    if latency.peer:
        peers = {peer.name: peer for peer in figures.read()}
        assert latency.p95_ms == peers[latency.peer].latency_p95_ms
        assert latency.source == "benchmarks/peers/measured.yaml"
    else:
        assert latency.kind != "measured" or latency.source.startswith("benchmarks/results/")


@pytest.mark.parametrize(("family", "option"), OPTIONS, ids=IDS)
def test_every_set_up_is_a_choice_of_the_model(family, option):
    assert option.choices
    assert set(option.choices) <= {*CHOICES[family], *setups.BIGQUERY}


def test_our_figures_are_those_of_the_run_and_of_the_lab():
    engine, warehouse = (read.read(family) for family in FAMILIES)
    latency = engine.option("polars").latency
    steady = yaml.safe_load((ROOT / latency.source).read_text())["steady"]
    assert latency.p95_ms == next(each["p95_ms"]["median"] for each in steady if each["rate"] == 500)
    prototype = next(peer for peer in figures.read() if peer.name == "Polars prototype, one process")
    assert f"{prototype.latency_p95_ms} ms" in latency.caveat
    assert f"{latency.p95_ms} ms" in warehouse.option("bigquery").latency.caveat


def broken(change, tmp_path, family="engine"):
    document = yaml.safe_load((read.FOLDER / read.FILES[family]).read_text())
    change(document)
    (tmp_path / read.FILES[family]).write_text(yaml.safe_dump(document))
    return lambda: read.read(family, tmp_path)


def in_first(**changes):
    return lambda document: document["options"][0].update(changes)


ONE_FACT = {"says": "it is fast", "kind": "cited"}
LATENCY = {"says": "it is fast", "kind": "judged"}
SKILLS = dict.fromkeys(rubric.SKILLS, 3)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (in_first(skills=dict(list(SKILLS.items())[1:])), "skills missing"),
        (in_first(skills={**SKILLS, "cobol": 3}), "unknown \\['cobol'\\]"),
        (in_first(skills={**SKILLS, "jvm": 6}), "6 is not between 1 and 5"),
        (in_first(judged={"guarantee": {"score": 4, "why": "so"}}), "judged criteria missing"),
        (in_first(guarantee=ONE_FACT), "names its https page"),
        (
            in_first(guarantee={**ONE_FACT, "kind": "measured", "source": "https://a.example"}),
            "file in this repository",
        ),
        (in_first(latency=LATENCY), "p95_ms or a judged band"),
        (in_first(latency={**LATENCY, "p95_ms": 5, "band": 3}), "p95_ms or a judged band"),
        (in_first(failures=[]), "names no failures"),
        (in_first(failures="many"), "Expected `array`"),
        (in_first(price=3), "unknown field `price`"),
        (lambda document: document["options"].append(document["options"][0]), "not unique"),
        (lambda document: document.update(ours="storm"), "storm is none of them"),
        (lambda document: document.update(recommended="dataflow"), "dataflow is no set-up of polars"),
    ],
)
def test_what_is_not_in_form_is_refused_by_the_files_name(change, words, tmp_path):
    with pytest.raises(ValueError, match=words) as refused:
        broken(change, tmp_path)()
    assert str(refused.value).startswith("engines.yaml: ")
