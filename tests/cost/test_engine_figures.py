"""Figures of engines are those of the files that they name."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from assets.cost.components import sizing, spark
from benchmarks.peers import figures as peers
from tests.cost.engine_bills import FIGURES, lines

ROOT = Path(__file__).parents[2]
RESULTS = json.loads((ROOT / "benchmarks/results/2026-11-23-e0a0aae.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("driver", "peer"),
    [
        ("flink_cpu_s_per_million", "Flink SQL"),
        ("kafka_streams_cpu_s_per_million", "Kafka Streams"),
        ("spark_cpu_s_per_million", "Spark SQL"),
        ("client_cpu_s_per_million", "bare consumer"),
    ],
)
def test_other_engines_figures_are_those_of_the_lab(driver, peer):
    (found,) = (each for each in peers.read() if each.name == peer)
    assert FIGURES[driver] == Decimal(str(found.cpu_s_per_million[0]))
    assert FIGURES.about(driver).kind == "measured"
    assert "benchmarks/peers/measured.yaml" in FIGURES.about(driver).source
    assert FIGURES.about(driver).date == str(found.dated)


def test_flinks_memory_is_that_of_the_lab():
    (found,) = (each for each in peers.read() if each.name == "Flink SQL")
    assert FIGURES["flink_memory_mb"] == found.rss_mb


def test_our_figures_are_those_of_the_benchmark():
    slow, fast = RESULTS["steady"]
    slope = (fast["cores"]["consumer"] - slow["cores"]["consumer"]) / (
        fast["landed_per_second"] - slow["landed_per_second"]
    )
    fixed = slow["cores"]["consumer"] - slope * slow["landed_per_second"]
    assert float(FIGURES["engine_cpu_s_per_million"]) == pytest.approx(slope * 1e6, rel=0.01)
    assert float(FIGURES["engine_fixed_cores"]) == pytest.approx(fixed, rel=0.01)
    counting, emulator = (
        next(each for each in RESULTS["drain"] if each["warehouse"] == kind and each["members"] == 1)
        for kind in ("counting", "emulator")
    )
    assert FIGURES["member_events_per_s"] == emulator["per_second"]
    assert FIGURES.about("member_events_per_s").high == counting["per_second"]
    append = emulator["cpu_s_per_million"]["consumer"] - counting["cpu_s_per_million"]["consumer"]
    assert float(FIGURES["append_cpu_s_per_million"]) == pytest.approx(append, abs=0.05)
    assert RESULTS["machine"]["commit"] == FIGURES.about("append_cpu_s_per_million").run


def test_sending_rows_is_added_to_engines_measured_without_it():
    for engine, key in (
        ("spark-dataproc", "machines"),
        ("flink-self-run", "task_managers_vcpu"),
        ("flink-managed", "kpus"),
    ):
        assert "append_cpu_s_per_million" in lines(engine, 500)[key].use.drivers
    assert spark.WORKERS == sizing.IN_TWO_ZONES
