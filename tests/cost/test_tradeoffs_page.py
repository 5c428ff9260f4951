"""docs/tradeoffs.md and `tidemark cost tradeoffs`: the tables are the model's, and the words still hold."""

import json
import re
from datetime import date
from decimal import Decimal
from operator import attrgetter
from pathlib import Path

import pytest

from assets.cost import model, quotas
from assets.cost.components import bigquery_slots
from assets.cost.components.bigquery import LABELS
from assets.cost.render import markdown as page_markdown
from assets.cost.render.document import rewrite
from assets.cost.scenario import Scenario
from assets.cost.tradeoffs import costs, markdown, report, score, table
from assets.cost.tradeoffs.book import MONTH
from orchestration.commands.cost import output_of
from orchestration.errors import UserError

pytestmark = pytest.mark.integration  # whole commands, seconds each

PAGE = Path(__file__).parents[2] / "docs" / "tradeoffs.md"
ON = date(2026, 11, 30)
USD, PART_USD = attrgetter("usd"), attrgetter("part_usd")


@pytest.fixture(scope="module")
def made():
    return report.make(None, ON)


@pytest.fixture(scope="module")
def sections(made):
    return {section.facts.family: section for section in made.sections}


def test_the_page_has_the_models_tables():
    text = PAGE.read_text()
    assert rewrite(text, output_of) == text, "write it anew: tidemark cost page docs/tradeoffs.md"


def test_the_page_has_every_table_there_is(made):
    assert re.findall(r"--table (\S+)", PAGE.read_text()) == markdown.names(made)


def test_every_link_of_the_page_into_the_repository_leads_somewhere():
    links = re.findall(r"\]\((\.\./[^)]+)\)", PAGE.read_text())
    assert links
    assert all((PAGE.parent / link).resolve().is_file() for link in links)


def says(words):
    prose = re.sub(r"<!-- tidemark.*?<!-- end -->", "", PAGE.read_text(), flags=re.DOTALL)
    assert words in " ".join(prose.split()), words


def test_the_words_on_engines_hold(sections):
    section = sections["engine"]
    assert {"dataflow", "polars", "flink"} == set(section.level)
    assert section.ranking[0].name == "dataflow"
    today = {name: found[0].usd for name, found in section.costs.items() if name != "polars"}
    assert section.recommended[0].usd < min(today.values()) < 2 * section.recommended[0].usd
    for found in section.costs.values():
        assert found[0].part_usd < 500
        assert found[-1].part_usd < found[-1].usd / 20


def test_flinks_crossings_are_named_with_their_opponent_and_above_our_own_limit(sections, book, figures):
    section = sections["engine"]
    against = section.cheaper["flink"], section.cheaper_than_best["flink"]
    gke, machines = (re.match(r"from ([\d,]+)/s", words)[1] for words in against)
    says(f"from {gke}/s against GKE and from {machines}/s against virtual machines")
    month = model.bill(Scenario(), figures, book, MONTH).month
    most = month.rate * quotas.ENGINE[0].bound / quotas.ENGINE[0].taken(month)
    says(f"about {Decimal(f'{most:.2g}'):,f}/s with the {month.scenario.partitions} partitions")
    assert most < Decimal(gke.replace(",", ""))


def test_the_words_on_warehouses_hold(sections):
    section = sections["warehouse"]
    assert section.ranking[0].name == "bigquery"
    assert [cost.choice for cost in section.costs["bigquery"]] == ["bigquery-us-physical"] * 3
    assert [cost.choice for cost in section.recommended] == ["bigquery-slots"] * 3
    for cost in section.costs["bigquery"]:
        assert any("storage_active_physical" in line for line in cost.missing)
        assert "gcp.bigquery.storage_active_physical.us_multi" in cost.weak


def test_with_the_recommended_set_up_bigquery_is_first_all_the_same(sections, made):
    section = sections["warehouse"]
    times = costs.times_cheapest({**section.costs, "bigquery": section.recommended})
    first = score.ranking(section.facts, times, made.weights)[0]
    assert first.name == "bigquery"
    says(f"BigQuery scores {first.total:.2f} and is first all the same")


def asked_usd(scenario, figures, book):
    keys = {f"warehouse.{group}" for group in LABELS}
    return sum(line.usd for line in model.bill(scenario, figures, book, MONTH).lines if line.key in keys)


def test_queries_by_the_byte_cost_so_many_times_those_on_slots(book, figures):
    by_the_byte, on_slots = (asked_usd(Scenario(queries=way), figures, book) for way in ("on-demand", "slots"))
    says(f"cost {by_the_byte / on_slots:.1f} times as much at today's rate")


