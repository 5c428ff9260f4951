"""Ranges, versions, pace, hashes, options: values in, values out."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from replay_rows import DAY, row

from assets.payments.replay import fingerprint as fingerprints
from assets.payments.replay import publish, ranges
from assets.payments.replay.difference import Difference
from assets.payments.replay.fingerprint import INPUT, lines
from assets.payments.replay.manifest import hash_of_sources
from assets.payments.replay.options import Options, ReplayRefused, new_replay_id
from assets.payments.replay.pace import TokenBucket
from assets.payments.replay.pins import Pins, Published, pin
from assets.payments.replay.ranges import OffsetRange, ranges_of, text_literal, within_sql
from assets.payments.replay.read_kafka import of_day
from assets.payments.replay.shadow import shadow_name
from streaming.landing import LANDING
from streaming.ports import LogRange

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
VERSIONS = [
    Published("merchants", "m-2", AT),
    Published("merchants", "m-1", AT - timedelta(days=1)),
    Published("fx_rates", "f-1", AT - timedelta(days=1)),
    Published("fx_rates", "f-2", AT),
]


# --- ranges


def test_ranges_come_in_order():
    rows = [
        {"kafka_topic": "p", "kafka_topic_id": "t", "kafka_partition": n, "first": 1, "last": 4, "landed": 2}
        for n in (1, 0)
    ]
    first, second = ranges_of(rows)
    assert (first.partition, second.partition, first.span, first.rows) == (0, 1, 4, 2)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=3), st.integers(1, 20))
def test_slices_hold_the_same_offsets_once(ends, span):
    wanted = [OffsetRange("p", "t", n, low, low + length) for n, (low, length) in enumerate(ends)]
    parts = list(ranges.slices(wanted, span))
    assert all(part.span <= span for part in parts)
    held = [(part.partition, offset) for part in parts for offset in range(part.first, part.last + 1)]
    assert held == [(each.partition, offset) for each in wanted for offset in range(each.first, each.last + 1)]


def each_range_that_the_log_lacks_is_named():
    wanted = [OffsetRange("p", "t", partition, 5, 9) for partition in range(4)]
    logs = {0: LogRange(5, 10), 1: LogRange(6, 10), 2: LogRange(0, 9)}
    assert ranges.not_in_log(wanted, "t", logs) == [
        "offsets 5 to 9 of partition 1 (topic id t): the log holds 6 to 9",
        "offsets 5 to 9 of partition 2 (topic id t): the log holds 0 to 8",
        "offsets 5 to 9 of partition 3 (topic id t): there is no such partition",
    ]
    (recreated,) = ranges.not_in_log(wanted[:1], "u", logs)
    assert recreated.endswith("the topic was recreated since")


def test_ranges_that_are_gone():
    each_range_that_the_log_lacks_is_named()


def test_a_predicate_holds_nothing_but_literals():
    assert within_sql([OffsetRange("p", "t'x", 3, 1, 2)]) == (
        "((kafka_topic_id = 't\\'x' AND kafka_partition = 3 AND kafka_offset BETWEEN 1 AND 2))"
    )
    assert within_sql([]) == "FALSE"
    assert text_literal("a\\b") == "'a\\\\b'"


def neighbouring_days_are_left_out():
    rows = pl.DataFrame([row(1), row(2, business_date=DAY + timedelta(days=1))], schema=LANDING, orient="row")
    from assets.payments.replay import read_kafka

    assert read_kafka.of_day(rows, DAY)["kafka_offset"].to_list() == [1]


def test_rows_of_the_day():
    neighbouring_days_are_left_out()
    assert of_day(pl.DataFrame(schema=LANDING), DAY).is_empty()


# --- versions


def test_the_newest_versions_unless_others_are_named():
    assert pin(VERSIONS, Options("r")) == Pins("m-2", "f-2", "m-2", "f-2")
    assert pin(VERSIONS, Options("r")).older == ()
    named = Options("r", merchants_version="m-1", fx_as_known_at=AT - timedelta(seconds=1))
    assert pin(VERSIONS, named).older == ("merchants m-1, newest m-2", "fx_rates f-1, newest f-2")


def rates_known_at_an_instant_include_those_published_then():
    assert pin(VERSIONS, Options("r", fx_as_known_at=AT)).fx_rates == "f-2"
    assert pin(VERSIONS, Options("r", fx_as_known_at=AT - timedelta(microseconds=1))).fx_rates == "f-1"


def test_rates_as_known_at():
    rates_known_at_an_instant_include_those_published_then()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (
            Options("r", merchants_version="m-7"),
            "version m-7 of merchants was never published; the newest are m-2, m-1",
        ),
        (
            Options("r", fx_as_known_at=AT - timedelta(days=2)),
            "no rates were known then: the first were published at 2026-11-23T12:00:00Z",
        ),
    ],
)
def test_versions_that_never_were(options, says):
    with pytest.raises(ReplayRefused, match=says):
        pin(VERSIONS, options)


def test_without_reference_data_there_is_nothing_to_pin():
    with pytest.raises(ReplayRefused, match="no version of fx_rates was ever published"):
        pin(VERSIONS[:2], Options("r"))


def older_versions_are_not_published():
    older = replace(pin(VERSIONS, Options("r")), fx_rates="f-1")
    assert publish.refusal(older, Difference(explained=3)) is not None


def unexplained_differences_are_not_published():
    assert publish.refusal(pin(VERSIONS, Options("r")), Difference(explained=3, unexplained=1)) is not None


def test_what_may_be_published():
    older_versions_are_not_published()
    unexplained_differences_are_not_published()
    assert publish.refusal(pin(VERSIONS, Options("r")), Difference(explained=3)) is None


# --- pace


@given(st.floats(1, 1e5), st.lists(st.tuples(st.integers(1, 20_000), st.floats(0, 5)), max_size=40))
def test_never_more_than_the_rate_and_one_burst(rate, steps):
    now = 100.0
    bucket, taken = TokenBucket(rate, rate, now), 0
    for records, worked_s in steps:
        taken += records
        now += worked_s
        now += bucket.take(records, now)
        assert taken <= rate * (now - 100.0) + rate + taken * 1e-9


def test_a_slow_reader_is_not_held_up():
    bucket = TokenBucket(100, 100, 0.0)
    assert bucket.take(100, 0.0) == 0
    assert bucket.take(100, 1.0) == 0
    assert bucket.take(150, 1.0) == pytest.approx(1.5)
    assert bucket.take(1, 1_000.0) == 0
    assert bucket.take(200, 1_000.0) == pytest.approx(1.01)  # at most one burst was saved


# --- hashes


def frame(*rows):
    return pl.DataFrame(list(rows), schema=LANDING, orient="row")


def digest(*windows, columns=INPUT):
    total = fingerprints.Fingerprint(columns)
    for window in windows:
        total.add(window)
    return total.rows, total.hexdigest()


@given(st.permutations([row(offset, offset % 2, payload_mac=str(offset)) for offset in range(6)]), st.integers(0, 6))
def test_windows_and_order_do_not_matter(rows, cut):
    whole = digest(frame(*sorted(rows, key=lambda r: r["kafka_offset"])))
    assert digest(frame(*rows[:cut]), frame(*rows[cut:])) == whole


def a_record_is_told_by_its_place_and_its_bytes():
    base = digest(frame(row(1, payload_mac="a"), row(2, payload_mac="b")))
    for other in (
        [row(1, 1, payload_mac="a"), row(2, payload_mac="b")],
        [row(1, payload_mac="b"), row(2, payload_mac="a")],
        [row(1, payload_mac="a"), row(2, payload_mac=None)],
        [row(1, payload_mac="a"), row(2, payload_mac="b", kafka_topic_id="u")],
        [row(1, payload_mac="a"), row(2, payload_mac="b"), row(2, payload_mac="b")],
        [row(1, payload_mac="a"), row(3, payload_mac="b")],
    ):
        assert digest(frame(*other)) != base, other


def test_what_the_input_hash_sees():
    a_record_is_told_by_its_place_and_its_bytes()


texts = st.one_of(st.none(), st.text(alphabet="a,-:1\n", max_size=4))


@given(st.lists(st.tuples(texts, texts, texts), min_size=2, max_size=8, unique=True))
@example([("a", None, "b"), ("a", "-", "b"), ("a,1:a", "", "b"), ("a", "a,1:", "b")])
def test_no_two_rows_have_the_same_line(rows):
    made = lines(pl.DataFrame(rows, schema=dict.fromkeys("abc", pl.String), orient="row"))
    assert made.n_unique() == len(rows)
    assert made.null_count() == 0


def test_without_rows_there_is_a_hash_all_the_same():
    assert digest() == digest(frame()) == (0, "0" * 32)


def test_the_code_is_told_by_names_and_contents():
    code = hash_of_sources({"a.py": b"1", "b.py": b"2"})
    assert code == hash_of_sources({"b.py": b"2", "a.py": b"1"})
    assert len({code, hash_of_sources({"a.py": b"12", "b.py": b""}), hash_of_sources({"a.py": b"1"})}) == 3


# --- options


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"replay_id": "a_b"}, "replay id 'a_b': 1 to 64 letters, digits and '-'"),
        ({"replay_id": ""}, "replay id"),
        ({"source": "files"}, "the source is one of kafka, landing, not 'files'"),
        ({"rate": 0.5}, "the rate is 1 to 1,000,000 records a second, not 0.5"),
        ({"fx_as_known_at": datetime(2026, 11, 24)}, "needs its zone"),  # noqa: DTZ001  # that is the mistake
    ],
)
def test_options_that_can_not_be(wrong, says):
    with pytest.raises(ReplayRefused, match=says):
        Options(**{"replay_id": "r", **wrong})


def test_replays_have_tables_of_their_own():
    made = new_replay_id(datetime(2026, 11, 25, 9, 30, tzinfo=UTC), "ab12")
    assert Options(made).replay_id == "replay-20261125-093000-ab12"
    assert shadow_name(made, date(2026, 11, 20)) == "payments_shadow_replay_20261125_093000_ab12_20261120"
