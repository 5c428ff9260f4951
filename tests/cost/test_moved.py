from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.cost.moved import NOTHING, moved
from assets.cost.prices import PriceBook
from tests.cost.small_bill import BOOK, USES, bill, price


def using(key, **changes):
    return tuple(replace(use, **changes) if use.key == key else use for use in USES)


def book_with(changed):
    return PriceBook(tuple(changed if each.sku == changed.sku else each for each in BOOK.prices))


def only(moves):
    (move,) = moves
    return move


def test_nothing_moves_between_a_bill_and_itself():
    assert moved(bill(), bill()) == ()


def test_another_quantity_is_told_with_how_many_times():
    move = only(moved(bill(), bill(uses=using("kafka.disks", quantity=Decimal(2500)))))
    assert (move.usd, move.by_quantity, move.by_price) == (150, 150, 0)
    assert move.reason == "quantity 1,000 -> 2,500 GiB (x2.5)"


def test_another_price_is_told_with_both():
    dearer = price("good", "0.13")
    move = only(moved(bill(), bill(book=book_with(dearer))))
    assert (move.usd, move.by_quantity, move.by_price) == (30, 0, 30)
    assert move.reason == "price 0.10 -> 0.13 a GiB (good)"


def test_quantity_is_told_from_price_where_both_moved():
    move = only(
        moved(bill(), bill(uses=using("kafka.disks", quantity=Decimal(2000)), book=book_with(price("good", "0.2"))))
    )
    assert (move.before, move.after) == (100, 400)
    assert (move.by_quantity, move.by_price) == (100, 200)
    assert "quantity" in move.reason
    assert "price 0.10 -> 0.2" in move.reason


def test_a_line_that_is_new_or_gone_is_all_quantity():
    without = bill(uses=USES[1:])
    gone, new = only(moved(bill(), without)), only(moved(without, bill()))
    assert (gone.usd, gone.reason) == (-100, "only in the first")
    assert (new.usd, new.by_quantity, new.reason) == (100, 100, "only in the second")


def test_more_of_a_tiered_thing_changes_its_mean_price():
    move = only(moved(bill(uses=USES[2:3]), bill(uses=(replace(USES[2], quantity=Decimal(150)),))))
    assert move.usd == 80
    assert "quantity 50 -> 150 GiB (x3)" in move.reason
    assert "mean price $0.8 -> $0.8" not in move.reason


def test_a_neighbour_that_takes_the_free_part_moves_a_line_of_the_same_quantity():
    taken = (replace(USES[2], quantity=Decimal(110)), USES[3])
    move = next(move for move in moved(bill(uses=USES[3:4]), bill(uses=taken)) if move.key == "warehouse.audits")
    assert (move.before, move.after) == (70, 40)
    assert (move.by_quantity, move.by_price) == (0, -30)
    assert move.reason == "mean price $0.875 -> $0.5 a GiB"


def test_another_thing_under_the_same_key_is_told():
    other = using("kafka.disks", sku="in_credits", currency_sku="credit", quantity=Decimal(1))
    move = only(moved(bill(), bill(uses=other)))
    assert move.reason == "another thing: good -> in_credits"
    assert move.by_price == 0


def test_another_commitment_moves_what_is_sold_with_one():
    move = only(moved(bill(), bill(commitment="1y")))
    assert (move.key, move.usd) == ("kafka.disks", -20)


def test_the_biggest_stands_first_whichever_way_it_moved():
    after = bill(uses=using("kafka.disks", quantity=Decimal(10))[:1] + using("engine.cores", quantity=Decimal(31))[1:])
    assert [move.key for move in moved(bill(), after)] == ["kafka.disks", "engine.cores"]


def test_what_rests_on_an_assumed_figure_is_marked():
    assert only(moved(bill(), bill(uses=using("engine.cores", quantity=Decimal(3))))).assumed
    assert not only(moved(bill(), bill(uses=using("kafka.disks", quantity=Decimal(3))))).assumed


amounts = st.lists(st.decimals("0", "100000", places=2), min_size=5, max_size=5)


@given(amounts, amounts)
def test_moves_add_up_to_the_difference_of_the_totals(before, after):
    old = bill(uses=tuple(replace(use, quantity=each) for use, each in zip(USES, before, strict=True)))
    new = bill(uses=tuple(replace(use, quantity=each) for use, each in zip(USES, after, strict=True)))
    moves = moved(old, new)
    assert sum(move.usd for move in moves) == pytest.approx(new.usd - old.usd, abs=NOTHING * 5)
    for move in moves:
        assert move.by_quantity + move.by_price == move.usd
