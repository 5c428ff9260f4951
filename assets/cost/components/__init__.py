"""What each choice of a bill uses, in units that somebody sells. A choice is one function: a month in, uses out."""

from collections.abc import Iterator, Mapping
from typing import Final

from assets.cost.components import (
    bigquery,
    bigquery_slots,
    clickhouse,
    dataflow,
    flink,
    kafka_confluent,
    kafka_google,
    kafka_self_run,
    kafka_streams,
    network,
    observability,
    orchestration,
    snowflake,
    spark,
    tidemark,
)
from assets.cost.lines import Month, Use, Uses

KAFKA: Final[Mapping[str, Uses]] = {
    "google": kafka_google.uses,
    "confluent-standard": kafka_confluent.standard,
    "confluent-enterprise": kafka_confluent.enterprise,
    "self-run": kafka_self_run.uses,
}
ENGINES: Final[Mapping[str, Uses]] = {
    "tidemark-gke": tidemark.gke,
    "tidemark-cloud-run": tidemark.cloud_run,
    "tidemark-vm": tidemark.vm,
    "spark-dataproc": spark.dataproc,
    "spark-dataproc-serverless": spark.serverless,
    "flink-self-run": flink.self_run,
    "flink-managed": flink.managed,
    "flink-confluent": flink.confluent,
    "kafka-streams-gke": kafka_streams.gke,
    "dataflow": dataflow.uses,
}
BIGQUERY: Final[Mapping[str, Uses]] = {
    "on-demand": bigquery.uses,
    "slots": bigquery_slots.uses,
}
"""By how its queries are paid."""
WAREHOUSES: Final[Mapping[str, Uses]] = {
    "bigquery": lambda month: BIGQUERY[month.scenario.queries](month),
    "snowflake": snowflake.uses,
    "clickhouse": clickhouse.uses,
}


def uses(month: Month) -> Iterator[Use]:
    """Everything that a month of the scenario uses, each once."""
    choice = month.scenario
    yield from KAFKA[choice.kafka](month)
    yield from ENGINES[choice.engine](month)
    yield from WAREHOUSES[choice.warehouse](month)
    yield from orchestration.uses(month)
    yield from observability.uses(month)
    yield from network.uses(month)
