"""Answers of the faulty warehouse read as BigQuery's do, and the consumer's client takes none of them for success."""

import json

import pyarrow as pa
import pytest
from faulty_warehouse.answers import append_answer, error_code, kind_of_call, rows_of, stale
from faulty_warehouse.script import COUNT, HIGHEST, QUERY, Says
from google.cloud.bigquery_storage_v1 import types

from streaming.adapters.bigquery_streams import WriteStreams
from streaming.ports import (
    AccessDenied,
    AlreadyExists,
    OffsetOutOfRange,
    QuotaExceeded,
    RowsRejected,
    StreamFinalized,
    Unavailable,
)
from streaming.stages.plan import arrow_schema

pytestmark = pytest.mark.integration  # Google's packages take half a second to import

STREAM = "projects/p/datasets/d/tables/t/streams/0123456789abcdef"


def understood(answer, at=100):
    """What the consumer makes of an answer."""
    WriteStreams._check(types.AppendRowsResponse.deserialize(answer), STREAM, at)


class TestAnswers:
    @pytest.mark.parametrize(
        ("says", "error"),
        [
            (Says.EXISTS, AlreadyExists),
            (Says.OUT_OF_RANGE, OffsetOutOfRange),
            (Says.FINALIZED, StreamFinalized),
            (Says.EXHAUSTED, QuotaExceeded),
            (Says.DENIED, AccessDenied),
            (Says.BLANK, Unavailable),
        ],
    )
    def test_each_is_the_error_it_stands_for(self, says, error):
        with pytest.raises(error):
            understood(append_answer(says, STREAM, 100, 20))

    @pytest.mark.parametrize(
        ("says", "expected"), [(Says.EXISTS, 120), (Says.EXISTS_ELSEWHERE, 127), (Says.EXISTS_SOMEWHERE, None)]
    )
    def test_an_offset_that_exists_is_stated_truly_falsely_or_not(self, says, expected):
        with pytest.raises(AlreadyExists) as raised:
            understood(append_answer(says, STREAM, 100, 20))
        assert raised.value.expected == expected

    def test_row_errors_name_rows_that_there_are(self):
        with pytest.raises(RowsRejected) as raised:
            understood(append_answer(Says.ROW_ERRORS, STREAM, 100, 2))
        assert list(raised.value.rows) == [0]

    @pytest.mark.parametrize("at", [0, 100])
    def test_only_an_answer_that_states_the_offset_is_a_success(self, at):
        """Nothing else proves that the rows are there: an empty answer was once taken for one."""
        result = types.AppendRowsResponse.AppendResult(offset=at)
        understood(types.AppendRowsResponse.serialize(types.AppendRowsResponse(append_result=result)), at)
        with pytest.raises(Unavailable):
            understood(types.AppendRowsResponse.serialize(types.AppendRowsResponse(write_stream=STREAM)), at)
        with pytest.raises(Unavailable):
            understood(types.AppendRowsResponse.serialize(types.AppendRowsResponse(append_result={})), at)

    def test_codes(self):
        assert error_code(append_answer(Says.BLANK, STREAM, 0, 1)) == 0
        assert error_code(append_answer(Says.EXISTS, STREAM, 0, 1)) == 6

    def test_rows_are_counted_by_the_schema_of_the_connection(self):
        schema = pa.ipc.read_schema(pa.py_buffer(arrow_schema()))
        batch = pa.RecordBatch.from_arrays([pa.nulls(3, field.type) for field in schema], schema=schema)
        request = types.AppendRowsRequest()
        request.arrow_rows.rows.serialized_record_batch = batch.serialize().to_pybytes()
        assert rows_of(request, arrow_schema()) == 3

    def test_calls_are_known_by_their_sql(self):
        assert kind_of_call(b'{"query": "SELECT kafka_partition, COUNT(*) FROM `p.d.payments_landing`"}') == COUNT
        assert kind_of_call(b'{"query": "SELECT MAX(kafka_offset) FROM x"}') == HIGHEST
        assert kind_of_call(b"") == QUERY

    def test_a_stale_count_misses_rows_and_is_never_below_none(self):
        answer = {"rows": [{"f": [{"v": "1"}, {"v": "40"}]}, {"f": [{"v": "2"}, {"v": "3"}]}]}
        rows = json.loads(stale(json.dumps(answer).encode()))["rows"]
        assert [[cell["v"] for cell in row["f"]] for row in rows] == [["1", "35"], ["2", "0"]]
        assert json.loads(stale(b'{"jobComplete": true}')) == {"jobComplete": True}
