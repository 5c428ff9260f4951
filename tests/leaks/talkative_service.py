"""A service that refuses everything and quotes a record and a secret in its words, as BigQuery quotes values."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

from canaries import CARD, SECRETS

GROUPED = " ".join(CARD[at : at + 4] for at in range(0, len(CARD), 4))
SAID = (
    f"Could not cast {CARD} or {GROUPED} to INT64; bad value 'coffees {CARD} {SECRETS['mac_key']}' "
    f'and "{SECRETS["kafka_password"]} and more", cut: \'{SECRETS["kafka_client_key_password"]}'
)
"""In one line: a client shows the first alone."""


class Refusing(BaseHTTPRequestHandler):
    """Answers every request with `status` and SAID, in the form of Google's REST errors and in the line before it."""

    status: ClassVar[int] = 400
    asked: ClassVar[int] = 0
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Refuse."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        type(self).asked += 1
        detail = {"message": SAID, "domain": "global", "reason": "invalidQuery", "debugInfo": SAID}
        body = json.dumps({"error": {"code": self.status, "message": SAID, "errors": [detail]}}).encode()
        self.send_response(self.status, SAID)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        """Refuse."""
        self.do_GET()

    def do_DELETE(self) -> None:
        """Refuse."""
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Say nothing: pytest shows who is refused."""


@contextmanager
def talkative(status: int = 400) -> Iterator[tuple[str, type[Refusing]]]:
    """Its address, and what it was asked; a status of 5xx would be asked again for minutes."""
    handler = type("Handler", (Refusing,), {"status": status, "asked": 0})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", handler
        finally:
            server.shutdown()
