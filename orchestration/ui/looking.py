"""What runs of Dagster beside a platform, for `tidemark status` and whoever asks what it costs."""

import contextlib
from collections.abc import Mapping
from typing import Any, Final
from urllib.error import URLError
from urllib.request import urlopen

import psutil

from orchestration.ui.home import LOOPBACK, Home
from orchestration.ui.servers import NAMES, Server, address, found

ANSWERS_S: Final = 2.0
"""A page that takes longer is of no use to anybody; as for Kafka and the emulator."""


def look(home: Home) -> dict[str, Any]:
    """`{"state", "address", "servers": {name: {"state", "pid", "port"}}}`; states: up, unresponsive, dead, down.

    The whole is up while all three are; `starting` until the pages answer for the first time is `unresponsive` too.
    """
    servers = found(home)
    states = {name: _state(name, servers.get(name)) for name in NAMES}
    document = {
        name: {"state": states[name], "pid": server.pid, "port": server.port or None}
        for name in NAMES
        if (server := servers.get(name)) is not None
    }
    return {"state": _of_all(states), "address": address(servers) or None, "servers": document}


def _state(name: str, server: Server | None) -> str:
    if server is None:
        return "down"
    if not server.alive:
        return "dead"
    return "up" if name != "webserver" or _answers(server.port) else "unresponsive"


def _of_all(states: Mapping[str, str]) -> str:
    """The worst of them: a dead one outweighs one that is slow; down is the whole only."""
    found = set(states.values())
    if found == {"down"}:
        return "down"
    return next(state for state in ("dead", "down", "unresponsive", "up") if state in found).replace("down", "dead")


def _answers(port: int) -> bool:
    try:
        with urlopen(f"http://{LOOPBACK}:{port}/server_info", timeout=ANSWERS_S) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def line(found: Mapping[str, Any], hint: str) -> str:
    """One line for people, as `tidemark status` has for the other parts; `hint` says how to start it."""
    if found["state"] == "down":
        return f"Dagster   {'down':13}{hint}"
    servers = found["servers"].items()
    each = ", ".join(
        f"{name} pid {server['pid']}{'' if server['state'] == 'up' else ' ' + server['state']}"
        for name, server in servers
    )
    mend = f"; {hint}" if found["state"] == "dead" else ""
    return f"Dagster   {found['state']:13}{found['address'] or 'no page'} {each}{mend}"


def resident_bytes(home: Home) -> dict[str, int]:
    """Resident memory of each process of Dagster with its children, bytes; without those that do not run."""
    memory = {}
    for name, server in found(home).items():
        if server.alive:
            with contextlib.suppress(psutil.Error):
                process = psutil.Process(server.pid)
                memory[name] = sum(_resident(each) for each in (process, *process.children(recursive=True)))
    return memory


def _resident(process: psutil.Process) -> int:
    with contextlib.suppress(psutil.Error):
        return int(process.memory_info().rss)
    return 0
