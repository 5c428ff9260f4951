"""A platform and Dagster beside it, started together: on two cores that costs little more than the platform alone."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from orchestration.ui import servers
from orchestration.ui.home import Home
from sandbox.platform import supervisor
from sandbox.platform.instance import PlatformFacts, Ports, foreseen
from sandbox.platform.processes import require_free

Running = dict[str, servers.Server]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to start."""

    state: Path
    topic: str
    partitions: int
    ports: Ports
    ui_port: int | None = None
    with_ui: bool = True


def start(
    wanted: Wanted, environment: Mapping[str, str], say: Callable[[str], None]
) -> tuple[PlatformFacts, bool, str | None]:
    """Start what does not run and wait until all of it answers.

    Returns the platform's facts, whether this call started it, and the address of Dagster's pages; None without them.
    `environment` is this process's own. Raises CouldNotStart, PortTaken, DidNotServe, OSError.
    """
    if not wanted.with_ui:
        return *_platform(wanted, wanted.ports, say), None
    home = Home(wanted.state)
    if wanted.ui_port is not None and not servers.address(servers.found(home)):
        require_free(wanted.ui_port, "--ui-port")
    if supervisor.is_held(wanted.state):
        facts, started = _platform(wanted, wanted.ports, say)
        running = servers.start(home, {**environment, **facts.environment()}, say, wanted.ui_port)
        return facts, started, servers.address(running)
    return _both(wanted, home, environment, say)


def _both(
    wanted: Wanted, home: Home, environment: Mapping[str, str], say: Callable[[str], None]
) -> tuple[PlatformFacts, bool, str | None]:
    """Side by side: what the platform's addresses will be is settled first."""
    ports = wanted.ports.settled()
    servers.stop(home)  # one that outlived its platform knows the addresses of that one
    whole = {**environment, **foreseen(wanted.state, wanted.topic, ports)}
    with ThreadPoolExecutor(1, thread_name_prefix="dagster") as pool:
        launched: Future[Running] = pool.submit(servers.launch, home, whole, wanted.ui_port)
        try:
            facts, started = _platform(wanted, ports, say)
        except BaseException:  # also Ctrl-C: Dagster without its platform is of no use to anybody
            launched.exception()
            servers.stop(home, 0.0)
            raise
    running = launched.result()
    servers.await_pages(home, running, say)
    return facts, started, servers.address(running)


def _platform(wanted: Wanted, ports: Ports, say: Callable[[str], None]) -> tuple[PlatformFacts, bool]:
    options = ["--topic", wanted.topic, "--partitions", str(wanted.partitions), *ports.options()]
    return supervisor.up(wanted.state, options, say)
