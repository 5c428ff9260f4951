"""Loads against the emulator: a day's difference is published once, and a rejected file leaves every row alone."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest
from fx_days import FRIDAY, MONDAY, USUAL, rates
from merchant_days import day, frame

from assets.fx.ecb import RatesUnreadable
from assets.fx.gate import Rule
from assets.fx.load import load_fx_rates
from assets.fx.source import Fetched
from assets.merchants.fold import HISTORY, SnapshotRejected, content_hash
from assets.merchants.load import load_merchants
from assets.warehouse.publish import PublicationRefused, publish_merchants
from assets.warehouse.standing import published_versions, standing_merchants
from sandbox.reference_sources import sandbox_merchants, sandbox_rates
from sandbox.world.merchants import merchants_history

pytestmark = pytest.mark.integration

AT = datetime(2026, 11, 23, 15, 30, tzinfo=UTC)
FIRST = {f"m{number}": "low" for number in range(10)}
SECOND = {**FIRST, "m0": "high", "new": "low"}
del SECOND["m1"]


def at(hours: int) -> datetime:
    return AT + timedelta(hours=hours)


def everything(client, dataset: str) -> dict[str, list[tuple]]:
    """Every row of the reference tables, as it stands there."""
    tables = ("merchants", "fx_rates", "reference_versions")
    return {
        table: sorted(repr(tuple(row.values())) for row in client.query(f"SELECT * FROM `{dataset}.{table}`").result())
        for table in tables
    }


def load(client, dataset, snapshot, number, hours):
    return load_merchants(client, dataset, frame(snapshot), day(number), at(hours))


def test_a_second_day_supersedes_only_what_changed(client, dataset):
    first = load(client, dataset, FIRST, 0, 0)
    second = load(client, dataset, SECOND, 1, 1)
    assert (first.published, first.inserted, first.open) == (True, 10, 10)
    assert (second.inserted, second.changed, second.closed, second.reopened, second.unchanged) == (1, 1, 1, 0, 8)
    assert published_versions(client, dataset, "merchants") == [first.version, second.version]
    sql = (
        f"SELECT merchant_id, risk_tier, valid_to IS NULL, superseded_at IS NULL FROM `{dataset}.merchants` "
        "WHERE merchant_id IN ('m0', 'm1', 'm2', 'new') ORDER BY merchant_id, recorded_at, valid_from"
    )
    assert [tuple(row.values()) for row in client.query(sql).result()] == [
        ("m0", "low", True, False),
        ("m0", "low", False, True),
        ("m0", "high", True, True),
        ("m1", "low", True, False),
        ("m1", "low", False, True),
        ("m2", "low", True, True),
        ("new", "low", True, True),
    ]


def test_what_is_read_back_is_what_was_folded(client, dataset):
    loaded = [load(client, dataset, snapshot, n, n) for n, snapshot in enumerate([FIRST, SECOND, FIRST])][-1]
    standing = standing_merchants(client, dataset)
    assert dict(standing.schema) == HISTORY
    assert content_hash(standing) == loaded.content
    assert (len(standing), standing["valid_to"].null_count()) == (loaded.versions, loaded.open)


def test_any_day_again_publishes_nothing(client, dataset):
    load(client, dataset, FIRST, 0, 0)
    second = load(client, dataset, SECOND, 1, 1)
    before = everything(client, dataset)
    for number, snapshot in ((1, SECOND), (0, FIRST), (2, SECOND)):
        again = load(client, dataset, snapshot, number, 5)
        assert (again.published, again.version, again.content) == (False, second.version, second.content)
    assert everything(client, dataset) == before


@pytest.mark.parametrize(
    "bad",
    [pl.concat([frame(FIRST), frame({"m0": "high"})]), frame(FIRST).clear(), frame(dict(list(FIRST.items())[:5]))],
    ids=["twice", "empty", "half"],
)
def test_a_rejected_snapshot_leaves_the_tables_alone(client, dataset, bad):
    load(client, dataset, FIRST, 0, 0)
    before = everything(client, dataset)
    with pytest.raises(SnapshotRejected):
        load_merchants(client, dataset, bad, day(1), at(1))
    assert everything(client, dataset) == before


def test_what_a_person_published_in_between_is_folded_over_by_the_next_day(client, dataset):
    load(client, dataset, FIRST, 1, 0)
    corrected = standing_merchants(client, dataset).filter(pl.col("merchant_id") != "m0")
    publish_merchants(client, dataset, corrected, "by-hand", at(1))
    with pytest.raises(SnapshotRejected, match="not newer"):
        load(client, dataset, FIRST, 1, 2)
    assert load(client, dataset, FIRST, 2, 3).inserted == 1


def test_a_publication_that_is_not_the_newest_is_refused(client, dataset):
    load(client, dataset, FIRST, 0, 1)
    with pytest.raises(PublicationRefused, match="not after the newest"):
        load(client, dataset, SECOND, 1, 0)


def test_the_synthetic_worlds_days_fold_into_what_seeding_publishes(client, dataset):
    today, count = date(2026, 11, 23), 500
    publish_merchants(client, dataset, merchants_history(7, today, count), "world-7-20261123", AT)
    source = sandbox_merchants(7, count)
    days = [today + timedelta(days=n) for n in range(3)]
    loads = [load_merchants(client, dataset, source(d), d, at(24 * n + 1)) for n, d in enumerate(days)]
    assert [loaded.published for loaded in loads] == [False, False, True]
    assert loads[2].changed == 5


def fx(client, dataset, days, hours, **options):
    first, last = min(days), max(days)
    return load_fx_rates(
        client, dataset, lambda *_: Fetched(rates(days), "as told"), first, last, at=at(hours), **options
    )


def rows_of(client, dataset, currency: str):
    sql = f"SELECT rate_date, rate, revision FROM `{dataset}.fx_rates` WHERE currency = '{currency}' ORDER BY 1, 3"
    return [tuple(row.values()) for row in client.query(sql).result()]


def test_a_day_is_published_once_and_a_revision_stands_beside_it(client, dataset):
    first = fx(client, dataset, {FRIDAY: USUAL}, 0)
    monday = fx(client, dataset, {MONDAY: USUAL}, 1)
    before = everything(client, dataset)
    again = fx(client, dataset, {MONDAY: USUAL}, 2)
    assert everything(client, dataset) == before
    mended = fx(client, dataset, {MONDAY: USUAL | {"USD": "1.118"}}, 3)
    back = fx(client, dataset, {MONDAY: USUAL}, 4)
    assert [r.revisions for r in (first, monday, again, mended, back)] == [
        {FRIDAY: 1},
        {MONDAY: 1},
        {},
        {MONDAY: 2},
        {MONDAY: 3},
    ]
    assert again.version == monday.version
    assert len({r.version for r in (first, monday, mended, back)}) == 4
    assert rows_of(client, dataset, "USD") == [
        (FRIDAY, Decimal("1.1172"), 1),
        (MONDAY, Decimal("1.1172"), 1),
        (MONDAY, Decimal("1.118"), 2),
        (MONDAY, Decimal("1.1172"), 3),
    ]


def test_a_rejected_file_leaves_the_tables_alone_and_says_why(client, dataset):
    fx(client, dataset, {FRIDAY: USUAL}, 0)
    before = everything(client, dataset)
    rejected = fx(client, dataset, {MONDAY: {"USD": "1.1180", "TRY": "99"}}, 1)
    assert not rejected.accepted
    assert [(r.rule, r.currency) for r in rejected.reasons] == [(Rule.MISSING_CURRENCY, "JPY"), (Rule.JUMP, "TRY")]
    assert (rejected.revisions, rejected.note) == ({}, "as told")
    assert everything(client, dataset) == before


def test_a_load_that_publishes_what_is_good_of_a_file_would_be_seen(client, dataset, monkeypatch):
    fx(client, dataset, {FRIDAY: USUAL}, 0)
    before = everything(client, dataset)
    monkeypatch.setattr("assets.fx.load.judge", lambda *_: ())
    assert fx(client, dataset, {MONDAY: {"USD": "1.1180"}}, 1).accepted
    assert everything(client, dataset) != before


def test_what_a_person_accepted_is_published(client, dataset):
    fx(client, dataset, {FRIDAY: USUAL}, 0)
    loaded = fx(client, dataset, {MONDAY: USUAL | {"TRY": "99"}}, 1, accepted=["JUMP:TRY"])
    assert loaded.accepted
    assert rows_of(client, dataset, "TRY")[-1] == (MONDAY, Decimal("99"), 1)


def test_what_cannot_be_read_is_a_reason_too(client, dataset):
    def broken(*_):
        raise RatesUnreadable("rates are not XML: line 1")

    loaded = load_fx_rates(client, dataset, broken, MONDAY, MONDAY, at=AT)
    assert [str(reason) for reason in loaded.reasons] == ["UNREADABLE: rates are not XML: line 1"]
    assert everything(client, dataset)["fx_rates"] == []


def test_the_synthetic_worlds_rates_appear_at_four_in_frankfurt(client, dataset):
    before, after = (datetime(2026, 11, 23, hour, 59, 59, tzinfo=UTC) for hour in (14, 15))
    early = load_fx_rates(client, dataset, sandbox_rates(7, lambda: before), MONDAY, MONDAY, at=before)
    assert [reason.rule for reason in early.reasons] == [Rule.EMPTY]
    late = load_fx_rates(client, dataset, sandbox_rates(7, lambda: after), FRIDAY, MONDAY, at=after)
    assert (late.accepted, late.revisions) == (True, {FRIDAY: 1, MONDAY: 1})
