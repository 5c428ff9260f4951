"""The comparison: the statement says what plain Python says, and each kind of difference is what it is."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from replay_rows import BEFORE, DAY, RANGES, counted, difference, expected, over_duckdb, row

from assets.payments.replay.difference import (
    EXAMPLES_SHOWN,
    FX,
    MERCHANT,
    NOT_COMPARED,
    VALUES,
    Difference,
    difference_of,
)
from assets.payments.replay.publish import changed_sql
from assets.payments.superseding import COORDINATES
from streaming.landing import LANDING

pytestmark = pytest.mark.integration  # a database in memory, not pure

CHANGES = {
    "reporting_amount": [Decimal("9.5"), Decimal("9.4"), None],
    "fx_revision": [1, 2, None],
    "fx_status": ["FINAL", "PROVISIONAL"],
    "merchant_name": ["shop", None],
    "merchant_version": ["v1", "v2"],
    "merchant_id": [None, "m1"],
    "status": ["OK", "QUARANTINED_NOT_JSON"],
    "payload_scrubbed": [None, "{}"],
    "payload_mac": ["00", "01"],
    "kafka_topic": ["payments", "other"],
}
VERSIONED = {"fx_revision", "fx_status", "merchant_version"}
changed_values = st.fixed_dictionaries({}, optional={name: st.sampled_from(some) for name, some in CHANGES.items()})


@st.composite
def landed_rows(draw):
    """Live rows and newer revisions, some of them moved away or of another day."""
    rows = []
    for offset in draw(st.lists(st.integers(0, 11), max_size=12, unique=True)):
        for revision in range(draw(st.integers(1, 3))):
            status = draw(st.sampled_from(["OK", "OK", "OK", "MOVED"])) if revision else "OK"
            other = {"status": status, **draw(changed_values)}
            day = draw(st.sampled_from([DAY, DAY, DAY, BEFORE]))
            part = offset % 2
            rows.append(row(offset, part, **other | {"business_date": day, "enrichment_revision": revision}))
    return rows


@st.composite
def replayed_rows(draw):
    offsets = draw(st.lists(st.integers(0, 11), max_size=12, unique=True))
    return [row(offset, offset % 2, **draw(changed_values)) for offset in offsets]


@settings(max_examples=15)
@given(landed_rows(), replayed_rows())
def test_the_statement_says_what_plain_python_says(landed, replayed):
    found = difference(landed, replayed)
    assert counted(found) == expected(landed, replayed)
    assert found.replayed == len(replayed)


def one(**other) -> Difference:
    return difference([row(1)], [row(1, **other)])


def test_the_same_rows_are_identical():
    rows = [row(offset) for offset in range(3)]
    assert counted(difference(rows, rows)) == counted(Difference(identical=3))


def test_who_wrote_a_row_and_when_is_no_difference():
    assert {"loaded_at", "ownership_epoch", "replay_id", "enrichment_revision"} == NOT_COMPARED
    assert one(replay_id="r", enrichment_revision=4, ownership_epoch="x").identical == 1


def test_every_other_column_is_compared():
    assert set(VALUES) | NOT_COMPARED | set(COORDINATES) == set(LANDING)
    assert set(MERCHANT) | set(FX) < set(VALUES)


def a_row_that_is_missing_is_unexplained():
    assert counted(difference([row(1), row(2)], [row(2)])) == counted(
        Difference(identical=1, unexplained=1, only_landed=1)
    )
    assert difference([], [row(2)]).only_replayed == difference([], [row(2)]).unexplained == 1


def test_a_missing_row():
    a_row_that_is_missing_is_unexplained()


def a_version_explains_only_what_it_decides():
    assert one(fx_revision=2, reporting_amount=Decimal("9.4")).explained == 1
    assert one(fx_revision=2, amount=Decimal("10.4")).unexplained == 1
    assert one(fx_revision=2, merchant_name="other").unexplained == 1
    assert one(merchant_version="v2", merchant_name="other").explained == 1
    assert one(merchant_version="v2", reporting_amount=Decimal("9.4")).unexplained == 1
    assert one(reporting_amount=Decimal("9.4")).unexplained == 1


def newer_code_explains_only_a_stage_that_had_failed():
    failed = row(1, status="QUARANTINED_INTERNAL", amount=None)
    assert difference([failed], [row(1)]).explained == 1
    assert difference([failed], [row(1, payload_mac="of other bytes")]).unexplained == 1
    assert difference([failed], [row(1, status="QUARANTINED_INTERNAL")]).unexplained == 1
    assert difference([row(1, status="QUARANTINED_NOT_JSON", amount=None)], [row(1)]).unexplained == 1
    assert difference([row(1)], [row(1, status="QUARANTINED_INTERNAL", amount=None)]).unexplained == 1


def test_what_newer_code_explains():
    newer_code_explains_only_a_stage_that_had_failed()


def test_what_a_version_explains():
    a_version_explains_only_what_it_decides()


def test_a_row_that_only_names_another_version_is_explained_and_counted_apart():
    found = difference([row(1), row(2)], [row(1, fx_revision=2), row(2, fx_revision=2, fx_rate_date=DAY)])
    assert (found.explained, found.version_only) == (2, 1)


def the_newest_revision_is_compared():
    corrected = row(1, enrichment_revision=2, merchant_name="corrected")
    landed = [row(1), corrected, row(1, enrichment_revision=1, merchant_name="between")]
    assert difference(landed, [row(1, merchant_name="corrected")]).identical == 1


def test_the_newest_revision():
    the_newest_revision_is_compared()


def a_record_that_moved_away_is_not_missed():
    assert counted(difference([row(1), row(1, enrichment_revision=1, status="MOVED")], [])) == counted(Difference())


def test_a_record_that_moved_away():
    a_record_that_moved_away_is_not_missed()


def what_lands_meanwhile_is_not_compared():
    assert counted(difference([row(1), row(10)], [row(1)])) == counted(Difference(identical=1))


def test_what_lands_meanwhile():
    what_lands_meanwhile_is_not_compared()


def test_examples_show_old_and_new_values_and_no_text_of_people():
    (shown,) = one(fx_revision=2, reporting_amount=Decimal("9.4"), description="other").examples
    assert (shown.partition, shown.offset, shown.what) == (0, 1, "unexplained")
    assert shown.columns == ("description", "reporting_amount", "fx_revision")
    assert set(shown.changes) == {"reporting_amount", "fx_revision"}
    assert shown.changes["fx_revision"] == ("1", "2")
    assert "secret" not in repr(shown)


def test_every_kind_of_difference_has_an_example_and_unexplained_ones_come_first():
    kinds = [{"columns": f"c{n},", "class": "explained", "records": 9} for n in range(EXAMPLES_SHOWN)]
    kinds.append({"columns": "status,", "class": "unexplained", "records": 1})
    blank = dict.fromkeys([f"{old}_{name}" for name in VALUES for old in ("old", "new")])
    example = str({"kafka_topic_id": "t", "kafka_partition": 0, "kafka_offset": 1} | blank)
    example = example.replace("'", '"').replace("None", "null")
    found = difference_of([kind | {"example": example} for kind in kinds for _ in range(3)])
    assert len(found.examples) == EXAMPLES_SHOWN == len({shown.columns for shown in found.examples})
    assert found.examples[0].what == "unexplained"
    assert found.explained == 9 * 3 * EXAMPLES_SHOWN


def changed_offsets(landed, replayed):
    sql = changed_sql("p.d", "shadow", DAY, RANGES)
    return [(r["kafka_offset"], r["newest_revision"]) for r in over_duckdb(landed, replayed, sql)]


def only_rows_whose_values_differ_are_published():
    landed = [row(1), row(2), row(3), row(3, enrichment_revision=1, merchant_name="x")]
    replayed = [row(1, fx_revision=2), row(2, fx_revision=2, reporting_amount=Decimal("9")), row(3)]
    assert sorted(changed_offsets(landed, replayed)) == [(2, 0), (3, 1)]


def test_what_is_published():
    only_rows_whose_values_differ_are_published()
