import pytest

from assets.payments.pending_bigquery import BigQueryBatchWarehouse
from assets.warehouse.client import connect
from assets.warehouse.migrate import migrate
from streaming.settings import Settings


@pytest.fixture(scope="session")
def client(shared_platform):
    return connect(shared_platform.project, shared_platform.rest_endpoint)


@pytest.fixture
def redrive_environment(shared_platform, client, request):
    """The environment for a dataset of the test's own."""
    dataset = f"d_{abs(hash(request.node.nodeid))}"
    migrate(client, shared_platform.project, dataset, lambda _: None)
    yield shared_platform.environment() | {"TIDEMARK_BIGQUERY_DATASET": dataset}
    client.delete_dataset(dataset, delete_contents=True)


@pytest.fixture
def batch_warehouse(client, redrive_environment):
    made = BigQueryBatchWarehouse(client, Settings.from_environment(redrive_environment))
    yield made
    made.close()
