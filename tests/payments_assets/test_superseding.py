"""Superseding rows: one more than the newest revision, and a MOVED row for what leaves its day."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from superseding_world import DAY, NEXT, RUN, corrected, landed

from assets.payments.superseding import NotSuperseding, require_superseding, supersede, write_id


@given(st.dictionaries(st.integers(0, 50), st.tuples(st.integers(0, 9), st.booleans()), max_size=8))
def test_each_record_has_one_newer_row_on_its_old_day_and_one_more_if_it_moves(records):
    newest = pl.concat([landed(), *(landed(o, revision=revision) for o, (revision, _) in records.items())])
    new = pl.concat([landed(), *(landed(o, day=NEXT if moves else DAY) for o, (_, moves) in records.items())])
    rows = supersede(new, newest, RUN, DAY)
    require_superseding(rows, RUN, DAY)
    moving = [o for o, (_, moves) in records.items() if moves]
    assert rows.filter(business_date=DAY)["kafka_offset"].sort().to_list() == sorted(records)
    assert rows.filter(business_date=NEXT)["kafka_offset"].sort().to_list() == sorted(moving)
    assert all(r["enrichment_revision"] == records[r["kafka_offset"]][0] + 1 for r in rows.to_dicts())


def test_a_moved_row_says_where_the_record_went_and_holds_no_money():
    moved = corrected(3, moved=3).filter(status="MOVED").row(0, named=True)
    assert (moved["business_date"], moved["status_detail"]) == (DAY, f"business_date {NEXT}")
    assert moved["event_id"] is moved["amount"] is moved["merchant_status"] is None
    assert moved["replay_id"] == write_id(RUN, DAY)


def test_only_what_has_a_newest_row_can_be_superseded():
    with pytest.raises(NotSuperseding, match="1 records have no row on 2026-11-20"):
        supersede(landed(1, 2), landed(1), RUN, DAY)
    with pytest.raises(NotSuperseding, match="several newest rows"):
        supersede(landed(1), pl.concat([landed(1), landed(1, revision=1)]), RUN, DAY)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (corrected(1).drop("amount"), "columns differ"),
        (corrected(1).with_columns(amount=pl.lit(1.5)), "columns differ"),
        (corrected(1).with_columns(replay_id=pl.lit(RUN)), "replay_id is not run-1/2026-11-20"),
        (corrected(1).with_columns(replay_id=pl.lit(None, pl.String)), "replay_id is not"),
        (corrected(1).with_columns(enrichment_revision=pl.lit(0, pl.Int64)), "revision 0"),
        (pl.concat([corrected(1), corrected(1)]), "two rows on one business_date"),
        (corrected(1, moved=1).filter(business_date=NEXT), "needs a MOVED row"),
        (corrected(1, moved=1).filter(business_date=DAY), "belong together"),
    ],
)
def test_rows_that_break_a_rule_are_refused_with_the_rule(rows, said):
    with pytest.raises(NotSuperseding, match=said):
        require_superseding(rows, RUN, DAY)
