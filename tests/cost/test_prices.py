"""The price book: a price that nobody found stops the projection, a weak one is named."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
import yaml

from assets.cost import prices
from assets.cost.prices import OLD_AFTER, PriceMissing

TODAY = date(2026, 11, 30)
LINE = {"sku": "a.b", "unit": "GiB", "price": "2", "region": "us-central1", "as_of": TODAY, "grade": "A", "source": "x"}


def book_of(tmp_path, *lines):
    path = tmp_path / "book.yaml"
    path.write_text(yaml.safe_dump({"prices": list(lines)}))
    return prices.read(path)


def test_the_shipped_book_parses(book):
    assert len(book.prices) >= 131
    assert all(price.source and price.unit and price.region for price in book.prices)
    assert all(price.price is None or price.price >= 0 for price in book.prices)


def test_grade_x_says_that_there_is_no_price_and_nothing_else_does(book):
    assert {price.sku for price in book.prices if price.price is None} == {
        price.sku for price in book.prices if price.grade == "X"
    }


def test_no_price_is_from_the_future(book):
    latest = max(price.as_of for price in book.prices if price.as_of)
    assert latest <= TODAY


def test_tiers_start_at_the_listed_price_and_have_an_end(book):
    for price in book.prices:
        if price.tiers:
            assert price.tiers[0].price == price.price, price.sku
            edges = [tier.up_to for tier in price.tiers[:-1]]
            assert price.tiers[-1].up_to is None
            assert edges == sorted(edges)


def test_a_missing_price_fails_with_its_name_and_where_to_look(book):
    missing = next(price for price in book.prices if price.price is None)
    with pytest.raises(PriceMissing, match=missing.sku) as raised:
        book.get(missing.sku)
    assert missing.source in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_missing_price_of_the_multi_region_is_not_replaced_by_that_of_the_region(tmp_path):
    gone = {**LINE, "sku": "a.b.us_multi", "price": None, "grade": "X", "as_of": None}
    with pytest.raises(PriceMissing, match=r"a\.b\.us_multi"):
        book_of(tmp_path, LINE, gone).get("a.b", "us")


def test_a_line_that_is_not_in_the_book_fails_with_its_name(book):
    with pytest.raises(PriceMissing, match=r"no line gcp\.tea"):
        book.get("gcp.tea")


def test_every_missing_price_fails(book):
    for price in book.prices:
        if price.price is None:
            with pytest.raises(PriceMissing):
                book.get(price.sku)
        else:
            assert book.get(price.sku).price == price.price


def test_the_multi_region_has_its_own_price_where_there_is_one(book):
    sku = "gcp.bigquery.storage_active_logical"
    assert book.get(sku).price == Decimal("0.023")
    assert book.get(sku, "us").price == Decimal("0.02")
    assert not book.stands_in(sku, "us")


def test_another_region_s_price_stands_in_and_says_so(book):
    sku = "gcp.bigquery.storage_write_api"
    assert book.get(sku, "us") is book.get(sku)
    assert book.stands_in(sku, "us")
    assert not book.stands_in(sku, "us-central1")


@pytest.mark.parametrize(
    ("listed", "in_region", "in_multi_region"),
    [
        ("us-central1", True, False),
        ("us-central1 (tier 1)", True, False),
        ("us-central1 -> worldwide (Premium)", True, False),
        ("GCP us-central1 (= AWS us-east-1)", True, False),
        ("US", False, True),
        ("US (multi-region)", False, True),
        ("us-central1, US (multi-region)", True, True),
        ("us-west1 (us tier)", False, False),
        ("AWS us-east-1", False, False),
        ("unspecified", False, False),
        ("global", True, True),
        ("all", True, True),
        ("entry price (range 1.75-2.25)", True, True),
        ("entry price; region multiplier applies", False, False),
        ("Basic; Standard 0.035-0.05", True, True),
    ],
)
def test_a_price_stands_in_where_its_region_is_not_the_asked_one(tmp_path, listed, in_region, in_multi_region):
    made = book_of(tmp_path, {**LINE, "region": listed})
    assert made.stands_in("a.b", "us-central1") is not in_region
    assert made.stands_in("a.b", "us") is not in_multi_region


def test_what_aws_sells_is_bought_where_it_is_listed(book):
    assert book.find("aws.managed_flink.kpu").region == "us-east-1"
    assert not book.stands_in("aws.managed_flink.kpu", "us-central1")


def test_the_slots_of_the_bill_are_listed_for_both_regions(book):
    sku = "gcp.bigquery.slot_hour.enterprise"
    assert (book.stands_in(sku, "us-central1"), book.stands_in(sku, "us")) == (False, False)


def test_a_region_without_prices_fails(book):
    with pytest.raises(PriceMissing, match="europe-west3"):
        book.get("gcp.bigquery.storage_write_api", "europe-west3")


@pytest.mark.parametrize(("days", "weak"), [(0, False), (180, False), (181, True), (400, True)])
def test_a_price_is_weak_after_180_days(tmp_path, days, weak):
    (price,) = book_of(tmp_path, {**LINE, "as_of": TODAY - timedelta(days=days)}).prices
    assert bool(price.weak(TODAY)) is weak
    assert timedelta(days=180) == OLD_AFTER


def test_a_price_without_a_date_is_weak(tmp_path):
    (price,) = book_of(tmp_path, {**LINE, "as_of": "unknown"}).prices
    assert price.weak(TODAY) == ("its source carries no date",)


def test_grade_c_is_weak_and_b_is_not(tmp_path):
    (price,) = book_of(tmp_path, {**LINE, "grade": "C"}).prices
    assert price.weak(TODAY) == ("a weak source (grade C)",)
    assert replace(price, grade="B").weak(TODAY) == ()


def test_all_reasons_are_told(tmp_path):
    (price,) = book_of(tmp_path, {**LINE, "grade": "C", "as_of": "2025-01-01"}).prices
    assert price.weak(TODAY) == ("read 698 days ago", "a weak source (grade C)")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({"price": None}, "a.b: grade X"),
        ({"grade": "X"}, "a.b: grade X"),
        ({"price": "cheap"}, "a.b: .cheap. is not a number"),
        ({"as_of": "last spring"}, "a.b"),
        ({"colour": "red"}, "a.b.*colour"),
        ({"tiers": [{"up_to": "ten", "price": "1"}]}, "a.b"),
        ({"tiers": [{"up_to": "10", "price": "1"}]}, "a.b: the last tier"),
        ({"tiers": [{"up_to": "9", "price": "1"}, {"up_to": "9", "price": "1"}, {"up_to": None, "price": "1"}]}, "a.b"),
        ({"price": "NaN"}, "a.b: .NaN. is not a number"),
        ({"grade": "D"}, "a.b: grade D"),
        ({"price": "-1"}, "a.b: .-1. is not a number"),
        ({"committed": {"5y": "0.5"}}, "a.b: .*5y"),
        ({"committed": {"1y": "20"}}, "a.b: .*20"),
    ],
)
def test_a_line_that_is_not_in_its_form_is_named(tmp_path, line, said):
    with pytest.raises(ValueError, match=said):
        book_of(tmp_path, {**LINE, **line})


def test_a_price_that_is_there_twice_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"more than one line for a\.b"):
        book_of(tmp_path, LINE, {**LINE, "price": "3"})


def test_a_commitment_saves_its_share_and_none_where_none_is_sold(book):
    compute = book.get("gcp.managed_kafka.dcu")
    assert (compute.saved("none"), compute.saved("1y"), compute.saved("3y")) == (0, Decimal("0.20"), Decimal("0.40"))
    assert book.get("gcp.managed_kafka.local_storage").saved("3y") == 0
