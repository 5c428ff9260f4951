"""Replays as Dagster runs them: one run a day, without the live table's checks, and what a run says."""

from collections.abc import Mapping
from datetime import date, timedelta

import dagster as dg  # noqa: TID251  # what is tested is Dagster's view
import pytest
from dagster._core.definitions.automation_tick_evaluation_context import (  # noqa: TID251  # how the daemon cuts backfills
    build_run_requests_with_backfill_policies,
)
from dagster._core.definitions.events import AssetKeyPartitionKey  # noqa: TID251  # as above
from landed_day import YESTERDAY, landed_day

from assets.payments.asset import BATCH_WRITES, payments_corrections
from assets.payments.replay.asset import payments
from orchestration.checks.freshness import PAYMENTS_FRESHNESS
from orchestration.definitions import build
from orchestration.resources import WarehouseResource
from streaming.settings import Settings

pytestmark = pytest.mark.integration  # Dagster itself, which takes a second to import

KEY = dg.AssetKey("payments")
DAYS = [(YESTERDAY - timedelta(days=ago)).isoformat() for ago in (2, 1, 0)]


class Member(dg.ConfigurableResource):
    """Stands for the resource `stream`."""

    given: Mapping[str, str]

    def environment(self):
        return dict(self.given)


@pytest.fixture(scope="module")
def definitions():
    return build(Settings(bigquery_project="p"))


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def test_payments_can_be_materialized_a_day_at_a_time(definitions):
    node = definitions.resolve_asset_graph().get(KEY)
    assert node.is_executable
    assert node.backfill_policy.max_partitions_per_run == 1
    assert node.freshness_policy == PAYMENTS_FRESHNESS
    assert node.pools == {BATCH_WRITES}, "one writer of superseding rows at a time"
    assert payments_corrections.op.pool == BATCH_WRITES


def test_a_backfill_of_three_days_is_three_runs(definitions, instance):
    wanted = [AssetKeyPartitionKey(KEY, day) for day in DAYS]
    requests = build_run_requests_with_backfill_policies(wanted, definitions.resolve_asset_graph(), instance)
    assert all(request.asset_selection == [KEY] for request in requests)
    ends = [[request.tags[f"dagster/asset_partition_range_{end}"] for end in ("start", "end")] for request in requests]
    assert sorted(ends) == [[day, day] for day in DAYS]


def test_the_job_replays_and_checks_nothing(definitions):
    job = definitions.resolve_job_def("payments_replay")
    assert {node.name for node in job.nodes} == {"payments"}
    assert job.partitions_def is not None


def test_jobs_of_checks_do_not_replay(definitions):
    for name in ("hourly_checks", "daily_checks"):
        assert not definitions.resolve_job_def(name).asset_layer.executable_asset_keys


def run(world, instance, day: date | None = YESTERDAY, tags=(), **config):
    own = world.settings
    warehouse = WarehouseResource(
        project=own.bigquery_project,
        dataset=own.bigquery_dataset,
        rest_endpoint=own.bigquery_rest_endpoint,
        grpc_endpoint=own.bigquery_grpc_endpoint,
    )
    return dg.materialize(
        [payments(PAYMENTS_FRESHNESS)],
        partition_key=day and day.isoformat(),
        resources={"warehouse": warehouse, "stream": Member(given=world.environment)},
        run_config={"ops": {"payments": {"config": config}}},
        instance=instance,
        raise_on_error=False,
        tags=dict(tags),
    )


def failure(result):
    (event,) = result.get_step_failure_events()
    return event.event_specific_data.user_failure_data


def test_runs_of_days_say_what_they_found(replay_platform, client, instance):
    with landed_day(replay_platform, client) as world:
        ran = run(world, instance)
        assert ran.success
        (made,) = ran.asset_materializations_for_node("payments")
        told = {name: value.value for name, value in made.metadata.items()}
        assert told["replay_id"] == f"replay-{ran.run_id}"
        assert (told["identical"], told["unexplained"]) == (told["dagster/partition_row_count"], 0)
        assert told["manifest"]["business_date"] == YESTERDAY.isoformat() == made.partition
        assert told["examples"] == "none"

        of_backfill = {f"dagster/asset_partition_range_{end}": YESTERDAY.isoformat() for end in ("start", "end")}
        ran = run(world, instance, None, of_backfill, source="landing")
        assert [m.partition for m in ran.asset_materializations_for_node("payments")] == [YESTERDAY.isoformat()]

        world.ask(f"UPDATE LANDING SET country = 'FR' WHERE business_date = DATE '{YESTERDAY}' AND kafka_offset = 22")
        assert run(world, instance, source="landing").success  # it makes the rows of what is landed
        said = failure(run(world, instance))
        assert said.description == f"{YESTERDAY}: unexplained differences: 2, see the examples"
        assert "| `country` differs | 2 |" in said.metadata["difference"].value
        assert "country FR → DE" in said.metadata["examples"].value

        refused = failure(run(world, instance, merchants_version="m-9", source="landing"))
        assert refused.description.startswith("version m-9 of merchants was never published")
        wrong = failure(run(world, instance, fx_as_known_at="yesterday"))
        assert wrong.description.startswith("fx_as_known_at must be a time like")
