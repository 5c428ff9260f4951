import csv
import io
import json
from decimal import Decimal

import pytest

from assets.cost.asked import Asked
from assets.cost.beside import Aside
from assets.cost.exclusions import EXCLUSIONS
from assets.cost.limits import Break, Limit
from assets.cost.lines import COMPONENTS
from assets.cost.model import Projection
from assets.cost.montecarlo import Band, Bands
from assets.cost.render import console, machine, markdown, overview
from assets.cost.render.page import Cell, Page, Table, cell, columns, row
from assets.cost.summary import Summary
from assets.cost.tornado import Swing
from assets.cost.trust import weak_prices
from tests.cost.small_bill import BOOK, TODAY, bill


def limit(name):
    return Limit("kafka", name, Decimal(100), "MiB/s", lambda _: Decimal(0), "how", "theirs", "a page", "buy more")


def summary(made=None):
    made = made or bill()
    scenario, known = made.month.scenario, made.month.drivers
    band = Band(Decimal(290), Decimal(310), Decimal(350))
    return Summary(
        asked=Asked(scenario, known, BOOK, TODAY, 13),
        projection=Projection(scenario, {1: made, 3: made, 13: made}),
        bands=Bands(13, 300, band, dict.fromkeys(COMPONENTS, band)),
        swings=(Swing("guessed_bytes", "driver", Decimal(10), Decimal(40), Decimal(290), Decimal(340)),),
        weak=weak_prices(made, BOOK, TODAY),
        limits=[Break(limit("quota of writes"), Decimal(400)), Break(limit("never reached"), None)],
        asides=(
            Aside("replay of one day", Decimal(3), "read once"),
            Aside("another way to pay", None, "the price of lost was not found"),
        ),
    )


def text_of(page):
    out = io.StringIO()
    console.show(page, out)
    return out.getvalue()


def line_with(text, word):
    return next(f"\n{line}" for line in text.splitlines() if word in f"\n{line}")


@pytest.fixture(scope="module")
def page():
    return overview.one_rate(summary())


def test_the_page_has_total_band_and_cost_of_a_million_events(page):
    text = text_of(page)
    assert line_with(text, "total a month").split()[3:] == ["$312", "$312", "$312", "$290–350", "~32", "%"]
    assert line_with(text, "a million events").split()[3:] == ["$156", "$156", "$156"]


def test_a_component_that_rests_on_assumed_figures_is_marked_and_others_are_not(page):
    text = text_of(page)
    assert line_with(text, "\nengine").split()[1:4] == ["~$60.00"] * 3
    assert line_with(text, "\nkafka").split()[1:4] == ["$100"] * 3
    assert "~ and italics: assumed" in text


def test_commitments_stand_side_by_side(page):
    text = text_of(page)
    after = text[text.index("by commitment") :]
    assert line_with(after, "total a month").split()[3:] == ["$312", "$292", "$272"]


def test_weak_prices_assumed_figures_drivers_limits_and_asides_are_there(page):
    text = text_of(page)
    assert "Weak prices: 19 % of month 13 rests on 1 of them" in text
    assert "read 333 days ago" in text
    assert line_with(text, "guessed_bytes").split()[:5] == ["guessed_bytes", "~20", "bytes", "10–40", "$50.00"]
    assert line_with(text, "quota of writes").split()[4:7] == ["400/s", "125", "%"]
    assert "never reached" not in text
    assert line_with(text, "replay of one day").split()[4] == "$3.00"
    assert "no price" in line_with(text, "another way to pay")


def test_what_is_left_out_stands_right_below_the_total(page):
    text = text_of(page)
    between = text[text.index("total a month") : text.index("by commitment")]
    assert "NOT in the total: " in between
    assert all(name in between for name, _ in EXCLUSIONS)


def test_a_pipe_gets_no_colour_and_nothing_is_cut(page):
    text = text_of(page)
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) > 150
    assert not any(line.endswith(" ") for line in text.splitlines())
    assert "…" not in text


class Terminal(io.StringIO):
    def isatty(self):
        return True


