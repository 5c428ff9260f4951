"""Code server, webserver and daemon as detached processes: they outlive the command, and the stream outlives them.

Started side by side they answer after about half the time that `dagster dev` takes, which starts them one by one.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final
from urllib.error import URLError
from urllib.request import Request, urlopen

from orchestration.ui import databases
from orchestration.ui.home import LOOPBACK, Home, replace
from sandbox.platform.processes import free_ports, is_alive, is_free, require_free, started_at, tail
from streaming.settings import PREFIX

NAMES: Final = ("code-server", "webserver", "daemon")
READY_S: Final = 120.0
"""Ten times what they take on two quiet cores."""
STOP_S: Final = 10.0
"""A daemon lets its ticks end; then it is killed, which loses nothing: the next one goes on from its cursors."""
KILLED_S: Final = 5.0
"""The kernel needs milliseconds, on a machine that is busy a second."""

LOADED, LOADING = "LOADED", "LOADING"
_LOCATION: Final = """{ workspaceOrError { ... on Workspace { locationEntries {
  loadStatus locationOrLoadError { ... on PythonError { message errorChain { error { message } } } } } } } }"""

Say = Callable[[str], None]


class DidNotServe(Exception):
    """A process ended or did not answer in time. One line with the end of its log."""


@dataclass(frozen=True, slots=True)
class Server:
    """One process and the port it listens on; the daemon has none (0)."""

    pid: int
    started: float
    """Seconds since the epoch: tells a pid that was used again."""
    port: int

    @property
    def alive(self) -> bool:
        """Whether this very process runs."""
        return is_alive(self.pid, self.started)


def found(home: Home) -> dict[str, Server]:
    """The processes of this home as last written, dead ones too; none if there is no file."""
    try:
        document = json.loads(home.facts.read_text())
        return {name: Server(**facts) for name, facts in document.items() if name in NAMES}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def address(servers: Mapping[str, Server]) -> str:
    """Where the pages are; empty while no webserver runs."""
    web = servers.get("webserver")
    return f"http://{LOOPBACK}:{web.port}" if web is not None and web.alive else ""


def start(home: Home, environment: Mapping[str, str], say: Say, port: int | None = None) -> dict[str, Server]:
    """Start what does not run and wait until the pages answer. Raises DidNotServe, PortTaken.

    `environment` is a whole process environment, with the TIDEMARK_* variables of the platform.
    """
    known = found(home)
    if all(name in known and known[name].alive for name in NAMES):
        return known
    servers = launch(home, environment, port)
    await_pages(home, servers, say)
    return servers


def launch(home: Home, environment: Mapping[str, str], port: int | None = None) -> dict[str, Server]:
    """Start what does not run, and wait for nothing but the databases of a new home. Safe in a thread beside the
    platform's start. Raises DidNotServe, PortTaken, OSError."""
    with home.alone():
        servers = found(home)
        ports = _ports(servers, port)
        home.prepare(ports["code-server"])
        own = {"DAGSTER_HOME": str(home.folder), f"{PREFIX}STATE_DIR": str(home.state.absolute())}
        whole = {**environment, **own, "PYTHONUNBUFFERED": "1"}
        try:
            databases.prepare(home, whole)
        except databases.NoDatabases as error:
            raise DidNotServe(str(error)) from None
        for name in NAMES:
            if name not in servers or not servers[name].alive:
                servers[name] = _spawn(home, name, ports, whole)
                replace(home.facts, json.dumps({name: asdict(server) for name, server in servers.items()}))
        return servers


def _ports(known: Mapping[str, Server], wanted: int | None) -> dict[str, int]:
    """A process that runs keeps its port; one that is started again takes its old one if nobody has it."""
    spare = free_ports(2)
    ports = {"daemon": 0}
    for name, free in zip(("code-server", "webserver"), spare, strict=True):
        old = known.get(name)
        keeps = old is not None and (old.alive or is_free(old.port))
        ports[name] = old.port if old is not None and keeps else free
    web = known.get("webserver")
    if wanted is not None and not (web is not None and web.alive):
        ports["webserver"] = require_free(wanted, "--port")
    return ports


