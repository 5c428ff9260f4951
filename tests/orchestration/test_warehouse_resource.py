"""The warehouse that assets are handed: an emulator by its endpoint, the real service by dagster-gcp's resource."""

import json
import os
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from assets.warehouse.client import NotAnswering
from orchestration import resources
from orchestration.resources import WarehouseResource

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]  # Google's packages take seconds to import

HEAVY = ("google.cloud.bigquery", "dagster_gcp", "confluent_kafka", "pandas")


@pytest.fixture(scope="module")
def account(tmp_path_factory):
    """A service account's key that nobody ever heard of."""
    key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path_factory.mktemp("account") / "account.json"
    content = {"type": "service_account", "project_id": "other", "private_key_id": "1", "private_key": key.decode()}
    content |= {"client_email": "reader@bank.example", "token_uri": "https://127.0.0.1:1/token"}
    path.write_text(json.dumps(content))
    return path


def test_the_real_service_is_reached_by_dagster_gcps_resource_and_default_credentials(account, monkeypatch):
    from dagster_gcp import BigQueryResource

    made = []
    honest = BigQueryResource.get_client
    monkeypatch.setattr(BigQueryResource, "get_client", lambda self: made.append(self.project) or honest(self))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(account))
    client = WarehouseResource(project="bank").client()
    assert (client.project, made) == ("bank", ["bank"])
    assert client._credentials.service_account_email == "reader@bank.example"
    assert client._connection.API_BASE_URL == "https://bigquery.googleapis.com"


def test_an_emulator_is_spoken_to_anonymously_and_without_dagster_gcp(monkeypatch):
    monkeypatch.setattr(resources, "_cloud_client", lambda project: pytest.fail("the real service"))
    client = WarehouseResource(project="p", rest_endpoint="http://127.0.0.1:1").client()
    assert client._connection.API_BASE_URL == "http://127.0.0.1:1"


@pytest.mark.parametrize("content", [None, "{"], ids=["missing", "no JSON"])
def test_credentials_of_no_use_are_one_line(content, tmp_path, monkeypatch):
    path = tmp_path / "account.json"
    if content is not None:
        path.write_text(content)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")  # nobody asks the network who we are
    with pytest.raises(NotAnswering) as caught:
        WarehouseResource(project="bank").client()
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_the_code_location_loads_without_them():
    code = f"import sys, orchestration.definitions\nprint([name for name in {HEAVY} if name in sys.modules])"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TIDEMARK_")}  # noqa: TID251
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert ran.stdout == "[]\n", ran.stderr
