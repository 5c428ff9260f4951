"""Stands between the members and the emulator, on both of its ports: slow appends, and refusals as BigQuery words them.

Bytes pass through unread. What it does can be changed while calls are open, as a service changes its mind.
"""

import http.client
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import grpc

LOOPBACK = "127.0.0.1"
THREADS = 64
"""An open AppendRows call holds one: two members of six partitions, and those that are being replaced."""
_UNLIMITED = (("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1))


@dataclass(frozen=True)
class Refusal:
    """How the service says no: the gRPC status and the HTTP status that go together."""

    code: grpc.StatusCode
    status: int
    message: str


UNKNOWN_CALLER = Refusal(
    grpc.StatusCode.UNAUTHENTICATED,
    401,
    "Request had invalid authentication credentials. Expected OAuth 2 access token.",
)
NO_PERMISSION = Refusal(
    grpc.StatusCode.PERMISSION_DENIED, 403, "Permission 'TABLES_UPDATE_DATA' denied on resource (or it may not exist)."
)


@dataclass
class Mood:
    """What the service is like now."""

    append_s: float = 0.0
    """Seconds an append waits before it reaches the emulator."""
    grpc_refusal: Refusal | None = None
    rest_refusal: Refusal | None = None
    writes_alone: bool = False
    """Whether gRPC refuses write streams alone: reference data may be read."""
    appends: int = 0
    refused: int = 0
    """Calls refused so far, over both ports."""
    largest: int = 0
    """Bytes of the largest append."""
    changed: threading.Event = field(default_factory=threading.Event)
    """Set to let slow appends go at once."""

    def refuse(self, refusal: Refusal | None, *, writes_alone: bool = False) -> None:
        """From now on, every call on both ports, or writes alone; None: the permission is back."""
        self.rest_refusal = None if writes_alone else refusal
        self.grpc_refusal, self.writes_alone = refusal, writes_alone

    def refuses(self, method: str) -> Refusal | None:
        """What a gRPC call is refused with now, if it is."""
        return self.grpc_refusal if "BigQueryWrite/" in method or not self.writes_alone else None

    def quick(self) -> None:
        """Appends are as fast as the emulator again, those that wait included."""
        self.append_s = 0.0
        self.changed.set()


class _Forward(grpc.GenericRpcHandler):
    """Every method as a stream of messages in both directions; the wire does not know the difference."""

    def __init__(self, channel: grpc.Channel, mood: Mood) -> None:
        self._channel, self._mood = channel, mood

    def service(self, handler_call_details: Any) -> Any:
        method, metadata = handler_call_details.method, handler_call_details.invocation_metadata
        kept = [(key, value) for key, value in metadata if key == "x-goog-request-params"]

        def forward(requests: Any, context: grpc.ServicerContext) -> Any:
            call = self._channel.stream_stream(method)(self._watched(requests, method), metadata=kept)
            context.add_callback(call.cancel)
            try:
                yield from call
            except grpc.RpcError:
                if (refusal := self._mood.refuses(method)) is not None:
                    self._mood.refused += 1
                    context.set_code(refusal.code)
                    context.set_details(refusal.message)
                    return
                context.set_trailing_metadata(call.trailing_metadata() or ())
                context.set_code(call.code())
                context.set_details(call.details())

        return grpc.stream_stream_rpc_method_handler(forward)

    def _watched(self, requests: Any, method: str) -> Any:
        """The requests, each when it is due; an error in here ends the call to the emulator."""
        with suppress(grpc.RpcError):  # a member that went away needs nothing more
            for request in requests:
                if self._mood.refuses(method) is not None:
                    raise PermissionError
                if method.endswith("/AppendRows"):
                    self._mood.appends += 1
                    self._mood.largest = max(self._mood.largest, len(request))
                    if self._mood.append_s:
                        self._mood.changed.wait(self._mood.append_s)
                yield request


def _rest_handler(rest_address: str, mood: Mood) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if (refusal := mood.rest_refusal) is not None:
                mood.refused += 1
                self._answer(refusal.status, b'{"error": {"code": %d, "message": "no"}}' % refusal.status)
                return
            upstream = http.client.HTTPConnection(rest_address, timeout=120)
            try:
                kept = {name: value for name, value in self.headers.items() if name.lower() != "host"}
                upstream.request(self.command, self.path, body, kept | {"Accept-Encoding": "identity"})
                answer = upstream.getresponse()
                self._answer(answer.status, answer.read())
            finally:
                upstream.close()

        do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - as http.server calls them

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    return Handler


class _RestServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """A client that went away is no news."""


@contextmanager
def warehouse_proxy(rest_endpoint: str, grpc_endpoint: str) -> Any:
    """Yields (mood, environment): the variables with which a member talks to the proxy instead."""
    mood = Mood()
    channel = grpc.insecure_channel(grpc_endpoint, options=_UNLIMITED)
    server = grpc.server(ThreadPoolExecutor(THREADS), handlers=[_Forward(channel, mood)], options=_UNLIMITED)
    grpc_port = server.add_insecure_port(f"{LOOPBACK}:0")
    server.start()
    rest = _RestServer((LOOPBACK, 0), _rest_handler(rest_endpoint.removeprefix("http://"), mood))
    threading.Thread(target=rest.serve_forever, daemon=True).start()
    try:
        yield (
            mood,
            {
                "TIDEMARK_BIGQUERY_GRPC_ENDPOINT": f"{LOOPBACK}:{grpc_port}",
                "TIDEMARK_BIGQUERY_REST_ENDPOINT": f"http://{LOOPBACK}:{rest.server_address[1]}",
            },
        )
    finally:
        mood.quick()
        rest.shutdown()
        rest.server_close()
        server.stop(2).wait(10)
        channel.close()
