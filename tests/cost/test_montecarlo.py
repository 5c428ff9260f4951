"""Bands: drawn within the ranges, the same for the same seed, and narrow where nothing is in doubt."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.cost import model, montecarlo, tornado
from assets.cost.drivers import Driver, Drivers
from assets.cost.lines import COMPONENTS, Use
from assets.cost.montecarlo import Band, band, bands, spread
from assets.cost.prices import Price, PriceBook
from assets.cost.scenario import Scenario

TODAY = date(2026, 11, 30)
PRICE = Price("sure", "GiB", Decimal(2), "us-central1", TODAY, "A", "x")
BOOK = PriceBook((PRICE, replace(PRICE, sku="fair", grade="B"), replace(PRICE, sku="weak", grade="C")))


def driver(name, value, low, high):
    return Driver(name, "GiB", Decimal(value), Decimal(low), Decimal(high), "assumed", "a guess", "what")


def figures_of(*each):
    return Drivers({one.name: one for one in each})


SIZE, NARROW = driver("size", 100, 50, 200), driver("narrow", 100, 100, 100)


@pytest.fixture
def made_of(monkeypatch):
    """A bill made of these uses: pairs of an SKU and the driver that is its quantity."""

    def put(*pairs):
        def uses(month):
            for place, (sku, name) in enumerate(pairs):
                component = COMPONENTS[place]
                yield Use(f"{component}.x", component, "x", sku, month.drivers[name], "how", (name,))

        monkeypatch.setattr(model.components, "uses", uses)

    return put


@pytest.mark.parametrize(
    ("change", "width"),
    [
        ({}, "0"),
        ({"grade": "B"}, "0.1"),
        ({"grade": "C"}, "0.3"),
        ({"as_of": None}, "0.3"),
        ({"as_of": date(2026, 1, 1)}, "0.1"),
        ({"as_of": date(2026, 1, 1), "grade": "C"}, "0.3"),
        ({"as_of": None, "grade": "B"}, "0.3"),
    ],
)
def test_a_weaker_price_may_be_further_off(change, width):
    assert spread(replace(PRICE, **change), TODAY) == Decimal(width)


def test_a_price_of_another_region_may_be_further_off():
    assert spread(PRICE, TODAY, {PRICE.sku}) == Decimal("0.3")
    assert spread(PRICE, TODAY, {"another"}) == 0


def test_a_band_is_made_of_drawn_values():
    assert band([Decimal(value) for value in range(100, 0, -1)]) == Band(Decimal(10), Decimal(50), Decimal(90))
    assert band([Decimal(7)]) == Band(Decimal(7), Decimal(7), Decimal(7))
    assert band([Decimal(1), Decimal(2)]) == Band(Decimal(1), Decimal(1), Decimal(2))
    with pytest.raises(ValueError, match="no values"):
        band([])


@given(st.lists(st.integers(0, 99).map(Decimal), min_size=1))
def test_a_tenth_of_the_values_is_at_or_below_p10(values):
    found = band(values)
    for quantile, tenths in ((found.p10, 1), (found.p50, 5), (found.p90, 9)):
        assert quantile in values
        assert sum(value <= quantile for value in values) * 10 >= len(values) * tenths
        assert sum(value < quantile for value in values) * 10 < len(values) * tenths


def test_nothing_in_doubt_is_a_band_of_one_value(made_of):
    made_of(("sure", "narrow"))
    found = bands(Scenario(), figures_of(NARROW), BOOK, TODAY)
    assert found.total == Band(Decimal(200), Decimal(200), Decimal(200))


def test_a_driver_s_band_is_that_of_its_triangle(made_of):
    """From 50 over 100 to 200: a tenth is below 50 + sqrt(0.1 x 150 x 50), nine tenths below 200 - sqrt(0.1 x 150 x
    100)."""
    made_of(("sure", "size"))
    found = bands(Scenario(), figures_of(SIZE), BOOK, TODAY, draws=4_000).total
    assert found.p10 / 2 == pytest.approx(Decimal("77.39"), rel=Decimal("0.02"))
    assert found.p90 / 2 == pytest.approx(Decimal("161.27"), rel=Decimal("0.02"))


def test_a_price_s_band_is_flat(made_of):
    made_of(("weak", "narrow"))
    found = bands(Scenario(), figures_of(NARROW), BOOK, TODAY, draws=4_000).total
    assert found.p10 / 200 == pytest.approx(Decimal("0.76"), rel=Decimal("0.02"))
    assert found.p50 / 200 == pytest.approx(Decimal(1), rel=Decimal("0.02"))
    assert found.p90 / 200 == pytest.approx(Decimal("1.24"), rel=Decimal("0.02"))


def test_the_same_seed_gives_the_same_band_and_another_one_another(made_of):
    made_of(("fair", "size"))
    one, again, other = (bands(Scenario(), figures_of(SIZE), BOOK, TODAY, seed=seed) for seed in (1, 1, 2))
    assert one == again
    assert one != other


def test_a_driver_more_does_not_move_the_others(made_of):
    made_of(("weak", "size"))
    one = bands(Scenario(), figures_of(SIZE), BOOK, TODAY)
    assert bands(Scenario(), figures_of(driver("another", 5, 1, 9), SIZE), BOOK, TODAY) == one


def test_each_component_has_its_band_and_not_all_are_high_at_once(made_of):
    made_of(("sure", "size"), ("sure", "other"), ("sure", "third"))
    found = bands(Scenario(), figures_of(SIZE, replace(SIZE, name="other"), replace(SIZE, name="third")), BOOK, TODAY)
    assert set(found.by_component) == set(COMPONENTS)
    assert sum(each.p90 for each in found.by_component.values()) > found.total.p90
    assert sum(each.p10 for each in found.by_component.values()) < found.total.p10


def test_one_price_is_off_by_the_same_wherever_it_is_paid(made_of):
    made_of(("weak", "narrow"), ("weak", "narrow"))
    found = bands(Scenario(), figures_of(NARROW), BOOK, TODAY)
    assert sum(each.p90 for each in found.by_component.values()) == found.total.p90


def test_a_live_value_beyond_its_range_is_the_end_of_it(made_of):
    made_of(("sure", "size"))
    found = bands(Scenario(), figures_of(SIZE).replaced({"size": Decimal(400)}), BOOK, TODAY).total
    assert found.p50 < found.p90 <= 800


@pytest.mark.integration  # seconds
def test_the_default_s_band_is_stable_between_seeds(book, figures):
    """The number of draws is chosen for this: a few percent whatever the seed, whatever the figures will be."""
    found = [bands(Scenario(), figures, book, TODAY, seed=seed).total for seed in range(3)]
    for name in ("p10", "p50", "p90"):
        values = [getattr(each, name) for each in found]
        assert max(values) / min(values) < Decimal("1.05"), name
    assert montecarlo.DRAWS >= 200


@pytest.mark.integration  # seconds
def test_the_projection_lies_within_its_band(book, figures):
    usd = model.bill(Scenario(), figures, book, 13).usd
    found = bands(Scenario(), figures, book, TODAY).total
    assert found.p10 * Decimal("0.8") < usd < found.p90 * Decimal("1.2")
    assert found.p10 < found.p50 < found.p90


def test_the_widest_swing_comes_first(made_of):
    made_of(("weak", "size"), ("fair", "narrow"), ("sure", "little"))
    found = tornado.tornado(Scenario(), figures_of(SIZE, NARROW, driver("little", 10, 9, 12)), BOOK, TODAY)
    assert [(swing.name, swing.of, swing.usd) for swing in found] == [
        ("size", "driver", 300), ("weak", "price", 120), ("fair", "price", 40), ("little", "driver", 6),
    ]  # fmt: skip
    assert (found[0].low, found[0].high, found[0].usd_at_low, found[0].usd_at_high) == (50, 200, 320, 620)
    assert (found[1].low, found[1].high) == (Decimal("1.4"), Decimal("2.6"))


def test_what_lowers_the_bill_swings_as_well(monkeypatch):
    def uses(month):
        yield Use("kafka.x", "kafka", "x", "sure", 1000 / month.drivers["size"], "how", ("size",))

    monkeypatch.setattr(model.components, "uses", uses)
    (found,) = tornado.tornado(Scenario(), figures_of(SIZE), BOOK, TODAY)
    assert (found.usd_at_low, found.usd_at_high, found.usd) == (40, 10, 30)


def test_only_the_top_is_shown_and_what_does_not_move_the_bill_never(made_of):
    made_of(("sure", "size"), ("sure", "little"))
    figures = figures_of(SIZE, driver("little", 10, 9, 12), driver("idle", 5, 1, 9))
    assert [swing.name for swing in tornado.tornado(Scenario(), figures, BOOK, TODAY)] == ["size", "little"]
    assert [swing.name for swing in tornado.tornado(Scenario(), figures, BOOK, TODAY, top=1)] == ["size"]


def test_the_price_of_a_credit_swings_too(monkeypatch):
    book = PriceBook((replace(PRICE, sku="credit", grade="B"), replace(PRICE, currency="credits")))

    def uses(month):
        yield Use("kafka.x", "kafka", "x", "sure", Decimal(50), "how", (), currency_sku="credit")

    monkeypatch.setattr(model.components, "uses", uses)
    (found,) = tornado.tornado(Scenario(), figures_of(NARROW), book, TODAY)
    assert (found.name, found.usd_at_low, found.usd_at_high) == ("credit", 180, 220)