def _spawn(home: Home, name: str, ports: Mapping[str, int], environment: Mapping[str, str]) -> Server:
    port, workspace = str(ports[name]), str(home.workspace)
    command = {
        "code-server": ["-m", "dagster", "code-server", "start", "-h", LOOPBACK, "-p", port,
                        "-m", "orchestration.definitions", "--use-python-environment-entry-point"],
        "webserver": ["-m", "dagster_webserver", "-h", LOOPBACK, "-p", port, "-w", workspace],
        "daemon": ["-m", "dagster._daemon", "run", "-w", workspace],
    }[name]  # fmt: skip
    home.log(name).parent.mkdir(parents=True, exist_ok=True)
    with home.log(name).open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, *command], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            env=dict(environment), start_new_session=True,  # where the caller stands: settings may be relative paths
        )  # fmt: skip
    return Server(process.pid, started_at(process.pid), ports[name])


def await_pages(home: Home, servers: Mapping[str, Server], say: Say) -> None:
    """Wait until the pages show our code. Raises DidNotServe."""
    began = time.monotonic()
    say("waiting for Dagster: code server, webserver, daemon")
    while (state := _location(servers["webserver"].port)) != LOADED:
        dead = next((name for name, server in servers.items() if not server.alive), None)
        if dead is not None:
            raise DidNotServe(f"Dagster's {dead} ended while starting; {tail(home.log(dead))}")
        if state not in ("", LOADING):
            raise DidNotServe(f"Dagster cannot load Tidemark: {state}; see {home.log('code-server')}")
        if time.monotonic() - began > READY_S:
            raise DidNotServe(f"Dagster did not load Tidemark within {READY_S:.0f} s; {tail(home.log('code-server'))}")
        time.sleep(0.1)
    say(f"Dagster up at {address(servers)} ({time.monotonic() - began:.1f} s)")


def _location(port: int) -> str:
    """What the pages say of our code: LOADED, LOADING, an error's first line, or nothing while they do not answer."""
    request = Request(f"http://{LOOPBACK}:{port}/graphql", json.dumps({"query": _LOCATION}).encode())
    request.add_header("Content-Type", "application/json")
    try:
        with urlopen(request, timeout=5.0) as answer:
            entries = json.loads(answer.read())["data"]["workspaceOrError"]["locationEntries"]
    except (URLError, OSError, ValueError, KeyError, TypeError):
        return ""
    states = [_state_of(entry) for entry in entries]
    return states[0] if states else LOADING


def _state_of(entry: Any) -> str:
    error = entry["locationOrLoadError"] or {}
    if "UserCodeUnreachable" in error.get("message", ""):
        return LOADING  # the webserver was quicker than the code server, and asks again by itself
    messages = [error.get("message"), *(link["error"]["message"] for link in error.get("errorChain", []))]
    return str(messages[-1]).strip().splitlines()[0] if messages[-1] else str(entry["loadStatus"])


def stop(home: Home, patience_s: float = STOP_S) -> list[str]:
    """End what runs; returns the names that ran. The stream is no child of theirs and goes on."""
    if not home.folder.exists():
        return []
    with home.alone():
        running = {name: server for name, server in found(home).items() if server.alive}
        for server in running.values():
            _signal(server, signal.SIGTERM)
        _await_end(running.values(), patience_s)
        for server in running.values():
            _signal(server, signal.SIGKILL)  # with the processes that a session may have left
        _await_end(running.values(), KILLED_S)
        home.facts.unlink(missing_ok=True)
        return [name for name in NAMES if name in running]


def _await_end(running: Collection[Server], patience_s: float) -> None:
    deadline = time.monotonic() + patience_s
    while any(server.alive for server in running) and time.monotonic() < deadline:
        time.sleep(0.05)


def _signal(server: Server, number: int) -> None:
    """To the whole session: a run's process or the code server's own children belong to it."""
    try:
        os.killpg(server.pid, number)
    except (ProcessLookupError, PermissionError):
        return


def logs(home: Home) -> list[Path]:
    """Their log files that exist."""
    return [path for name in NAMES if (path := home.log(name)).exists()]
