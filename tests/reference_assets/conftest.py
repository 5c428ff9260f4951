import os
from collections.abc import Iterator

import pytest

from assets.warehouse.client import connect
from assets.warehouse.migrate import migrate
from sandbox.platform.bigquery import PROJECT, EmulatorNode
from sandbox.platform.processes import await_ready, free_ports, stop


@pytest.fixture(scope="session")
def emulator_node(tmp_path_factory) -> Iterator[EmulatorNode]:
    """The emulator alone: batch loads need no Kafka."""
    home, (rest, grpc) = tmp_path_factory.mktemp("reference"), free_ports(2)
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}  # noqa: TID251 - what a shell would hand the emulator
    node = EmulatorNode(home / "tables", rest, grpc, home / "emulator.log", environment)
    process = node.start()
    try:
        await_ready(process, node.log, node.answers, "the emulator", 60)
        yield node
    finally:
        stop(process, 5)


@pytest.fixture(scope="session")
def client(emulator_node):
    return connect(PROJECT, emulator_node.rest_endpoint)


@pytest.fixture
def dataset(client, request):
    name = f"d_{abs(hash(request.node.name))}"
    migrate(client, client.project, name, lambda _: None)
    yield name
    client.delete_dataset(name, delete_contents=True)
