"""What Dagster loads: assets, checks, the stream's supervisor, schedules. `tidemark ui` serves this module."""

import os
from typing import Any, Final

import dagster as dg

from assets.cost.asset import cost_projection
from assets.fx.asset import fx_rates
from assets.merchants.asset import merchants
from assets.payments.asset import (
    kafka_payments,
    payments_corrections,
    payments_daily,
    payments_quarantine,
    payments_settled,
)
from assets.payments.replay.asset import payments, replay_job
from orchestration.checks.definitions import asset_checks
from orchestration.checks.freshness import PAYMENTS_FRESHNESS
from orchestration.checks.second_reader import second_reader
from orchestration.checks.three_ways import three_way_ledger
from orchestration.resources import StreamResource, WarehouseResource
from orchestration.schedules import definitions as timed
from orchestration.schedules.waiting import waiting_schedules, waiting_sensors
from orchestration.sources import fx_source, fx_until, merchant_source
from orchestration.supervision.checks import stream_checks
from orchestration.supervision.jobs import stream_start, stream_stop
from orchestration.supervision.sensor import stream_supervisor
from streaming.settings import Settings

TIMED: Final = timed.ASSETS
"""Assets that the clock or a new version starts."""


@dg.resource(description="The merchants as the source leaves them: a file a day, or the sandbox's world.")
def merchants_of_a_day(_: dg.InitResourceContext) -> Any:
    """Made when a run needs it: a setting that is missing stops that run alone."""
    return merchant_source(Settings.from_environment(os.environ))


@dg.resource(description="FX rates: the ECB's feed, its bundled history, or the sandbox's world.")
def rates_of_days(_: dg.InitResourceContext) -> Any:
    """As above."""
    return fx_source(Settings.from_environment(os.environ))


def build(settings: Settings) -> dg.Definitions:
    """Everything, on the platform that the settings name."""
    delivered = second_reader(settings)
    schedules, sensors = timed.schedules(assets=TIMED), timed.sensors(assets=TIMED, fx_until=lambda: fx_until(settings))
    if settings.schedules == "off":  # never the stream's supervisor
        schedules, sensors = waiting_schedules(schedules), waiting_sensors(sensors)
    return dg.Definitions(
        assets=[
            kafka_payments,
            merchants,
            fx_rates,
            payments(PAYMENTS_FRESHNESS),
            payments_quarantine,
            payments_corrections,
            payments_daily,
            payments_settled,
            cost_projection,
        ],
        asset_checks=[stream_checks, three_way_ledger(), *asset_checks(delivered=delivered)],
        jobs=[stream_start, stream_stop, replay_job, *timed.jobs(delivered=delivered, assets=TIMED)],
        schedules=schedules,
        sensors=[stream_supervisor, *sensors],
        executor=dg.in_process_executor,  # a process for each step of a run imports all of it again: seconds a check
        resources={
            "warehouse": WarehouseResource(
                project=settings.bigquery_project,
                dataset=settings.bigquery_dataset,
                rest_endpoint=settings.bigquery_rest_endpoint,
                grpc_endpoint=settings.bigquery_grpc_endpoint,
                reporting_currency=settings.reporting_currency,
                settle_after_days=settings.settle_after_days,
                max_past_days=settings.max_past_days,
            ),
            "stream": StreamResource(
                state_dir=settings.state_dir,
                members=settings.members,
                observe_only=settings.observe_only == "yes",
            ),
            "merchant_source": merchants_of_a_day,
            "fx_source": rates_of_days,
        },
    )


defs = build(Settings.from_environment(os.environ))
