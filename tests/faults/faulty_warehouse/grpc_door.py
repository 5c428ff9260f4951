"""The door before the Storage Write API: each append and unary call meets the fate that the script decides.

Everything else (reads of reference data) passes through.
"""

import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import grpc

from faulty_warehouse.answers import ENDS_THE_CALL, append_answer, error_code, parsed, rows_of
from faulty_warehouse.script import APPEND, FINALIZE, OPEN, Fate, Says, Script

LOOPBACK = "127.0.0.1"
THREADS = 128
"""An open AppendRows call holds one, so does one that is never answered until its caller gives up."""
LONGEST_S = 60.0
_UNLIMITED = (("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1))
_OVER = None


class Ended(Exception):
    """The call ends with a status."""

    def __init__(self, code: grpc.StatusCode, details: str) -> None:
        self.code, self.details = code, details


@dataclass
class Door:
    """What tests tell the door, and what they can ask it."""

    script: Script
    channel: grpc.Channel
    reset: Callable[[], None] = lambda: None
    """Resets every connection, once there is a relay that can."""
    idle_s: float | None = None
    """An append connection without a request for so long is closed, as the service does after ten minutes."""
    idle_closed: int = 0
    kept: "queue.SimpleQueue[bytes]" = field(default_factory=queue.SimpleQueue)
    """Appends that were kept back, each whole enough to arrive on a connection of its own."""

    def deliver_kept(self) -> list[int]:
        """Let what was kept back arrive now, over another connection. Returns the emulator's codes, 0 for applied."""
        codes = []
        while not self.kept.empty():
            with Upstream(self.channel, ()) as upstream:
                codes.append(error_code(upstream.ask(self.kept.get())))
        return codes


class Upstream:
    """One AppendRows call to the emulator: a request, its answer, the next request."""

    def __init__(self, channel: grpc.Channel, metadata: Any) -> None:
        self._requests: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        method = f"/google.cloud.bigquery.storage.v1.BigQueryWrite/{APPEND}"
        self._call = channel.stream_stream(method)(iter(self._requests.get, _OVER), metadata=metadata)

    def ask(self, request: bytes) -> bytes:
        """Its answer. Raises Ended as the emulator ends the call."""
        self._requests.put(request)
        try:
            return bytes(next(self._call))
        except grpc.RpcError as error:
            raise Ended(error.code(), error.details()) from None

    def close(self) -> None:
        self._requests.put(_OVER)
        self._call.cancel()

    def __enter__(self) -> "Upstream":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Handler(grpc.GenericRpcHandler):
    def __init__(self, door: Door) -> None:
        self._door = door

    def service(self, handler_call_details: Any) -> Any:
        method = handler_call_details.method
        metadata = [pair for pair in handler_call_details.invocation_metadata if pair[0] == "x-goog-request-params"]
        name = method.rsplit("/", 1)[1]

        def serve(requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
            try:
                if name == APPEND:
                    yield from _Appends(self._door, metadata, context).answers(requests)
                elif name in (OPEN, FINALIZE):
                    yield _unary(self._door, method, metadata, next(requests), context)
                else:
                    yield from self._door.channel.stream_stream(method)(requests, metadata=metadata)
            except Ended as end:
                context.set_code(end.code)
                context.set_details(end.details)
            except grpc.RpcError as error:
                context.set_code(error.code() if isinstance(error, grpc.Call) else grpc.StatusCode.CANCELLED)

        return grpc.stream_stream_rpc_method_handler(serve)


def _unary(door: Door, method: str, metadata: Any, request: bytes, context: grpc.ServicerContext) -> bytes:
    fate = door.script.decide(method.rsplit("/", 1)[1])
    answer = b""
    for _ in range(fate.arrives):
        answer = door.channel.unary_unary(method)(request, metadata=metadata, timeout=LONGEST_S)
    if fate.says is Says.NOTHING:
        _silence(context)
    if fate.says in ENDS_THE_CALL:
        raise Ended(*ENDS_THE_CALL[fate.says])
    return answer


def _silence(context: grpc.ServicerContext) -> None:
    """Until the caller gives up."""
    gone = threading.Event()
    if context.add_callback(gone.set):
        gone.wait(LONGEST_S)


class _Appends:
    """One connection of a member."""

    def __init__(self, door: Door, metadata: Any, context: grpc.ServicerContext) -> None:
        self._door, self._schema = door, b""
        self._upstream = Upstream(door.channel, metadata)
        self._gone = threading.Event()
        if not context.add_callback(self._leave):
            self._leave()

    def _leave(self) -> None:
        self._gone.set()
        self._upstream.close()

    def answers(self, requests: Iterator[bytes]) -> Iterator[bytes]:
        """Each request's answers, if it gets any. Ends with the requests, or when it was idle for too long."""
        waiting: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        threading.Thread(target=_gather, args=(requests, waiting), daemon=True).start()
        try:
            while True:
                try:
                    request = waiting.get(timeout=self._door.idle_s or LONGEST_S)
                except queue.Empty:
                    if self._door.idle_s is None:
                        continue
                    self._door.idle_closed += 1
                    return
                if request is _OVER:
                    return
                yield from self._meet(request, self._door.script.decide(APPEND))
        finally:
            self._upstream.close()

    def _meet(self, request: bytes, fate: Fate) -> Iterator[bytes]:
        append = parsed(request)
        self._schema = append.arrow_rows.writer_schema.serialized_schema or self._schema
        if fate.after_s:
            self._gone.wait(fate.after_s)
        if fate.kept:
            append.arrow_rows.writer_schema.serialized_schema = self._schema
            self._door.kept.put(type(append).serialize(append))
            return
        said = [self._upstream.ask(request) for _ in range(fate.arrives)]
        match fate.says:
            case Says.TRUTH:
                yield said[0]
            case Says.BOTH:
                yield from said
            case Says.NOTHING:
                return
            case Says.RESET:
                self._door.reset()
            case says if says in ENDS_THE_CALL:
                raise Ended(*ENDS_THE_CALL[says])
            case says:
                rows = rows_of(append, self._schema)
                yield append_answer(says, append.write_stream, int(append.offset), rows)


def _gather(requests: Iterator[bytes], waiting: "queue.SimpleQueue[bytes | None]") -> None:
    try:
        with suppress(grpc.RpcError):  # the member went away
            for request in requests:
                waiting.put(request)
    finally:
        waiting.put(_OVER)


def serve(door: Door) -> tuple[grpc.Server, int]:
    """A server on a free loopback port, started."""
    server = grpc.server(ThreadPoolExecutor(THREADS), handlers=[_Handler(door)], options=_UNLIMITED)
    port = server.add_insecure_port(f"{LOOPBACK}:0")
    server.start()
    return server, port


def channel_to(endpoint: str) -> grpc.Channel:
    """To the emulator."""
    return grpc.insecure_channel(endpoint, options=_UNLIMITED)
