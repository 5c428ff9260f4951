from collections.abc import Iterator

import pytest

from assets.warehouse.client import connect


@pytest.fixture(scope="session")
def replay_platform(tmp_path_factory) -> Iterator:
    """One broker and emulator for the folder."""
    from sandbox.platform.instance import running

    with running(tmp_path_factory.mktemp("replay") / "platform", partitions=2, say=lambda _: None) as facts:
        yield facts


@pytest.fixture(scope="session")
def client(replay_platform):
    return connect(replay_platform.project, replay_platform.rest_endpoint)
