"""One BigQuery emulator as a child process, and its dataset."""

import http.client
import json
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.platform.processes import LOOPBACK, DidNotStart, spawn, tail

PROJECT = "tidemark-local"
DATASET = "payments"


@dataclass(frozen=True)
class EmulatorNode:
    """Where one emulator lives: the folder of its tables, ports and environment."""

    home: Path
    rest_port: int
    grpc_port: int
    log: Path
    environment: Mapping[str, str]

    @property
    def rest_endpoint(self) -> str:
        """Address of the REST API."""
        return f"http://{LOOPBACK}:{self.rest_port}"

    @property
    def grpc_endpoint(self) -> str:
        """`host:port` of the Storage Write API."""
        return f"{LOOPBACK}:{self.grpc_port}"

    def start(self) -> subprocess.Popen[bytes]:
        """Start the mended emulator on its folder; rows outlive it, write streams do not."""
        self.home.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "sandbox.platform.emulator", "--project", PROJECT]
        command += ["--rest-port", str(self.rest_port), "--grpc-port", str(self.grpc_port)]
        return spawn([*command, "--data-dir", str(self.home)], self.log, self.environment)

    def answers(self) -> bool:
        """Whether REST answers and gRPC listens."""
        return answers(self.rest_endpoint, self.grpc_endpoint, 0.5)


def answers(rest_endpoint: str, grpc_endpoint: str, within: float) -> bool:
    """Whether REST answers and gRPC accepts a connection, each within so many seconds."""
    try:
        status, _ = _request(rest_endpoint, "GET", "/healthz", None, within)
        host, _, port = grpc_endpoint.rpartition(":")
        with socket.create_connection((host, int(port)), within):
            return status == 200
    except (OSError, http.client.HTTPException):
        return False


def create_dataset(rest_endpoint: str, log: Path) -> None:
    """Create the dataset unless it exists. Raises DidNotStart if the emulator refuses."""
    body = {"datasetReference": {"projectId": PROJECT, "datasetId": DATASET}, "location": "US"}
    status, answer = _request(rest_endpoint, "POST", f"/bigquery/v2/projects/{PROJECT}/datasets", body, 10)
    if status not in (200, 409):
        raise DidNotStart(f"dataset {DATASET} could not be created ({status} {answer[:200]}); {tail(log)}")


def _request(endpoint: str, method: str, path: str, body: object, within: float) -> tuple[int, str]:
    connection = http.client.HTTPConnection(endpoint.removeprefix("http://"), timeout=within)
    try:
        payload = None if body is None else json.dumps(body)
        connection.request(method, path, payload, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")
    finally:
        connection.close()