def on_terminal(page, width, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    out = Terminal()
    console.show(page, out)
    return out.getvalue()


def test_a_terminal_shows_assumed_figures_in_italics(page, monkeypatch):
    assert "\x1b[3m~$60.00" in on_terminal(page, 100, monkeypatch).replace("\x1b[3m ", "\x1b[3m")


@pytest.mark.parametrize("width", [60, 80, 100])
def test_a_narrow_terminal_keeps_names_and_figures(page, width, monkeypatch):
    text = on_terminal(page, width, monkeypatch)
    for word in (*COMPONENTS, "total a month", "$290–350", "guessed_bytes", "400/s"):
        assert word in text, word


def test_what_a_narrow_terminal_leaves_out_is_said(page, monkeypatch):
    assert "left out for want of width: what" in on_terminal(page, 60, monkeypatch)


def test_several_rates_stand_side_by_side():
    slow, fast = summary(bill(rate_per_s=Decimal(5))), summary(bill(rate_per_s=Decimal(50)))
    text = text_of(overview.several_rates([slow, fast]))
    assert "5/s" in line_with(text, "50/s")
    assert line_with(text, "total a month").split()[3:] == ["$312", "$312"]
    assert line_with(text, "committed for 3 years").split()[4:] == ["$272", "$272"]
    assert line_with(text, "quota of writes").split()[-4:] == ["1", "%", "12", "%"]
    assert "NOT in the total" in text


def test_no_rates_is_a_mistake():
    with pytest.raises(ValueError, match="no rates"):
        overview.several_rates([])


def test_markdown_puts_assumed_figures_in_italics_and_the_total_in_bold(page):
    text = markdown.text(page)
    assert text.startswith("### What Tidemark costs at 500/s")
    assert "| engine | *~$60.00* |" in text
    assert "| **total a month** | **$312** |" in text
    assert "month 13 P10–P90" in text


def test_markdown_spells_out_what_it_would_obey():
    table = Table("", columns("<a|b", "c"), (row("<1 %", "x_y*"),))
    text = markdown.text(Page("t", "", (table,)))
    assert "a\\|b" in text
    assert "&lt;1 %" in text
    assert "x\\_y\\*" in text


def test_json_has_every_figure_as_text_with_its_source():
    made = json.loads(json.dumps(machine.as_json(summary())))

    def floats(value):
        if isinstance(value, dict):
            return any(map(floats, value.values()))
        return any(map(floats, value)) if isinstance(value, list) else isinstance(value, float)

    assert not floats(made)
    assert made["months"]["13"]["usd"] == "312.00"
    assert made["band"]["total"] == {"p10": "290", "p50": "310", "p90": "350"}
    assert list(map(Decimal, made["commitments"].values())) == [312, 292, 272]
    assert made["drivers"]["guessed_bytes"]["shown"] == "~20"
    assert made["drivers"]["guessed_bytes"]["assumed"] is True
    assert made["drivers"]["measured_bytes"]["run"] == "abc123"
    assert made["lines"][0]["price"]["source"] == "https://prices.example/good"
    assert set(made["not_in_the_total"]) == {name for name, _ in EXCLUSIONS}
    assert made["asides"][1]["usd"] is None


def test_csv_has_one_row_a_line_and_adds_up():
    rows = list(csv.DictReader(io.StringIO(machine.as_csv([summary(), summary()]))))
    assert len(rows) == 2 * len(bill().lines)
    assert sum(Decimal(each["usd"]) for each in rows) == 2 * bill().usd
    engine = next(each for each in rows if each["key"] == "engine.cores")
    assert engine["assumed"] == "yes"
    assert engine["drivers"] == "measured_bytes=300 ~guessed_bytes=20"
    assert engine["weak"] == "read 333 days ago"


def test_a_row_of_another_length_is_a_mistake():
    with pytest.raises(ValueError, match="2 cells under 1 columns"):
        Table("t", columns("a"), (row("1", "2"),))


def test_a_cell_carries_its_mark_in_its_text():
    assert cell("$5", assumed=True) == Cell("~$5", "assumed")
    assert cell("$5") == Cell("$5", "plain")
