"""One real platform for all contract tests of a session; only integration tests ask for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.platform.instance import RunningPlatform, running


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    state: Path = tmp_path_factory.mktemp("contracts") / "platform"
    with running(state) as facts:
        yield facts


@pytest.fixture(scope="session")
def kafka_bootstrap(platform: RunningPlatform) -> str:
    return platform.bootstrap_servers