def test_with_a_minute_at_least_slots_cost_more_than_bytes_today(book, figures, monkeypatch):
    monkeypatch.setattr(bigquery_slots, "LEAST_S", 60)
    by_the_byte, on_slots = (Scenario(queries=way) for way in ("on-demand", "slots"))
    assert asked_usd(on_slots, figures, book) > asked_usd(by_the_byte, figures, book)


def near(words):
    rate = Decimal(re.fullmatch(r"from ([\d,]+)/s", words)[1].replace(",", ""))
    return f"{Decimal(f'{rate:.2g}' if rate < 10_000 else f'{rate:.3g}'):,f}/s"


def test_the_rates_from_which_other_warehouses_are_cheaper(sections):
    than_ours, than_best = sections["warehouse"].cheaper, sections["warehouse"].cheaper_than_best
    says(f"than Snowflake from about {near(than_ours['snowflake'])} and than ClickHouse")
    says(f"than ClickHouse from about {near(than_ours['clickhouse'])}: both")
    says(f"than Snowflake from about {near(than_best['snowflake'])}, and")
    says(f"which grows by steps, from about {near(than_best['clickhouse'])}.")


def test_the_bills_in_the_words_are_the_models(sections):
    section = sections["warehouse"]
    ours, us, snow, click = (
        section.recommended,
        *(section.costs[name] for name in ("bigquery", "snowflake", "clickhouse")),
    )
    whole, parts = ([f"${of(each[0]):,.0f}" for each in (ours, snow, click)] for of in (USD, PART_USD))
    says("Today they are {} for BigQuery, {} for Snowflake and {} for ClickHouse; of that".format(*whole))
    says("the warehouse itself is {}, {} and {}.".format(*parts))
    says(f"(${snow[1].part_usd:,.0f} against BigQuery's ${ours[1].part_usd:,.0f} for the warehouse itself)")
    says(f"${us[0].usd:,.0f} today, ${us[1].usd:,.0f} at ten times the rate")
    years = [12 * (each[1].usd - snow[1].usd) / 1000 for each in (ours, us)]
    says("about ${:.0f}K a year against the default, and about ${:.0f}K against the US set-up".format(*years))
    times = [each[2].part_usd / snow[2].part_usd for each in (ours, us)]
    says("is {:.1f} times Snowflake in the warehouse's part, but {:.1f} times with compressed bytes".format(*times))


def test_up_to_ten_times_the_rate_no_two_warehouses_are_a_factor_of_two_apart(sections):
    section = sections["warehouse"]
    for place in (0, 1):
        parts = [found[place].part_usd for name, found in section.costs.items() if name != "bigquery"]
        parts.append(section.recommended[place].part_usd)
        assert max(parts) < 2 * min(parts)
    us = section.costs["bigquery"]
    others = [
        [found[place].part_usd for name, found in section.costs.items() if name != "bigquery"] for place in (0, 1)
    ]
    says(f"further below the others, and only today (${us[0].part_usd:,.0f})")
    assert us[0].part_usd < min(others[0]) / 2
    assert max(*others[1], us[1].part_usd) < 2 * min(*others[1], us[1].part_usd)


def test_a_reader_with_other_weights_sees_another_order(sections):
    other = report.make("capability=8,latency=5", ON)
    assert other.sections[0].ranking[0].name == "flink" != sections["engine"].ranking[0].name


def test_the_terminals_page_has_every_option(made):
    text = page_markdown.text(table.page(made))
    for section in made.sections:
        for option in section.facts.options:
            assert text.count(option.title) >= 3


def test_json_has_scores_bills_and_sources(made):
    data = json.loads(report.to_json(made))
    for family, section in data["families"].items():
        assert {each["name"] for each in section["ranking"]} == set(section["costs"])
        assert all(re.fullmatch(r"\d+\.\d\d", each["usd"]) for found in section["costs"].values() for each in found)
        assert all(option["failures"][0]["source"] for option in section["options"]), family


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--weights", "speed=3"], "no criterion speed"),
        (["--table", "engine.colour"], "no table engine.colour"),
        (["--on", "tomorrow"], "--on must be a date"),
        (["--json", "--markdown"], "choose one of"),
    ],
)
def test_the_command_says_what_is_wrong_in_one_line(words, expected):
    with pytest.raises(UserError, match=expected) as refused:
        output_of(["cost", "tradeoffs", *words])
    assert "\n" not in str(refused.value)


def test_the_command_takes_weights_and_prints_json():
    data = json.loads(output_of(["cost", "tradeoffs", "--weights", "jvm=0", "--on", "2026-11-30", "--json"]))
    assert data["weights"]["jvm"] == 0
    assert data["on"] == "2026-11-30"
