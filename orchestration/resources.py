"""What assets, sensors and jobs are handed: where the stream lives, and where the warehouse is."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from dagster import ConfigurableResource
from pydantic import Field

from orchestration.errors import UserError
from orchestration.target import refuse_contradiction
from streaming.settings import PREFIX, Settings

if TYPE_CHECKING:
    from google.cloud.bigquery import Client


class StreamResource(ConfigurableResource):  # type: ignore[type-arg]  # Dagster's parameter is for IO managers
    """The members of the consumer group on this machine, or those that are observed."""

    state_dir: str = Field(description="Folder of heartbeats, leases, logs and the desired state.")
    members: int = Field(default=1, description="Members to start, or to expect where they are only observed.")
    observe_only: bool = Field(default=False, description="Somebody else starts and ends the members: a cluster.")

    def environment(self) -> dict[str, str]:
        """Return the environment to start a member with: this process's, and a sandbox instance's if one lives here.

        Raises UserError if that instance is down, or this process's environment names another project.
        """
        from sandbox.platform.instance import PlatformDown, load

        state = Path(self.state_dir)
        own = {**os.environ, f"{PREFIX}STATE_DIR": str(state.absolute())}
        if not (state / "platform.json").exists():
            return own
        try:
            local = load(state)
        except PlatformDown as error:
            raise UserError(str(error)) from None
        refuse_contradiction(own, _where(local.environment()), state)
        return own | local.environment()


def _where(instance: Mapping[str, str]) -> dict[str, str]:
    """Which warehouse it is; ports of a sandbox may change with each start, its project does not."""
    return {name: instance[name] for name in (f"{PREFIX}BIGQUERY_PROJECT",)}


class WarehouseResource(ConfigurableResource):  # type: ignore[type-arg]  # as above
    """BigQuery: the real service through dagster-gcp's resource, or an emulator by its endpoints."""

    project: str
    dataset: str = "payments"
    rest_endpoint: str = Field(default="", description="REST endpoint of an emulator; empty for the real service.")
    grpc_endpoint: str = Field(default="", description="gRPC endpoint of an emulator; empty for the real service.")

    reporting_currency: str = Field(default="EUR", description="ISO 4217 code of the reporting amounts.")
    settle_after_days: int = Field(default=2, description="Whole days before today that payments reads from landing.")
    max_past_days: int = Field(default=30, description="How many days late a payment may be when it reaches Kafka.")

    def settings(self) -> Settings:
        """Return the settings of the stream's own adapters for this warehouse."""
        return Settings(
            bigquery_project=self.project,
            bigquery_dataset=self.dataset,
            bigquery_rest_endpoint=self.rest_endpoint,
            bigquery_grpc_endpoint=self.grpc_endpoint,
            reporting_currency=self.reporting_currency,
            max_past_days=self.max_past_days,
        )

    def client(self) -> "Client":
        """Return a client; Google's packages are imported only now. Raises NotAnswering without credentials."""
        from assets.warehouse.client import connect

        return connect(self.project, self.rest_endpoint) if self.rest_endpoint else _cloud_client(self.project)


def _cloud_client(project: str) -> "Client":
    """The client of dagster-gcp's resource, by application default credentials, as the stream's members have them.

    The resource's own `gcp_credentials` would put the key into a file and another identity into this process's
    environment. It has no time limits: each call brings its own. Its import costs more than twice what loading
    all of the code location does, so only a caller pays.
    """
    from dagster_gcp import BigQueryResource
    from google.auth.exceptions import GoogleAuthError

    from assets.warehouse.client import NotAnswering
    from streaming.adapters.bigquery_clients import no_credentials

    try:
        with BigQueryResource(project=project).get_client() as client:
            return client
    except GoogleAuthError as error:
        raise NotAnswering(no_credentials(error)) from None
