"""The two mends that let many connections and slow queries live together; each breaks on the stock package."""

import contextlib
import os
import queue
import threading
from collections.abc import Iterator

import pytest
from emulator_client import Client, emulator, in_threads
from google.api_core.exceptions import DeadlineExceeded
from google.cloud.bigquery_storage_v1 import types  # noqa: TID251 - the service's own client is the judge here

pytestmark = [
    pytest.mark.long,
    pytest.mark.integration,
    # calls that the stock package leaves hanging end with the emulator, in threads nobody waits for any more
    pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning"),
]

DEFAULT_POOL = min(32, (os.cpu_count() or 1) + 4)
"""Workers of asyncio's default executor: docs.python.org/3/library/concurrent.futures.html#threadpoolexecutor."""
SOON = 5.0
SLOW_QUERY = (
    "SELECT COUNT(*) FROM UNNEST(GENERATE_ARRAY(1, 40000)) AS a, UNNEST(GENERATE_ARRAY(1, 20000)) AS b "
    "WHERE MOD(a * b, 7) = 3"
)
"""Seconds of work for DuckDB without a table."""


def hold_open(client: Client, stream: str, held: list[object]) -> None:
    """Append one row and keep the connection in `held`, as a consumer does between appends."""
    end: queue.Queue[None] = queue.Queue()

    def requests() -> Iterator[types.AppendRowsRequest]:
        yield client.append_request(stream, 0, [1])
        end.get()

    answers = client.append_rows(requests())
    held.append(answers)  # a call that nobody holds is cancelled
    assert next(iter(answers)).error.code == 0


@pytest.mark.parametrize(("options", "answers"), [((), True), (("--stock",), False)], ids=["mended", "stock"])
def test_calls_are_answered_beside_many_open_streams(tmp_path, options, answers):
    with emulator(tmp_path, *options) as (node, _):
        client = Client(node)
        client.create_table()
        streams = [client.open_stream() for _ in range(DEFAULT_POOL + 1)]
        held: list[object] = []
        opened = [in_threads([lambda stream=stream: hold_open(client, stream, held)], SOON) for stream in streams]
        assert all(opened[:-1])
        assert opened[-1] is answers
        if answers:
            assert client.finalize(streams[0]) == 1


def answered_beside_a_query(client: Client, stream: str) -> tuple[int, bool]:
    """Appends answered while a slow query ran, and whether that query was answered; the stock package may hang both."""
    ended = threading.Event()
    answered: list[bool] = []

    def ask() -> None:
        with contextlib.suppress(Exception):
            client.queries.query_and_wait(SLOW_QUERY, wait_timeout=60, api_timeout=60, retry=None, job_retry=None)
            answered.append(True)
        ended.set()

    threading.Thread(target=ask, daemon=True).start()
    appends = 0
    try:
        while not ended.is_set():
            assert client.append(stream, appends + 1, [1]) == 0
            appends += 1
    except DeadlineExceeded:  # an append waited its whole time limit
        return appends, bool(answered)
    return appends, bool(answered)


@pytest.mark.parametrize(("options", "waits"), [((), False), (("--stock",), True)], ids=["mended", "stock"])
def test_appends_do_not_wait_for_a_query(tmp_path, options, waits):
    with emulator(tmp_path, *options) as (node, _):
        client = Client(node)
        client.create_table()
        stream = client.open_stream()
        assert client.append(stream, 0, [0]) == 0
        appends, answered = answered_beside_a_query(client, stream)
        assert answered or waits
        assert (appends < 5) is waits, f"{appends} appends while the query ran"
