"""The door before the REST API: the check's count and the fallback's query fail, come late, or are out of date."""

import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from faulty_warehouse.answers import kind_of_call, stale
from faulty_warehouse.script import Says, Script

LOOPBACK = "127.0.0.1"
LONGEST_S = 120.0
_FAILED = b'{"error": {"code": 503, "message": "The service is currently unavailable."}}'


def _handler(address: str, script: Script) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            fate = script.decide(kind_of_call(body))
            if fate.after_s:
                threading.Event().wait(fate.after_s)
            if fate.says is Says.FAILED:
                self._answer(503, _FAILED)
                return
            status, answer = self._asked(body)
            self._answer(status, stale(answer) if fate.says is Says.STALE else answer)

        do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - as http.server calls them

        def _asked(self, body: bytes) -> tuple[int, bytes]:
            upstream = http.client.HTTPConnection(address, timeout=LONGEST_S)
            try:
                kept = {name: value for name, value in self.headers.items() if name.lower() != "host"}
                upstream.request(self.command, self.path, body, kept | {"Accept-Encoding": "identity"})
                answer = upstream.getresponse()
                return answer.status, answer.read()
            finally:
                upstream.close()

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """A client that went away is no news."""


def serve(rest_endpoint: str, script: Script) -> _Server:
    """A server on a free loopback port, started."""
    server = _Server((LOOPBACK, 0), _handler(rest_endpoint.removeprefix("http://"), script))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
