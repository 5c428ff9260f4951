"""What both batch warehouses promise, and how a test looks into them."""

import pytest
from superseding_world import AT, DAY, RUN, corrected

from assets.payments.batch_warehouse import AlreadyCommitted, BatchWrite
from assets.payments.pending import _requests, write
from streaming.ports import StreamFinalized, StreamNotFound, WarehouseError


def filled(warehouse, rows) -> str:
    stream = warehouse.create_pending()
    offset = 0
    for batch, length in _requests(rows, AT):
        warehouse.append(stream, offset, batch)
        offset += length
    return stream


class BatchWarehouseContract:
    """A subclass gives `warehouse`, empty for each test."""

    def test_rows_are_visible_at_the_commit_and_not_before(self, warehouse):
        stream = filled(warehouse, corrected(1, 2, moved=2))
        assert warehouse.finalize(stream) == 3
        assert warehouse.rows_of(RUN, DAY) == 0
        warehouse.commit(stream)
        assert warehouse.rows_of(RUN, DAY) == 2

    def test_finalize_gives_the_same_count_again_until_the_commit(self, warehouse):
        stream = filled(warehouse, corrected(1))
        assert warehouse.finalize(stream) == warehouse.finalize(stream) == 1
        with pytest.raises(WarehouseError):
            warehouse.append(stream, 1, next(_requests(corrected(2), AT))[0])

    def test_a_second_commit_says_so_and_adds_nothing(self, warehouse):
        stream = filled(warehouse, corrected(1))
        warehouse.finalize(stream)
        warehouse.commit(stream)
        with pytest.raises(AlreadyCommitted):
            warehouse.commit(stream)
        assert warehouse.rows_of(RUN, DAY) == 1

    def test_a_stream_that_is_open_is_not_committed(self, warehouse):
        stream = filled(warehouse, corrected(1))
        with pytest.raises(StreamFinalized):
            warehouse.commit(stream)
        assert warehouse.rows_of(RUN, DAY) == 0

    def test_a_stream_that_is_gone_is_not_found(self, warehouse):
        gone = warehouse.create_pending() + "-gone"
        for ask in (warehouse.finalize, warehouse.commit):
            with pytest.raises(StreamNotFound):
                ask(gone)

    def test_the_newest_record_of_a_run_and_day_is_found(self, warehouse):
        assert warehouse.recorded(RUN, DAY) is None
        first = BatchWrite(RUN, DAY, "s1", 1, AT, "replay")
        second = BatchWrite(RUN, DAY, "s2", 2, AT, "correction")
        other = BatchWrite("run-2", DAY, "s3", 3, AT.replace(hour=12), "redrive")
        for made in (first, second, other):
            warehouse.record(made)
        assert warehouse.recorded(RUN, DAY) == second

    def test_a_write_done_again_adds_nothing(self, warehouse):
        rows = corrected(1, 2, 3, moved=3)
        first = write(warehouse, rows, RUN, DAY, kind="correction", at=AT)
        second = write(warehouse, rows, RUN, DAY, kind="correction", at=AT)
        assert (first.rows, first.again) == (4, False)
        assert (second.stream, second.rows, second.again) == (first.stream, 4, True)
        assert warehouse.rows_of(RUN, DAY) == 3

    def test_a_retry_after_the_stream_was_filled_commits_that_stream(self, warehouse):
        rows = corrected(1, 2)
        stream = filled(warehouse, rows)
        warehouse.record(BatchWrite(RUN, DAY, stream, 2, AT, "correction"))
        again = write(warehouse, rows, RUN, DAY, kind="correction", at=AT)
        assert (again.stream, again.again) == (stream, True)
        assert warehouse.rows_of(RUN, DAY) == 2

    def test_a_stream_cut_short_is_never_committed(self, warehouse):
        stream = filled(warehouse, corrected(1))
        warehouse.record(BatchWrite(RUN, DAY, stream, 2, AT, "correction"))
        new = write(warehouse, corrected(1, 2), RUN, DAY, kind="correction", at=AT.replace(hour=11))
        assert new.stream != stream
        assert warehouse.rows_of(RUN, DAY) == 2
