"""A run of corrections: a page at a time, within a limit, and one bad day does not stop the others."""

from datetime import timedelta

import polars as pl
import pytest
from correction_world import AFTER, BEFORE, payments
from superseding_world import DAY, NEXT, RUN

from assets.payments.correct import Corrections, CorrectionsFailed, correct_day, each_day
from assets.payments.corrections import correct_rows
from assets.payments.pages import TooManyRows, gather
from assets.payments.superseding import supersede
from streaming.landing import LANDING
from streaming.ports import Unavailable
from streaming.stages.plan import COLUMNS

LANDED = payments(BEFORE)
NAMED = {"replay_id": RUN, "day": DAY}


def one_by_one(frame: pl.DataFrame):
    """Pages of one row."""
    return (frame.slice(place, 1) for place in range(frame.height))


def test_pages_give_what_the_whole_day_gives():
    paged = correct_day(one_by_one(LANDED), AFTER, "EUR", **NAMED)
    whole = correct_rows(LANDED, AFTER, "EUR")
    assert paged.rows.equals(supersede(whole.rows, LANDED, RUN, DAY))
    assert (paged.candidates, paged.merchant, paged.money) == (3, whole.merchant, whole.money)


def test_more_rows_than_the_limit_end_the_day_before_the_rest_is_read():
    read = []

    def pages():
        for page in one_by_one(LANDED):
            read.append(page["kafka_offset"][0])
            yield page

    with pytest.raises(TooManyRows, match=r"^2026-11-20: more than 0 rows change, .* raise max_rows$"):
        correct_day(pages(), AFTER, "EUR", **NAMED, max_rows=0)
    assert read == [1, 2]  # the first one does not change


def test_a_day_without_candidates_is_an_empty_frame_of_landing_rows():
    none = gather([], {name: LANDING[name] for name in COLUMNS}, DAY, 10)
    assert none.columns == list(COLUMNS)
    assert none.is_empty()


def of(day):
    return Corrections(10, 1, 2, 3, (day,))


def test_each_day_adds_up():
    assert each_day([DAY, NEXT], of) == Corrections(20, 2, 4, 6, (DAY, NEXT))


def test_a_day_that_fails_does_not_stop_the_others_and_is_named_at_the_end():
    last = NEXT + timedelta(days=1)

    def one(day):
        if day == NEXT:
            raise Unavailable("no answer\nand a second line")
        return of(day)

    with pytest.raises(CorrectionsFailed, match=r"^not corrected: 2026-11-21: no answer$") as caught:
        each_day([DAY, NEXT, last], one)
    assert caught.value.days == (NEXT,)
    assert caught.value.done == Corrections(20, 2, 4, 6, (DAY, last))


def test_whoever_interrupts_a_run_is_heard_at_once():
    tried = []

    def one(day):
        tried.append(day)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        each_day([DAY, NEXT], one)
    assert tried == [DAY]
