import pytest

from assets.warehouse.client import connect


@pytest.fixture(scope="session")
def client(shared_platform):
    return connect(shared_platform.project, shared_platform.rest_endpoint)
