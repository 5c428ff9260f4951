"""The projection of a measured day against the band of what was committed."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from assets.cost import drivers, montecarlo, prices, scenario
from assets.cost.daily_projection import LAST, project_day
from assets.cost.drawing import Bar, as_markdown, bars
from assets.cost.live import Day
from assets.cost.montecarlo import Band

ON = date(2026, 11, 30)
MORNING = datetime(2026, 11, 29, tzinfo=UTC)
COMMITTED, BOOK, SCENARIO = drivers.read(), prices.read(), scenario.read("default")


@pytest.fixture(autouse=True)
def few_draws(monkeypatch):
    """Bands as wide as they are, in a tenth of the time."""
    monkeypatch.setattr(montecarlo.bands, "__kwdefaults__", {"draws": 40, "seed": montecarlo.SEED})


def as_committed(**fields):
    """A day at the scenario's rate whose shares and bytes are the committed ones."""
    records = int(SCENARIO.rate_per_s) * 86_400
    shares = {
        "quarantined": int(records * COMMITTED["quarantine_share"]),
        "repeated": int(records * COMMITTED["duplicate_share"]),
        "superseding": int(records * COMMITTED["superseding_share"]),
    }
    size = {"rows": records, "logical_bytes": int(records * COMMITTED["logical_bytes"])}
    day = Day(MORNING.date(), records, **shares, first=MORNING, last=MORNING + timedelta(hours=24), **size)
    return replace(day, **fields)


def projected(day):
    return project_day(SCENARIO, COMMITTED, BOOK, day, [], on=ON)


def test_a_day_as_committed_changes_nothing():
    found = projected(as_committed())
    assert found.within
    assert found.rests_on_a_day
    assert found.now.bills[LAST].usd == pytest.approx(found.committed.bills[LAST].usd, rel=Decimal("0.001"))
    assert "within the band" in found.line


def test_a_stream_that_tripled_leaves_the_band_and_is_named_first():
    day = as_committed()
    found = projected(replace(day, records=3 * day.records, rows=3 * day.records, logical_bytes=3 * day.logical_bytes))
    assert not found.within
    assert found.moved[0].name == "rate_per_s"
    assert (found.moved[0].before, found.moved[0].now) == (500, 1500)
    assert found.moved[0].usd > 0
    assert "outside the band" in found.line
    assert "rate_per_s 500 -> 1,500" in found.line


def test_rows_of_twice_the_size_are_named():
    day = as_committed()
    found = projected(replace(day, logical_bytes=2 * day.logical_bytes))
    assert found.moved[0].name == "logical_bytes"
    assert found.now.bills[LAST].usd > found.committed.bills[LAST].usd


def test_too_little_traffic_leaves_the_projection_alone_and_says_so():
    found = projected(as_committed(records=1_000))
    assert found.within
    assert not found.rests_on_a_day
    assert found.moved == ()
    assert found.now is found.committed
    assert found.line == "1,000 records on 2026-11-29 are too few to tell a month from: nothing was measured"


def test_what_moved_is_ordered_by_what_it_does():
    found = projected(as_committed(superseding=5_000_000, quarantined=1_000_000))
    effects = [abs(moved.usd) for moved in found.moved]
    assert effects == sorted(effects, reverse=True)
    assert {"rate_per_s", "superseding_share", "quarantine_share"} <= {moved.name for moved in found.moved}


def band(low, high):
    return Band(Decimal(low), Decimal((low + high) // 2), Decimal(high))


def test_the_picture_has_a_bar_a_row_to_one_scale():
    svg = bars(
        "Bill <of a month>", [Bar("kafka", Decimal(100), band(50, 200)), Bar("engine", Decimal(50), band(40, 60))]
    )
    assert "Bill &lt;of a month&gt;" in svg
    assert "$100" in svg
    widths = [float(wide) for wide in re.findall(r'<rect [^>]*width="([0-9.]+)"', svg)]
    assert widths[0] == pytest.approx(2 * widths[1], abs=0.2)


def test_a_picture_of_nothing_is_one_still():
    assert bars("t", [Bar("kafka", Decimal(0), band(0, 0))]).endswith("</svg>")
    assert bars("t", []).endswith("</svg>")
    assert as_markdown("t", "<svg/>") == "![t](data:image/svg+xml;base64,PHN2Zy8+)"
