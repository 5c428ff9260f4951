"""docs/cost.md: its tables are what its commands print."""

import re
from pathlib import Path

import pytest

from assets.cost.render.document import rewrite
from orchestration.commands.cost import output_of

pytestmark = pytest.mark.integration  # whole commands, seconds each

PAGE = Path(__file__).parents[2] / "docs" / "cost.md"


def test_the_tables_are_what_the_commands_print():
    text = PAGE.read_text()
    assert rewrite(text, output_of) == text, "the model moved: write the page anew by `tidemark cost page`"


def test_the_tables_do_not_change_with_the_day():
    commands = re.findall(r"<!-- tidemark (cost.*) -->", PAGE.read_text())
    assert len(commands) >= 5
    assert [each for each in commands if "--on 2026-11-30" not in each or "--markdown" not in each] == []


def test_a_table_is_made_by_the_command_of_its_marker():
    document = "a\n<!-- tidemark cost --rate 5 -->\nold\n<!-- end -->\nb\n<!-- tidemark cost prices -->\n<!-- end -->\n"
    made = rewrite(document, lambda words: f"{' '.join(words)}\n")
    assert made == (
        "a\n<!-- tidemark cost --rate 5 -->\ncost --rate 5\n<!-- end -->\nb\n"
        "<!-- tidemark cost prices -->\ncost prices\n<!-- end -->\n"
    )
    assert rewrite(made, " ".join) == made


def test_a_document_without_markers_is_refused():
    with pytest.raises(ValueError, match="no marker"):
        rewrite("# a page\n<!-- table: x -->\n<!-- end -->\n", lambda _: "")
