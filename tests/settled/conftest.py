from dataclasses import replace

import pytest

from assets.warehouse.client import connect
from assets.warehouse.migrate import migrate


@pytest.fixture(scope="session")
def settled_platform(shared_platform):
    """The platform with a dataset of the folder's own, migrated."""
    facts = replace(shared_platform, dataset="settled")
    migrate(connect(facts.project, facts.rest_endpoint), facts.project, facts.dataset, lambda _: None)
    return facts


@pytest.fixture
def emulated(settled_platform, request):
    """A client, and a dataset of the test's own."""
    client = connect(settled_platform.project, settled_platform.rest_endpoint)
    dataset = f"d_{abs(hash(request.node.nodeid))}"
    migrate(client, settled_platform.project, dataset, lambda _: None)
    yield client, dataset
    client.delete_dataset(dataset, delete_contents=True)
