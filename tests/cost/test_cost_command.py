"""`tidemark cost` with the model that is shipped: what people type and what they get."""

import csv
import io
import json
import sys
from decimal import Decimal
from functools import cache

import pytest

from orchestration import cli
from orchestration.commands.cost import output_of
from orchestration.errors import UserError

pytestmark = pytest.mark.integration  # whole commands, a second each

ON = ("--on", "2026-11-30")


@cache
def out(*words):
    return output_of(["cost", *words])


def refused(*words):
    with pytest.raises(UserError) as said:
        out(*words)
    assert "\n" not in str(said.value)
    return str(said.value)


def projection(*words):
    return json.loads(out(*words, *ON, "--json"))["projections"][0]


def test_a_plain_call_shows_the_default_scenario_at_its_rate():
    text = out(*ON)
    assert text.startswith("What Tidemark costs at 500/s")
    for part in ("month 13", "P10–P90", "total a month", "a million events", "NOT in the total", "First to break"):
        assert part in text


def test_json_csv_and_page_tell_the_same_total():
    total = Decimal(projection("--rate", "500")["months"]["13"]["usd"])
    rows = csv.DictReader(io.StringIO(out("--rate", "500", *ON, "--csv")))
    assert sum(Decimal(each["usd"]) for each in rows) == pytest.approx(total, abs=Decimal("0.000001"))
    assert f"${total:,.0f}" in out(*ON)


def test_the_band_has_a_width_and_its_median_within():
    made = projection("--rate", "500")
    low, middle, high = (Decimal(made["band"]["total"][end]) for end in ("p10", "p50", "p90"))
    assert 0 < low < middle < high


def test_the_default_scenario_uses_no_missing_price_and_names_what_is_weak():
    made = projection("--rate", "500")
    assert all(line["price"]["price"] is not None for line in made["lines"])
    assert all(price["reasons"] for price in made["weak"]["prices"])


def test_the_month_picks_the_bill_that_is_shown_in_detail():
    made = projection("--month", "1")
    lines = sum(Decimal(line["usd"]["list"]) for line in made["lines"])
    assert lines == pytest.approx(Decimal(made["months"]["1"]["usd"]), abs=Decimal("0.000001"))


def test_another_month_stands_beside_the_usual_ones():
    made = projection("--month", "25")
    assert list(made["months"]) == ["1", "3", "13", "25"]
    lines = sum(Decimal(line["usd"]["list"]) for line in made["lines"])
    assert lines == pytest.approx(Decimal(made["months"]["25"]["usd"]), abs=Decimal("0.000001"))
    assert "month 25" in out("--month", "25", *ON)
    assert "in month 13" in out("--month", "25", "--rate", "500,5000", *ON)


def test_longer_retention_shows_only_when_the_shorter_one_has_ended():
    def times(month):
        moves = json.loads(out("--against", "us-24-months", "--month", month, *ON, "--json"))["moves"]
        (why,) = (move["why"] for move in moves if move["key"] == "warehouse.storage_longterm")
        return Decimal(why.split("(x")[1].split(")")[0])

    assert times("13") < Decimal("1.5")
    assert times("25") > Decimal("2.5")


def test_a_scenario_without_a_title_says_what_it_changes(tmp_path):
    file = tmp_path / "cheap.yaml"
    file.write_text("retention_months: 3\ngrowth: {curve: linear, per_year: 0.5}\n")
    said = "retention_months 3, growth.curve linear, growth.per_year 0.5"
    assert out("--scenario", str(file), *ON).splitlines()[1].startswith(f"scenario cheap: {said}. Kafka google")
    assert f"cheap: {said}, 500/s." in out("--against", str(file), *ON)
    assert projection("--scenario", str(file))["scenario"]["title"] == said


def test_a_day_before_prices_were_read_is_warned_of_in_one_line(capsys):
    output_of(["cost", "prices", "--on", "2026-09-01"])
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "prices were read after 2026-09-01, the last on " in said
    output_of(["cost", "prices", *ON])
    assert not capsys.readouterr().err


def test_several_rates_are_columns():
    header = next(line for line in out("--rate", "500,5000,50000", *ON).splitlines() if line.startswith("  "))
    assert header.split() == ["500/s", "5,000/s", "50,000/s"]


@pytest.mark.parametrize("component", ["engine", "warehouse", "kafka"])
def test_every_choice_is_compared_with_the_chosen_one(component):
    rows = json.loads(out("--compare", component, *ON, "--json"))["choices"]
    chosen = {row["choice"] for row in rows if row["chosen"] == "yes"}
    assert chosen <= {"tidemark-gke", "bigquery logical slots", "google"}
    assert all(row["cheaper_than_chosen"] for row in rows if row["chosen"] == "no" and not row["missing"])
    assert all(Decimal(row["usd"]) > 0 for row in rows if not row["missing"])


def test_a_choice_without_a_price_is_named_with_it_not_left_out():
    text = out("--compare", "warehouse", *ON)
    for queries in ("slots", "on-demand"):
        said = f"bigquery physical {queries}: the price of gcp.bigquery.storage_active_physical in us-central1"
        assert f"{said} was not found" in text
    rows = csv.DictReader(io.StringIO(out("--compare", "warehouse", *ON, "--csv")))
    absent = {row["choice"]: row["usd"] for row in rows if row["missing"]}
    assert absent == {"bigquery physical slots": "", "bigquery physical on-demand": ""}


