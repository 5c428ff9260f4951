"""Each mend of the emulator matters: the contract holds on the mended one and breaks on the stock package.

When a stock test fails, a new version has mended the defect itself: remove the mend (docs/decisions/0001).
"""

import subprocess
import sys
import threading

import duckdb
import grpc
import pytest
from emulator_client import Client, emulator, in_threads
from google.api_core.exceptions import GoogleAPICallError

from sandbox.platform.processes import await_ready

pytestmark = [pytest.mark.long, pytest.mark.integration]

ALREADY_EXISTS = grpc.StatusCode.ALREADY_EXISTS.value[0]
INVALID_ARGUMENT = grpc.StatusCode.INVALID_ARGUMENT.value[0]
MODES = ["mended", "stock"]
STREAMS, APPENDS, QUERIES = 4, 40, 40
# Mended, all this takes 2 to 4 s on two busy cores; stock never ends it.
STORM_WITHIN = 15.0


def storm(client) -> bool:
    """Appends on several streams beside queries: whether all end in time and every row is there."""
    client.create_table()
    streams = [client.open_stream() for _ in range(STREAMS)]

    def append(stream):
        for i in range(APPENDS):
            assert client.append(stream, i * 5, [1, 2, 3, 4, 5]) == 0

    def ask():
        for _ in range(QUERIES):
            client.count()

    work = [*(lambda stream=stream: append(stream) for stream in streams), ask, ask]
    return in_threads(work, STORM_WITHIN) and client.count() == STREAMS * APPENDS * 5


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize(("options", "survives"), [((), True), (("--stock",), False)], ids=["mended", "stock"])
def test_appends_beside_queries(tmp_path, options, survives):
    with emulator(tmp_path, *options) as (node, _):
        client = Client(node)
        assert storm(client) is survives


@pytest.mark.parametrize(("options", "copies"), [((), 0), (("--stock",), 5)], ids=["mended", "stock"])
def test_an_append_copies_the_table(tmp_path, options, copies):
    with emulator(tmp_path, *options) as (node, process):
        client = Client(node)
        client.create_table()
        stream = client.open_stream()
        for i in range(5):
            assert client.append(stream, i, [i]) == 0
        client.close()
        process.terminate()
        process.wait(20)
    with duckdb.connect(str(node.home / "bqemulator.duckdb")) as database:
        tables = "SELECT COUNT(*) FROM duckdb_tables() WHERE schema_name = '_bqemulator_snapshots'"
        assert database.execute(tables).fetchone() == (copies,)


@pytest.mark.parametrize("options", [(), ("--stock",)], ids=["mended", "stock"])
def test_a_failed_append_can_be_sent_again(tmp_path, options):
    with emulator(tmp_path, *options) as (node, _):
        client = Client(node)
        client.create_table()
        stream = client.open_stream()
        assert client.append(stream, 0, [1, 2]) == 0
        with pytest.raises((GoogleAPICallError, AssertionError)):
            assert client.append(stream, 2, [3, None, 5]) == 0  # n is REQUIRED: the insert fails
        again = client.append(stream, 2, [3, 4, 5])
        told, there = client.finalize(stream), client.count()
        if options:
            assert (again, told, there) == (ALREADY_EXISTS, 5, 2), "stock: three rows lost, and the count says five"
        else:
            assert (again, told, there) == (0, 5, 5)


FINALIZE_BESIDE_APPEND = """
import sys, threading
from types import SimpleNamespace
from bqemulator.grpc_api.write_servicer import BigQueryWriteHandler
from bqemulator.streaming.write_stream import WriteStreamManager, WriteStreamType
from google.cloud.bigquery_storage_v1 import types
from sandbox.platform import mends
if sys.argv[1] == "mended":
    mends.undo_failed_appends()
manager = WriteStreamManager()
stream = manager.create("p", "d", "t", "0123456789abcdef", WriteStreamType.COMMITTED)
handler = BigQueryWriteHandler(SimpleNamespace(write_streams=manager))
answers = []
def finalize():
    request = types.FinalizeWriteStreamRequest.serialize(types.FinalizeWriteStreamRequest(name=stream.name))
    answers.append(handler._handle_finalize_write_stream(request, None))
other = threading.Thread(target=finalize)
with stream.lock:  # as an append in flight holds it
    other.start()
    other.join(1.0)
    print("answered" if answers else "waited")
    stream.row_count = 7
other.join(5.0)
print(types.FinalizeWriteStreamResponse.deserialize(answers[0]).row_count)
"""


@pytest.mark.parametrize(("mode", "printed"), [("mended", ["waited", "7"]), ("stock", ["answered", "0"])])
def test_finalize_waits_for_the_append_in_flight(mode, printed):
    ran = subprocess.run(
        [sys.executable, "-c", FINALIZE_BESIDE_APPEND, mode], capture_output=True, text=True, check=True, timeout=60
    )
    assert ran.stdout.split() == printed


@pytest.mark.parametrize(("options", "answer"), [((), (INVALID_ARGUMENT, 0)), (("--stock",), (0, 1))], ids=MODES)
def test_a_column_that_the_table_lacks_is_refused(tmp_path, options, answer):
    with emulator(tmp_path, *options) as (node, _):
        client = Client(node)
        client.queries.query_and_wait("CREATE TABLE `tidemark-local.payments.things` (n INT64)")
        told = client.append(client.open_stream(), 0, [1])  # with a `name` beside
        assert (told, client.count()) == answer


def test_appends_go_on_when_a_column_is_added(tmp_path):
    with emulator(tmp_path) as (node, _):
        client = Client(node)
        client.create_table()
        stream = client.open_stream()
        assert client.append(stream, 0, [1]) == 0
        client.queries.query_and_wait(
            "ALTER TABLE `tidemark-local.payments.things` ADD COLUMN IF NOT EXISTS more STRING"
        )
        assert client.append(stream, 1, [2]) == 0
        assert client.count() == 2


def test_rows_outlive_kill_9_and_streams_do_not(tmp_path):
    with emulator(tmp_path) as (node, process):
        client = Client(node)
        client.create_table()
        stream = client.open_stream()
        assert client.append(stream, 0, [1, 2, 3]) == 0
        process.kill()
        process.wait(10)
        again = node.start()
        try:
            await_ready(again, node.log, node.answers, "the emulator", 30)
            client = Client(node)
            assert client.count() == 3
            with pytest.raises(GoogleAPICallError) as error:
                client.append(stream, 3, [4])
            assert error.value.grpc_status_code is grpc.StatusCode.NOT_FOUND
        finally:
            again.kill()
            again.wait(10)


def test_threads_do_not_leak_from_a_storm():
    """The storm's own threads are daemons: a hung stock emulator must not hang the test run."""
    release = threading.Event()
    assert not in_threads([release.wait], 0.05)
    release.set()
