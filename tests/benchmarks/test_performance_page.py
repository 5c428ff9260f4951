"""docs/performance.md shows what the committed results say, and nothing else."""

import json

import pytest

from benchmarks import results
from benchmarks.page import PAGE, PageError, rendered

HEAD = "<!-- results: a.json, b.json -->\n"


def test_the_page_agrees_with_its_results():
    text = PAGE.read_text()
    assert rendered(text) == text, "run `python -m benchmarks --page`"


def test_a_changed_figure_shows():
    text = PAGE.read_text()
    found = results.read(results.FOLDER / "before.json")
    shown = f"{found['core'][0]['per_second']['median']:,}"
    assert shown in text
    assert rendered(text.replace(shown, "1,234,567", 1)) == text


@pytest.fixture
def folder(tmp_path):
    for name, rate in (("a", 200_000), ("b", 50_000)):
        bare = {"per_second": dict.fromkeys(("median", "min", "max"), rate), "peak_rss_mb": 1}
        bare["cpu_s_per_million"] = {"median": 1.0, "min": 1.0, "max": 1.0}
        (tmp_path / f"{name}.json").write_text(json.dumps({"bare": bare}))
    return tmp_path


def test_tables_are_put_between_their_markers_and_words_stay(folder):
    text = f"{HEAD}Words.\n<!-- table: after.path -->\nold\n<!-- end -->\nMore.\n"
    found = rendered(text, folder)
    assert "200,000 (200,000–200,000)" in found
    assert found.startswith(f"{HEAD}Words.\n")
    assert found.endswith("<!-- end -->\nMore.\n")
    assert "old" not in found
    assert rendered(found, folder) == found


def test_before_and_after_are_told_apart(folder):
    text = f"{HEAD}<!-- table: before.path -->\n<!-- end -->\n"
    assert "50,000" in rendered(text, folder)


def test_what_was_not_measured_is_said(folder):
    text = f"{HEAD}<!-- table: after.drains -->\n<!-- end -->\n"
    (folder / "a.json").write_text(json.dumps({"scale": {"events": 1}}))
    assert "(not measured in this run)" in rendered(text, folder)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("no marker", "names no results"),
        ("<!-- results: none.json, b.json -->", "that the page names"),
        (f"{HEAD}<!-- table: after.speed -->\n<!-- end -->", "no table is called after.speed"),
        (f"{HEAD}<!-- table: since.path -->\n<!-- end -->", "no table is called since.path"),
    ],
)
def test_a_page_that_cannot_be_made_says_why(folder, text, says):
    with pytest.raises(PageError, match=says):
        rendered(text, folder)
