"""Replays against a real broker and the emulator."""

import time
from contextlib import closing
from decimal import Decimal

import pytest
from landed_day import EACH, PARTITIONS, REVISED, TODAY, YESTERDAY, landed_day

from assets.payments.pending_bigquery import BigQueryBatchWarehouse
from assets.payments.replay.options import ReplayRefused
from assets.payments.replay.shadow import shadow_name
from streaming.ports import Unavailable

pytestmark = [pytest.mark.integration, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


@pytest.fixture(scope="module")
def unchanged(replay_platform, client):
    """For tests that only look."""
    with landed_day(replay_platform, client) as made:
        yield made


@pytest.fixture
def world(replay_platform, client):
    with landed_day(replay_platform, client) as made:
        yield made


def test_a_landed_day_is_identical_from_both_sources(unchanged):
    (kafka,) = unchanged.replay()
    (landing,) = unchanged.replay(source="landing", rate=50)  # in slices of 50 offsets
    for done in (kafka, landing):
        found = done.difference
        assert found.identical == found.replayed == done.manifest.made.rows > 60, found
        assert (found.explained, found.unexplained, done.passed) == (0, 0, True)
    assert not [t.table_id for t in unchanged.client.list_tables(unchanged.dataset) if t.table_id.endswith("_landed")]
    assert kafka.manifest.taken == landing.manifest.taken
    assert kafka.manifest.made == landing.manifest.made
    (again,) = unchanged.replay()
    assert (again.manifest.taken, again.manifest.made) == (kafka.manifest.taken, kafka.manifest.made)
    table = unchanged.client.get_table(
        f"{unchanged.dataset}.{shadow_name(kafka.manifest.options.replay_id, YESTERDAY)}"
    )
    assert table.num_rows == kafka.manifest.made.rows


def test_days_are_apart_and_a_day_without_rows_is_empty(unchanged):
    days = [YESTERDAY.replace(year=YESTERDAY.year - 1), YESTERDAY, TODAY]
    done = unchanged.replay(*days)
    assert [one.difference.unexplained for one in done] == [0, 0, 0]
    assert [one.manifest.made.rows > 0 for one in done] == [False, True, True]
    assert sum(one.manifest.made.rows for one in done) < PARTITIONS * EACH


def test_newer_versions_explain_and_publishing_changes_the_view_exactly_once(world):
    before = world.view()
    world.revise()
    (first,) = world.replay(publish=True)
    assert (first.difference.unexplained, first.refused) == (0, None)
    assert first.difference.columns["merchant_status"] == first.difference.columns["merchant_version"] > 0
    changed = first.published
    assert 0 < changed < first.manifest.made.rows
    after = world.view()
    moved = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert len(moved) == changed
    assert all(new[-1] == 1 for _, new in moved)
    dollars = world.ask(
        f"SELECT DISTINCT reporting_amount * fx_rate_from - amount < {Decimal('0.01')} FROM VIEW "
        f"WHERE business_date = DATE '{YESTERDAY}' AND currency = 'USD' AND event_type != 'authorization'"
    )
    assert dollars == [(True,)]
    (second,) = world.replay(publish=True)
    assert (second.published, second.difference.explained) == (0, second.difference.version_only)
    (same,) = world.replay(publish=True, replay_id=first.manifest.options.replay_id)
    assert same.published == 0
    assert world.view() == after


class CutOff(BigQueryBatchWarehouse):
    """Dies before its commit."""

    def commit(self, stream):
        raise Unavailable("the process is gone")


@pytest.mark.long
def test_a_replay_cut_off_while_it_publishes_is_completed_under_its_id(world, client):
    before = world.view()
    world.revise()
    with closing(CutOff(client, world.settings)) as cut, pytest.raises(Unavailable):
        world.replay(replay_id="cut", publish=True, batch=cut)
    assert world.view() == before
    (done,) = world.replay(replay_id="cut", publish=True)
    (appended,) = world.ask("SELECT COUNT(*) FROM LANDING WHERE business_date > '2020-01-01' AND replay_id IS NOT NULL")
    assert appended == (done.published,)
    assert done.published > 0
    assert len([new for old, new in zip(before, world.view(), strict=True) if old != new]) == done.published
    (again,) = world.replay(replay_id="cut", publish=True)
    assert again.published == 0


def test_an_id_that_published_something_else_is_refused(world):
    world.revise()
    world.replay(replay_id="mine", publish=True)
    world.publish_rates("1.5000", "f-3")
    with pytest.raises(ReplayRefused, match=r"mine published \d+ rows of .* before and \d+ differ now"):
        world.replay(replay_id="mine", publish=True)


def test_pinned_to_what_was_known_then_it_is_identical_and_not_published(world):
    world.revise()
    pinned = {"merchants_version": "m-1", "fx_as_known_at": REVISED.replace(second=0, microsecond=0)}
    (done,) = world.replay(source="landing", **pinned)
    assert (done.difference.explained, done.difference.unexplained) == (0, 0)
    assert (done.manifest.pins.merchants, done.manifest.pins.fx_rates) == ("m-1", "f-1")
    with pytest.raises(ReplayRefused, match="merchants m-1, newest m-2; fx_rates f-1, newest f-2"):
        world.replay(source="landing", publish=True, **pinned)


@pytest.mark.parametrize("source", ["kafka", "landing"])
def test_a_tampered_row_is_unexplained_and_nothing_is_published(world, source):
    (place,) = world.ask(
        f"SELECT kafka_partition, kafka_offset FROM LANDING WHERE business_date = DATE '{YESTERDAY}' "
        "AND currency = 'USD' AND status = 'OK' LIMIT 1"
    )
    world.ask(
        "UPDATE LANDING SET reporting_amount = reporting_amount + 1 "
        f"WHERE business_date = DATE '{YESTERDAY}' AND kafka_partition = {place[0]} AND kafka_offset = {place[1]}"
    )
    (done,) = world.replay(source=source, publish=True)
    assert (done.difference.unexplained, done.passed, done.published) == (1, False, None)
    assert done.refused == "unexplained differences: 1"
    (example,) = done.difference.examples
    assert (example.partition, example.offset, example.columns) == (*place, ("reporting_amount",))
    old, new = example.changes["reporting_amount"]
    assert Decimal(old) == Decimal(new) + 1


def test_a_row_that_is_lost_is_found_from_kafka(world):
    world.ask(f"DELETE FROM LANDING WHERE business_date = DATE '{YESTERDAY}' AND kafka_offset = 22")
    (done,) = world.replay()
    assert (done.difference.only_replayed, done.difference.unexplained, done.passed) == (PARTITIONS, PARTITIONS, False)


def test_records_that_kafka_forgot_are_named_and_landing_still_has_them(world):
    world.cut(1, 20)
    with pytest.raises(ReplayRefused, match=r"partition 1 .*the log holds 20 to 59; use --source landing"):
        world.replay()
    (done,) = world.replay(source="landing")
    assert done.difference.unexplained == 0


def test_it_goes_no_faster_than_it_may(unchanged):
    said, began = [], time.monotonic()  # noqa: TID251  # what is measured
    unchanged.replay(rate=25, say=said.append)
    assert time.monotonic() - began > (PARTITIONS * EACH - 25 - 25) / 25  # noqa: TID251  # as above
    assert any("offsets read" in line for line in said), said


def test_versions_that_never_were_are_refused_in_one_line(unchanged):
    with pytest.raises(ReplayRefused, match="version m-9 of merchants was never published; the newest are m-1"):
        unchanged.replay(merchants_version="m-9")
