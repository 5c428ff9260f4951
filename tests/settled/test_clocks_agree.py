"""A clock that is days ahead would settle days that are still open, and the date never goes back."""

from datetime import UTC, datetime, timedelta

import pytest

from assets.warehouse.clock import MOST_APART, ClocksDiffer, require_agreement

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.mark.parametrize("apart", [timedelta(), MOST_APART, -MOST_APART])
def test_clocks_within_the_hour_agree(apart):
    require_agreement(NOON + apart, NOON)


@pytest.mark.parametrize(
    ("apart", "says"),
    [
        (timedelta(days=3), "2026-11-28 12:00 UTC) is 72.0 hours ahead of BigQuery's (2026-11-25 12:00 UTC)"),
        (timedelta(minutes=-61), "2026-11-25 10:59 UTC) is 1.0 hours behind BigQuery's (2026-11-25 12:00 UTC)"),
    ],
)
def test_one_that_is_further_off_either_way_is_refused_in_one_line(apart, says):
    with pytest.raises(ClocksDiffer) as caught:
        require_agreement(NOON + apart, NOON)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
