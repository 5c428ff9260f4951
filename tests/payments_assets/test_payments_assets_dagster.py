"""The assets as Dagster runs them: wired to the warehouse, and they say what they did."""

import re

import dagster as dg  # noqa: TID251 - what is tested is Dagster's view
import pytest
from correction_world import PUBLISHED, merchants, rates

from assets.payments.asset import payments_corrections
from assets.warehouse.publish import publish_fx_rates, publish_merchants
from orchestration.resources import WarehouseResource

pytestmark = pytest.mark.integration


def corrected(batch_settings, **more):
    warehouse = WarehouseResource(
        project=batch_settings.bigquery_project,
        dataset=batch_settings.bigquery_dataset,
        rest_endpoint=batch_settings.bigquery_rest_endpoint,
        grpc_endpoint=batch_settings.bigquery_grpc_endpoint,
    )
    return dg.materialize(
        [payments_corrections],
        resources={"warehouse": warehouse},
        run_config={"ops": {"payments_corrections": {"config": {"days": 2}}}},
        instance=dg.DagsterInstance.ephemeral(),
        **more,
    )


def test_corrections_of_a_day_without_payments(client, batch_settings):
    dataset = batch_settings.bigquery_dataset
    publish_merchants(client, dataset, merchants("m1"), "m1", PUBLISHED)
    publish_fx_rates(client, dataset, rates("1.0000"), "f1", PUBLISHED)
    ran = corrected(batch_settings)
    assert ran.success
    metadata = ran.asset_materializations_for_node("payments_corrections")[0].metadata
    assert metadata["rows_appended"].value == 0
    assert metadata["days_touched"].value == "none"


def test_days_that_cannot_be_corrected_fail_the_run_by_name(client, batch_settings):
    dataset = batch_settings.bigquery_dataset
    publish_merchants(client, dataset, merchants("m1"), "m1", PUBLISHED)
    publish_fx_rates(client, dataset, rates("1.0000"), "f1", PUBLISHED)
    client.query(f"DROP TABLE `{dataset}.payments_landing`").result()
    ran = corrected(batch_settings, raise_on_error=False)
    assert not ran.success
    (failure,) = [event for event in ran.all_events if event.event_type_value == "STEP_FAILURE"]
    said = failure.step_failure_data.user_failure_data
    assert said.description.startswith("not corrected: ")
    assert len(re.findall(r"\d{4}-\d\d-\d\d: read landing rows: ", said.description)) == 2
    assert said.description.count("payments_landing") == 2
    assert said.metadata["days_touched"].value == "none"
