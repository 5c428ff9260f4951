from collections.abc import Iterator

import pytest

from assets.warehouse.client import connect


@pytest.fixture(scope="session")
def warehouse_platform(tmp_path_factory) -> Iterator:
    from sandbox.platform.instance import running

    with running(tmp_path_factory.mktemp("warehouse") / "platform", say=lambda _: None) as facts:
        yield facts


@pytest.fixture(scope="session")
def client(warehouse_platform):
    return connect(warehouse_platform.project, warehouse_platform.rest_endpoint)
