"""The page on secure connections names every setting and every line that is said."""

import re
from pathlib import Path

import pytest

from streaming.adapters import kafka_refusals, tls_probe
from streaming.settings import Settings

PAGE = (Path(__file__).parents[2] / "docs" / "secure-connections.md").read_text()
ABOUT = re.compile(r"TIDEMARK_KAFKA_(SECURITY|SASL|USERNAME|PASSWORD|CA_|CLIENT_)\w*")
SAID = "".join(Path(module.__file__).read_text() for module in (kafka_refusals, tls_probe))


def rows(heading):
    """First cells of the tables under a heading."""
    section = PAGE.split(heading, 1)[1].split("\n#", 1)[0]
    return re.findall(r"^\| `([^`]+)`", section, re.MULTILINE)


def test_every_setting_of_a_kafka_connection_is_in_the_table():
    known = {name for name, _, _ in Settings.listed() if ABOUT.fullmatch(name)}
    assert len(known) == 10
    assert set(rows("## Kafka")) == known


@pytest.mark.parametrize("line", rows("### What is said"))
def test_every_documented_line_is_one_that_is_said(line):
    assert line in SAID


def test_no_unknown_variable_is_named():
    known = {name for name, _, _ in Settings.listed()}
    assert set(re.findall(r"TIDEMARK_[A-Z_]+[A-Z]", PAGE)) <= known