def test_a_scenario_that_lacks_a_price_fails_with_its_name(tmp_path):
    file = tmp_path / "physical.yaml"
    file.write_text("billing: physical\n")
    said = refused("--scenario", str(file))
    assert said.startswith(
        "the price of gcp.bigquery.storage_active_physical in us-central1 was not found: look it up at"
    )


def test_a_scenario_s_own_rate_is_checked_as_well(tmp_path):
    file = tmp_path / "flood.yaml"
    file.write_text("name: flood\nrate_per_s: 1e9\n")
    assert refused("--scenario", str(file)) == "rate_per_s of scenario flood is above 10,000,000: give fewer"
    assert "scenario flood is above" in refused("--against", str(file))


def test_a_price_of_another_region_is_weak():
    made = projection("--scenario", "us-24-months")
    assert any("stands in for that of us" in reason for price in made["weak"]["prices"] for reason in price["reasons"])


def test_what_moved_adds_up_to_the_difference_of_the_totals():
    made = json.loads(out("--against", "us-24-months", *ON, "--json"))
    difference = Decimal(made["after"]) - Decimal(made["before"])
    assert sum(Decimal(move["usd"]) for move in made["moves"]) == pytest.approx(difference, abs=Decimal("0.05"))
    sizes = [abs(Decimal(move["usd"])) for move in made["moves"]]
    assert sizes == sorted(sizes, reverse=True)
    assert all("quantity" in move["why"] or "price" in move["why"] for move in made["moves"])


def test_nothing_moves_against_itself():
    assert "Nothing moved" in out("--against", "default", *ON)


def test_every_line_of_the_bill_can_be_explained():
    for line in json.loads(out("explain", "--json"))["lines"]:
        found = json.loads(out("explain", line["key"], "--json"))
        assert Decimal(found["usd"]) == Decimal(line["usd"])
        assert found["how"]
        assert found["price"]["source"]


def test_the_price_book_and_the_figures_are_listed():
    prices = json.loads(out("prices", *ON, "--json"))["prices"]
    missing = json.loads(out("prices", "--missing", *ON, "--json"))["prices"]
    weak = json.loads(out("prices", "--weak", *ON, "--json"))["prices"]
    assert 0 < len(missing) < len(prices)
    assert all(price["price"] is None for price in missing)
    assert weak
    assert all(price["weak"] and price["price"] for price in weak)
    assert "not found" in out("prices", "--missing", *ON)
    figures = json.loads(out("drivers", "--json"))["drivers"]
    assert all(figure["shown"].startswith("~") == (figure["kind"] == "assumed") for figure in figures)
    assert all(figure["run"] for figure in figures if figure["kind"] == "measured")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--rate", "0"), "--rate 0: give events a second, above 0 and at most 10,000,000"),
        (("--rate", "-1"), "--rate -1: "),
        (("--rate", "nan"), "--rate nan: "),
        (("--rate", "Infinity"), "--rate Infinity: "),
        (("--rate", "10000001"), "--rate 10000001: "),
        (("--rate", "500,,5000"), "--rate 500,,5000: part 2 of 3 is empty"),
        (("--rate", "5000,"), "--rate 5000,: part 2 of 2 is empty: give 500 or 500,5000"),
        (("--rate", "1,2,3,4,5,6,7"), "--rate has 7 rates: at most 6"),
        (("--rate", "1,2", "--compare", "kafka"), "give one --rate here"),
        (("--month", "0"), "--month 0: give a whole number from 1 to 120"),
        (("--month", "121"), "--month 121: "),
        (("--month", "1.5"), "--month 1.5: "),
        (("--month", "²"), "--month ²: "),
        (("--on", "30.11.2026"), "--on must be a date like 2026-11-30"),
        (("--compare", "lunch"), "--compare lunch: it may be engine, warehouse, kafka"),
        (("--compare", "kafka", "--against", "default"), "choose one of --compare and --against"),
        (("--json", "--csv"), "choose one of --json, --csv"),
        (("--scenario", "nope"), "no scenario nope: give a YAML file, or one of default"),
        (("--against", "nope"), "no scenario nope"),
        (("--rate", "5", "explain"), "options of `tidemark cost explain` stand behind that word"),
        (("explain", "warehouse.storage_activ"), "near it: warehouse.storage_active"),
        (("prices", "--weak", "--missing"), "choose one of --weak and --missing"),
        (("page", "nowhere.md"), "cannot read nowhere.md"),
    ],
)
def test_a_mistake_is_one_line_that_says_what_to_do(words, said):
    assert said in refused(*words)


def run(monkeypatch, *words):
    monkeypatch.setattr(sys, "argv", ["tidemark", *words])
    monkeypatch.setattr(cli, "app", cli.typer.Typer(callback=lambda: None, no_args_is_help=True))
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code


def test_exit_codes(monkeypatch, capsys):
    assert run(monkeypatch, "cost", "--rate", "5000", *ON) == 0
    assert "What Tidemark costs at 5,000/s" in capsys.readouterr().out
    assert run(monkeypatch, "cost", "--rate", "x") == 2
    said = capsys.readouterr().err
    assert said.startswith("tidemark: --rate x: ")
    assert said.count("\n") == 1


def test_help_names_every_command(monkeypatch, capsys):
    assert run(monkeypatch, "--help") == 0
    shown = capsys.readouterr().out
    assert all(f" {name} " in shown for names in cli.COMMANDS.values() for name in names)
