"""A batch write says which dates it touches, so that what is built of these days follows."""

from datetime import timedelta

import pytest
from superseding_world import AT, DAY, NEXT, RUN, corrected

from assets.payments.batch_warehouse import BatchWrite
from assets.payments.day_queries import DayQueries
from assets.payments.pending import write
from assets.payments.pending_memory import MemoryBatchWarehouse


@pytest.mark.parametrize(("moved", "dates"), [(None, (DAY,)), (2, (DAY, NEXT))])
def test_a_write_records_the_dates_on_which_its_rows_lie(moved, dates):
    warehouse = MemoryBatchWarehouse()
    write(warehouse, corrected(1, 2, moved=moved), RUN, DAY, kind="correction", at=AT)
    assert [made.touches for made in warehouse.writes] == [dates]


@pytest.mark.integration
def test_the_dates_of_recent_writes_are_found_and_the_write_as_well(client, batch_settings, batch_warehouse):
    dataset = f"{client.project}.{batch_settings.bigquery_dataset}"
    old = BatchWrite("run-0", DAY - timedelta(9), "s0", 1, AT - timedelta(9), "replay", (DAY - timedelta(9),))
    batch_warehouse.record(old)
    long_ago = f"TIMESTAMP '{(AT - timedelta(9)).isoformat()}'"
    client.query_and_wait(f"UPDATE `{dataset}.batch_writes` SET recorded_at = {long_ago} WHERE TRUE")
    write(batch_warehouse, corrected(1, 2, moved=2), RUN, DAY, kind="correction", at=AT)
    assert batch_warehouse.recorded(RUN, DAY).row_count == 3
    assert DayQueries(client, dataset).touched(AT) == {DAY, NEXT}
    assert DayQueries(client, dataset).touched(None) == {DAY - timedelta(9), DAY, NEXT}
    client.query_and_wait(f"UPDATE `{dataset}.batch_writes` SET touches = NULL WHERE TRUE")
    assert DayQueries(client, dataset).touched(AT) == {DAY}, "a write of an earlier release names the day it worked on"
