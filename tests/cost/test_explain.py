import io
from decimal import Decimal

import pytest

from assets.cost.explain import NoSuchLine, explain
from assets.cost.render import console, line, markdown
from tests.cost.small_bill import BOOK, TODAY, bill, figures


def explained(key, **more):
    return explain(bill(**more), key, BOOK, TODAY)


def shown(key, **more):
    out = io.StringIO()
    console.show(line.explained(explained(key, **more)), out)
    return out.getvalue()


def test_price_source_quantity_arithmetic_and_run_are_shown():
    text = shown("kafka.disks")
    for part in (
        "good", "$0.10 a GiB, us-central1", "2026-09-01, grade A", "https://prices.example/good", "10 disks x 100 GiB",
        "1,000 x $0.10 = $100", "$80.00 for 1 year, $60.00 for 3", "measured_bytes", "abc123 two cores 2026-11-23",
        "source of measured_bytes", "250–350",
    ):  # fmt: skip
        assert part in text, part
    assert "~" not in text.replace("~ and italics", "")
    assert "weak" not in text


def test_a_narrow_terminal_shows_run_and_source_below_each_figure(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")
    out = Terminal()
    console.show(line.explained(explained("engine.cores")), out)
    text = out.getvalue()
    for part in ("abc123 two cores 2026-11-23", "source of measured_bytes", "source of guessed_bytes", "~20 bytes"):
        assert part in text, part
    assert "left out" not in text
    assert max(map(len, text.splitlines())) <= 80


def test_assumed_figures_and_what_rests_on_them_are_marked():
    text = shown("engine.cores")
    assert "~20 bytes" in text
    assert "~$60.00" in text
    assert "300 bytes" in text
    assert "~300" not in text
    assert "read 333 days ago" in text


def test_assumed_figures_are_in_italics_in_markdown():
    text = markdown.text(line.explained(explained("engine.cores")))
    assert "*~20 bytes*" in text
    assert "| 300 bytes |" in text


def test_a_line_in_tiers_shows_them_and_who_shares_the_free_part():
    found = explained("warehouse.queries")
    assert found.shared_with == ("warehouse.audits",)
    assert found.line.free == 10
    text = shown("warehouse.queries")
    assert "10 GiB, shared with warehouse.audits" in text
    assert "40 GiB through the tiers below, $0.8 each on average = $40.00" in text
    assert ["0", "100", "$1"] in [each.split() for each in text.splitlines()]
    assert ["100", "$0.5"] in [each.split() for each in text.splitlines()]


def test_credits_are_multiplied_by_their_price():
    assert "7 x 3 credits x $2 a credit = $42.00" in shown("warehouse.hours")


def test_the_figures_are_those_that_the_bill_used():
    assert "~33 bytes" in shown("engine.cores", drivers=figures(guessed_bytes=33))


def test_a_record_holds_every_digit():
    found = line.record(explained("engine.cores"))
    assert found["usd"] == "60"
    assert found["drivers"]["guessed_bytes"]["shown"] == "~20"
    assert found["drivers"]["measured_bytes"]["run"] == "abc123"
    assert found["price"]["source"] == "https://prices.example/old"
    assert found["weak"] == ["read 333 days ago"]


@pytest.mark.parametrize(
    ("key", "near"),
    [
        ("warehouse.querys", "warehouse.queries"),
        ("Warehouse", "warehouse.queries, warehouse.audits, warehouse.hours"),
        ("disks", "kafka.disks"),
    ],
)
def test_an_unknown_line_names_those_near_it_in_one_line(key, near):
    with pytest.raises(NoSuchLine) as refused:
        explained(key)
    assert near in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("key", ["zzz", ""])
def test_what_is_near_to_nothing_is_told_how_to_list(key):
    with pytest.raises(NoSuchLine, match="`tidemark cost explain` lists all 5"):
        explained(key)


def test_the_list_has_every_line_and_the_total():
    page = line.keys(bill())
    (table, _) = page.parts
    assert [row[0].text for row in table.rows] == [*(each.key for each in bill().lines), ""]
    assert table.rows[-1][2].text == "$312"
    assert Decimal(312) == bill().usd
