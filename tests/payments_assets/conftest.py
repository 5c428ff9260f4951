from dataclasses import replace

import pytest

from assets.payments.pending_bigquery import BigQueryBatchWarehouse
from assets.warehouse.client import connect
from assets.warehouse.migrate import migrate
from streaming.settings import Settings


@pytest.fixture(scope="session")
def payments_platform(shared_platform):
    """The platform with a dataset of the folder's own, migrated."""
    facts = replace(shared_platform, dataset="payments_assets")
    migrate(connect(facts.project, facts.rest_endpoint), facts.project, facts.dataset, lambda _: None)
    return facts


@pytest.fixture(scope="session")
def client(payments_platform):
    return connect(payments_platform.project, payments_platform.rest_endpoint)


@pytest.fixture
def batch_settings(payments_platform, client, request):
    """Settings of a dataset of the test's own."""
    dataset = f"d_{abs(hash(request.node.nodeid))}"
    migrate(client, payments_platform.project, dataset, lambda _: None)
    yield Settings.from_environment(payments_platform.environment() | {"TIDEMARK_BIGQUERY_DATASET": dataset})
    client.delete_dataset(dataset, delete_contents=True)


@pytest.fixture
def batch_warehouse(client, batch_settings):
    made = BigQueryBatchWarehouse(client, batch_settings)
    yield made
    made.close()
