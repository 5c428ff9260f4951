"""Scenarios: what is not named is the default's, and every mistake is one line that names the setting."""

from dataclasses import fields
from decimal import Decimal

import pytest

from assets.cost import scenario
from assets.cost.scenario import CHOICES, BadScenario, Scenario


@pytest.mark.parametrize("name", scenario.bundled())
def test_a_bundled_scenario_is_read_by_its_name(name):
    assert scenario.read(name).name == name


def test_the_default_file_says_what_the_code_says():
    found = scenario.read("default")
    assert found == Scenario(title=found.title)
    assert (found.billing, found.queries, found.warehouse_region) == ("logical", "slots", "us-central1")
    assert found.commitment == "none"


def test_the_ceiling_is_the_default_with_queries_on_demand():
    found = scenario.read("on-demand")
    assert found == Scenario(name="on-demand", title=found.title, queries="on-demand")


@pytest.mark.parametrize("name", ["growing", "us-24-months"])
def test_the_other_scenarios_pay_their_queries_as_the_default_does(name):
    assert scenario.read(name).queries == "slots"


def test_what_is_not_named_has_its_default():
    assert scenario.parse({}) == Scenario()
    assert scenario.parse({"retention_months": 24}) == Scenario(retention_months=Decimal(24))


def test_a_file_is_read_by_its_path(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("name: mine\nrate_per_s: 750.5\ngrowth: {curve: linear, per_year: 0.5}\ncompressed: false\n")
    found = scenario.read(str(path))
    assert (found.name, found.rate_per_s, found.compressed) == ("mine", Decimal("750.5"), False)
    assert found.growth.factor(13) == Decimal("1.5")


@pytest.mark.parametrize("content", ["", "# nothing\n", "{}\n"])
def test_a_file_without_settings_is_a_mistake(tmp_path, content):
    (tmp_path / "empty.yaml").write_text(content)
    with pytest.raises(BadScenario, match=r"^empty\.yaml has no settings: "):
        scenario.read(str(tmp_path / "empty.yaml"))


def test_a_file_without_a_name_is_called_as_the_file_and_has_no_title(tmp_path):
    (tmp_path / "cheap.yaml").write_text("retention_months: 3\n")
    found = scenario.read(str(tmp_path / "cheap.yaml"))
    assert found == Scenario(name="cheap", title="", retention_months=Decimal(3))


@pytest.mark.parametrize(
    ("content", "key"),
    [
        ("retention_months: 3\nname: a\nretention_months: 24\n", "retention_months"),
        ("growth: {curve: linear, per_year: 1, per_year: 2}\n", "per_year"),
    ],
)
def test_a_key_that_is_given_twice_is_named(tmp_path, content, key):
    (tmp_path / "twice.yaml").write_text(content)
    with pytest.raises(BadScenario, match=rf"^twice\.yaml: {key} is given twice"):
        scenario.read(str(tmp_path / "twice.yaml"))


@pytest.mark.parametrize(("setting", "choice"), [(name, each) for name, all_of in CHOICES.items() for each in all_of])
def test_every_choice_is_taken(setting, choice):
    assert getattr(scenario.parse({setting: choice}), setting) == choice


def test_dashboards_may_be_none():
    found = scenario.parse({"dashboards": {"refreshes_a_day": 0, "reports_a_day": 0}}).dashboards
    assert (found.refreshes_a_day, found.reports_a_day, found.live_days) == (0, 0, 1)


MISTAKES = [
    ({"colour": "red"}, ["no setting colour", "rate_per_s"]),
    ({5: 6}, ["no setting 5"]),
    ({"engine": "storm"}, ["engine is 'storm'", "tidemark-gke", "dataflow"]),
    ({"engine": ["dataflow"]}, ["engine is", "tidemark-gke"]),
    ({"kafka": None}, ["kafka is None", "self-run"]),
    ({"billing": True}, ["billing is True", "logical, physical"]),
    ({"queries": "bytes"}, ["queries is 'bytes'", "on-demand, slots"]),
    ({"commitment": 1}, ["commitment is 1", "none, 1y, 3y"]),
    ({"region": "europe-west3"}, ["region is 'europe-west3'", "us-central1"]),
    ({"warehouse_region": "eu"}, ["warehouse_region is 'eu'", "us-central1, us"]),
    ({"rate_per_s": "fast"}, ["rate_per_s is 'fast'", "number above zero"]),
    ({"rate_per_s": 0}, ["rate_per_s is 0", "number above zero"]),
    ({"rate_per_s": -1}, ["rate_per_s is -1", "number above zero"]),
    ({"rate_per_s": True}, ["rate_per_s is True", "number above zero"]),
    ({"rate_per_s": float("inf")}, ["rate_per_s is inf", "number above zero"]),
    ({"retention_months": [13]}, ["retention_months is [13]", "number above zero"]),
    ({"partitions": 0.5}, ["partitions is 0.5", "whole number"]),
    ({"partitions": 0}, ["partitions is 0", "number above zero"]),
    ({"compressed": "yes"}, ["compressed is 'yes'", "true, false"]),
    ({"compressed": 1}, ["compressed is 1", "true, false"]),
    ({"name": 5}, ["name is 5", "line of text"]),
    ({"title": "a\nb"}, ["title is", "line of text"]),
    ({"growth": "fast"}, ["growth is 'fast'", "curve, per_year"]),
    ({"growth": {"curve": "steep"}}, ["growth.curve is 'steep'", "none, linear, compound"]),
    ({"growth": {"per_year": -1}}, ["growth.per_year is -1", "from zero on"]),
    ({"growth": {"speed": 1}}, ["growth is", "curve, per_year"]),
    ({"dashboards": 5}, ["dashboards is 5", "refreshes_a_day"]),
    ({"dashboards": {"speed": 1}}, ["dashboards is", "refreshes_a_day"]),
    ({"dashboards": {"live_days": -1}}, ["dashboards.live_days is -1", "from zero on"]),
    ({"dashboards": {"share_of_columns": 15}}, ["dashboards.share_of_columns is 15", "share of 1"]),
    (["rate_per_s"], ["a mapping of settings"]),
    ("fast", ["a mapping of settings"]),
    (0, ["a mapping of settings"]),
]


@pytest.mark.parametrize(("document", "said"), MISTAKES)
def test_a_mistake_is_one_line_that_names_the_setting_and_what_it_may_be(document, said):
    with pytest.raises(BadScenario) as raised:
        scenario.parse(document)
    assert "\n" not in str(raised.value)
    for each in said:
        assert each in str(raised.value)


def test_every_setting_has_a_mistake_above():
    tried = {name for document, _ in MISTAKES if isinstance(document, dict) for name in document}
    numbers = {"message_size", "kafka_retention_days"}  # read as rate_per_s is
    choices = {"warehouse", "orchestration"}  # read as engine is
    assert {setting.name for setting in fields(Scenario)} <= tried | numbers | choices


@pytest.mark.parametrize("name", ["nowhere", "nowhere.yaml", "../scenarios"])
def test_a_scenario_that_is_not_there_is_named_with_those_that_are(name):
    with pytest.raises(BadScenario, match=f"no scenario {name}.*default, growing"):
        scenario.read(name)


@pytest.mark.parametrize("content", [b"a: [", b"a: b: c", b"\tx"])
def test_a_file_that_is_not_yaml_is_named(tmp_path, content):
    (tmp_path / "bad.yaml").write_bytes(content)
    with pytest.raises(BadScenario, match=r"bad\.yaml is not YAML") as raised:
        scenario.read(str(tmp_path / "bad.yaml"))
    assert "\n" not in str(raised.value)


def test_a_file_that_is_no_text_and_a_folder_are_named(tmp_path):
    (tmp_path / "raw.yaml").write_bytes(b"\xff\xfe\xfa")
    (tmp_path / "folder.yaml").mkdir()
    for name in ("raw.yaml", "folder.yaml"):
        with pytest.raises(BadScenario, match="no scenario"):
            scenario.read(str(tmp_path / name))


def test_at_another_rate_and_with_other_choices_the_rest_is_the_same():
    found = Scenario().at(Decimal(5000)).having(engine="dataflow")
    assert found == Scenario(rate_per_s=Decimal(5000), engine="dataflow")
