"""A client of the emulator that is not ours: Google's, bare, on a table of two columns."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import pyarrow as pa
from google.cloud import bigquery  # noqa: TID251 - the service's own client is the judge here
from google.cloud.bigquery_storage_v1 import BigQueryWriteClient, types  # noqa: TID251
from google.cloud.bigquery_storage_v1.services.big_query_write.transports import BigQueryWriteGrpcTransport  # noqa: TID251

from assets.warehouse.client import connect
from sandbox.platform.bigquery import DATASET, PROJECT, EmulatorNode, create_dataset
from sandbox.platform.processes import await_ready, free_ports, spawn, stop

SCHEMA = pa.schema([("n", pa.int64()), ("name", pa.string())])
TABLE = f"{PROJECT}.{DATASET}.things"
TIME_LIMIT = 20.0
ENVIRONMENT = dict(os.environ)  # noqa: TID251 - what a shell would hand the emulator


class Client:
    """Creates `things (n INT64 NOT NULL, name STRING)`, appends to it and counts it."""

    def __init__(self, node: EmulatorNode):
        self._channel = grpc.insecure_channel(node.grpc_endpoint)
        self._write = BigQueryWriteClient(transport=BigQueryWriteGrpcTransport(channel=self._channel))
        self.queries: bigquery.Client = connect(PROJECT, node.rest_endpoint)

    def create_table(self) -> None:
        # By SQL: tables made through REST do not enforce REQUIRED.
        self.queries.query_and_wait(f"CREATE TABLE `{TABLE}` (n INT64 NOT NULL, name STRING)", wait_timeout=TIME_LIMIT)

    def open_stream(self) -> str:
        parent = f"projects/{PROJECT}/datasets/{DATASET}/tables/things"
        stream = types.WriteStream(type_=types.WriteStream.Type.COMMITTED)
        return self._write.create_write_stream(parent=parent, write_stream=stream, timeout=TIME_LIMIT).name

    def append(self, stream: str, offset: int, numbers: list[int | None]) -> int:
        """gRPC status code of the append, 0 for success; timeouts and broken calls raise grpc errors."""
        return int(next(iter(self.append_rows(iter([self.append_request(stream, offset, numbers)])))).error.code)

    def append_request(self, stream: str, offset: int, numbers: list[int | None]) -> types.AppendRowsRequest:
        batch = pa.record_batch([pa.array(numbers, pa.int64()), pa.array(["x"] * len(numbers))], schema=SCHEMA)
        rows = types.AppendRowsRequest.ArrowData(
            writer_schema=types.ArrowSchema(serialized_schema=SCHEMA.serialize().to_pybytes()),
            rows=types.ArrowRecordBatch(serialized_record_batch=batch.serialize().to_pybytes()),
        )
        return types.AppendRowsRequest(write_stream=stream, offset=offset, arrow_rows=rows)

    def append_rows(self, requests: Iterator[types.AppendRowsRequest]) -> Iterable[types.AppendRowsResponse]:
        answers: Iterable[types.AppendRowsResponse] = self._write.append_rows(requests, timeout=TIME_LIMIT)
        return answers

    def finalize(self, stream: str) -> int:
        return int(self._write.finalize_write_stream(name=stream, timeout=TIME_LIMIT).row_count)

    def count(self) -> int:
        return int(
            next(iter(self.queries.query_and_wait(f"SELECT COUNT(*) FROM `{TABLE}`", wait_timeout=TIME_LIMIT)))[0]
        )

    def close(self) -> None:
        self._channel.close()
        self.queries.close()


@contextmanager
def emulator(home: Path, *options: str) -> Iterator[tuple[EmulatorNode, subprocess.Popen[bytes]]]:
    """An emulator on `home`, mended unless `--stock` is among the options."""
    rest, grpc_port = free_ports(2)
    node = EmulatorNode(home / "tables", rest, grpc_port, home / "emulator.log", {**ENVIRONMENT})
    command = [sys.executable, "-m", "sandbox.platform.emulator", "--project", PROJECT, "--data-dir", str(node.home)]
    process = spawn(
        [*command, "--rest-port", str(rest), "--grpc-port", str(grpc_port), *options], node.log, ENVIRONMENT
    )
    try:
        await_ready(process, node.log, node.answers, "the emulator", 30)
        create_dataset(node.rest_endpoint, node.log)
        yield node, process
    finally:
        process.kill()  # a hung stock emulator would not hear SIGTERM
        stop(process, 5)


def in_threads(work: list, deadline: float) -> bool:
    """Run callables at once; whether all returned without an exception before `deadline` seconds."""
    done: list[bool] = []

    def one(call) -> None:
        call()
        done.append(True)

    threads = [threading.Thread(target=one, args=(call,), daemon=True) for call in work]
    for thread in threads:
        thread.start()
    ends = time.monotonic() + deadline  # noqa: TID251 - a deadline of the test itself
    for thread in threads:
        thread.join(max(0.0, ends - time.monotonic()))  # noqa: TID251
    return len(done) == len(work)
