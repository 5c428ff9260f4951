"""The same promises against the emulator, and what the view shows of a write."""

import pytest
from batch_contract import BatchWarehouseContract, filled
from batch_landing import land
from superseding_world import AT, DAY, NEXT, RUN, corrected, landed

from assets.payments import pending
from assets.payments.batch_warehouse import BatchWrite
from assets.payments.pending import write
from assets.payments.pending_bigquery import _says_committed

pytestmark = pytest.mark.integration


@pytest.fixture
def warehouse(batch_warehouse):
    return batch_warehouse


class TestEmulator(BatchWarehouseContract):
    """The promises, on the emulator."""


def test_the_view_follows_a_write_and_a_moved_row_leaves_its_day(client, batch_settings, warehouse):
    def shown():
        sql = (
            f"SELECT kafka_offset, business_date, merchant_status FROM `{batch_settings.bigquery_dataset}.payments` "
            f"WHERE business_date BETWEEN DATE '{DAY}' AND DATE '{NEXT}' ORDER BY 1"
        )
        return [tuple(row.values()) for row in client.query(sql).result()]

    land(batch_settings, landed(1, 2, 3))
    assert shown() == [(1, DAY, "UNKNOWN"), (2, DAY, "UNKNOWN"), (3, DAY, "UNKNOWN")]
    write(warehouse, corrected(2, 3, moved=3), RUN, DAY, kind="correction", at=AT)
    assert shown() == [(1, DAY, "UNKNOWN"), (2, DAY, "KNOWN"), (3, NEXT, "KNOWN")]


def test_finalize_of_a_committed_stream_does_not_hide_that_it_is_committed(warehouse):
    """What a retry does if the rows of a commit without an answer do not show yet."""
    stream = filled(warehouse, corrected(1))
    new = BatchWrite(RUN, DAY, stream, 1, AT, "correction")
    warehouse.record(new)
    warehouse.finalize(stream)
    warehouse.commit(stream)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(warehouse, "rows_of", lambda *_: 0)
        assert pending._settle(warehouse, new)
    assert warehouse.rows_of(RUN, DAY) == 1


@pytest.mark.parametrize(
    ("code", "message", "committed"),
    [
        ("STREAM_ALREADY_COMMITTED", "", True),
        ("INVALID_STREAM_STATE", "Stream must be finalized before BatchCommit; state=COMMITTED", True),
        ("INVALID_STREAM_STATE", "Stream must be finalized before BatchCommit; state=OPEN", False),
        ("STREAM_NOT_FOUND", "state=COMMITTED", False),
    ],
)
def test_what_counts_as_committed_before(code, message, committed):
    """BigQuery's own code too, which the emulator never sends."""
    from google.cloud.bigquery_storage_v1.types import StorageError  # noqa: TID251  # what the service answers with

    error = StorageError(code=StorageError.StorageErrorCode[code], error_message=message)
    assert _says_committed(error) is committed
