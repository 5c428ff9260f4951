import pytest
from audit_world import DuckReader, build


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    return build(tmp_path_factory.mktemp("ledger"), 1_000)


@pytest.fixture(scope="session")
def reader(world):
    return DuckReader(world)
