"""The figures that the bill is driven by: each says where it is from, and in which range it is believable."""

from decimal import Decimal

import pytest
import yaml

from assets.cost import drivers
from assets.cost.drivers import KINDS

LINE = {"unit": "bytes", "value": 5, "low": 4, "high": 8, "kind": "assumed", "source": "a guess", "what": "size"}
RUN = {"kind": "measured", "run": "abc", "machine": "two cores", "date": "2026-11-23"}


def folder_of(tmp_path, **files):
    for name, lines in files.items():
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump({"drivers": lines}))
    return drivers.read(tmp_path)


def test_every_shipped_figure_has_a_range_a_source_and_a_meaning(figures):
    assert len(figures) > 15
    for name in figures:
        about = figures.about(name)
        assert about.low <= figures[name] <= about.high
        assert about.kind in KINDS
        assert about.unit
        assert about.source
        assert about.what


def test_every_measured_figure_names_run_machine_and_day(figures):
    measured = [figures.about(name) for name in figures if figures.about(name).kind == "measured"]
    assert measured
    assert all(about.run and about.machine and about.date for about in measured)


def test_figures_are_read_exactly(tmp_path):
    found = folder_of(tmp_path, wire={"size": {**LINE, "value": 4.1}})
    assert found["size"] == Decimal("4.1")


def test_a_figure_that_nobody_measured_is_assumed(tmp_path):
    found = folder_of(tmp_path, wire={"guess": LINE, "run": {**LINE, **RUN}})
    assert found.about("guess").assumed
    assert not found.about("run").assumed


def test_all_files_of_the_folder_are_read(tmp_path):
    assert set(folder_of(tmp_path, wire={"a": LINE}, engine={"b": LINE})) == {"a", "b"}


def test_a_figure_in_two_files_is_named(tmp_path):
    with pytest.raises(ValueError, match="size is in another file"):
        folder_of(tmp_path, wire={"size": LINE}, engine={"size": LINE})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"value": 9}, "value 9 is not between 4 and 8"),
        ({"low": 6}, "value 5 is not between 6 and 8"),
        ({"kind": "guessed"}, "kind guessed is none of measured, computed, cited, assumed"),
        ({"kind": "measured"}, "names its run, machine and date"),
        ({**RUN, "date": ""}, "names its run, machine and date"),
        ({"value": "many"}, "value is 'many', not a number"),
        ({"value": float("nan")}, "not a number"),
        ({"high": None}, "high is None, not a number"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_figure_that_is_not_in_its_form_is_named(tmp_path, change, said):
    with pytest.raises(ValueError, match=said) as raised:
        folder_of(tmp_path, wire={"size": {**LINE, **change}})
    assert str(raised.value).startswith("wire.yaml: size: ")


@pytest.mark.parametrize("key", ["unit", "value", "low", "high", "kind", "source", "what"])
def test_nothing_of_a_figure_may_be_left_out(tmp_path, key):
    with pytest.raises(ValueError, match=key):
        folder_of(tmp_path, wire={"size": {name: value for name, value in LINE.items() if name != key}})


def test_a_replaced_value_leaves_the_others_and_the_original(tmp_path):
    before = folder_of(tmp_path, wire={"a": LINE, "b": LINE})
    after = before.replaced({"a": Decimal(7)})
    assert (after["a"], after["b"], before["a"]) == (7, 5, 5)
    assert after.about("a") is before.about("a")
    assert after.replaced({"b": Decimal(6)})["a"] == 7


def test_a_name_that_is_none_cannot_be_replaced(tmp_path):
    with pytest.raises(KeyError):
        folder_of(tmp_path, wire={"a": LINE}).replaced({"c": Decimal(7)})


def test_a_live_value_beyond_its_range_widens_it(tmp_path):
    found = folder_of(tmp_path, wire={"a": LINE})
    assert found.range_of("a") == (4, 8)
    assert found.replaced({"a": Decimal(10)}).range_of("a") == (4, 10)
    assert found.replaced({"a": Decimal(1)}).range_of("a") == (1, 8)
