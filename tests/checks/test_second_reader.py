"""The second reader before it asks anybody: what is read in one go, and where there is none."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from orchestration.checks.second_reader import second_reader
from streaming.adapters.kafka_offsets import bridged, inside
from streaming.settings import Settings

STEPS = st.lists(st.tuples(st.integers(1, 40), st.integers(0, 20)), max_size=12)


def test_without_a_broker_there_is_none():
    assert second_reader(Settings()) is None
    assert second_reader(Settings(kafka_bootstrap="127.0.0.1:1")) is not None


def test_ranges_near_each_other_are_read_in_one_go():
    assert bridged([(3, 3), (8, 9), (30, 30)], 5) == [[(3, 3), (8, 9)], [(30, 30)]]
    assert bridged([], 5) == []


@given(STEPS, st.integers(0, 30))
def test_no_range_is_lost_and_what_is_apart_stays_apart(steps, bridge):
    ranges, at = [], 0
    for distance, length in steps:
        ranges.append((at + distance, at + distance + length))
        at = ranges[-1][1]
    spans = bridged(ranges, bridge)
    assert [one for span in spans for one in span] == ranges
    for before, after in pairwise(spans):
        assert after[0][0] - before[-1][1] > bridge


@given(STEPS, st.integers(-1, 500))
def test_an_offset_is_inside_as_a_look_at_every_range_says(steps, offset):
    ranges, at = [], 0
    for distance, length in steps:
        ranges.append((at + distance, at + distance + length))
        at = ranges[-1][1]
    expected = any(low <= offset <= high for low, high in ranges)
    assert inside(ranges, [low for low, _ in ranges], offset) == expected


class Looked(list[tuple[int, int]]):
    """Ranges that count how many of them were looked at."""

    looks = 0

    def __getitem__(self, index):
        self.looks += 1
        return super().__getitem__(index)

    def __iter__(self):
        self.looks += len(self)
        return super().__iter__()


def test_twenty_thousand_gaps_are_not_looked_through_for_each_record():
    """Two million records lie between the gaps of 20,000 transactions: there are 30 s for them."""
    ranges = Looked((100 * n, 100 * n) for n in range(20_000))
    assert inside(ranges, range(0, 2_000_000, 100), 1_999_900)
    assert ranges.looks == 1
