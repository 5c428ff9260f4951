"""Orchestration: Dagster in pods of ours with its Postgres, Dagster+ with an agent of ours, or managed Airflow.

One of each process is enough: the stream goes on while all of Dagster is away, and what its clock missed is caught up
(docs/control-plane.md). So nothing here is bought twice for availability.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from assets.cost.components.autopilot import POD_LEAST_GIB, POD_STEP_VCPU
from assets.cost.lines import Month, Use, Uses
from assets.cost.units import DAYS_A_MONTH, GIB, HOURS_A_MONTH

WITH_A_CLUSTER: Final = frozenset({"tidemark-gke", "kafka-streams-gke", "flink-self-run", "flink-confluent"})
"""Engines that pay for an Autopilot cluster. Beside any other one Dagster has a machine of its own."""
RUNS_AT_ONCE: Final = 4
"""Runs that may be under way together (orchestration/ui/dagster.yaml, max_concurrent_runs)."""
CODE_VCPU: Final = Decimal("0.5")
"""The code server and its runs: they import, then wait for BigQuery. All of Dagster takes 0.07 cores (README.md)."""
MACHINE: Final = "e2-medium"
"""4 GiB for processes and four runs that take 2, and a core that may be busy all the time
(cloud.google.com/compute/docs/general-purpose-machines)."""
BOOT_DISK_GIB: Final = 10
POSTGRES_VCPU, POSTGRES_GIB = Decimal(1), Decimal("3.75")
"""The smallest instance with a core of its own (cloud.google.com/sql/docs/postgres/instance-settings): without a
standby. Its backups are left out: the book has no line for them."""
POSTGRES_LEAST_GIB: Final = Decimal(10)
"""Smallest storage of an instance (the same page)."""
COMPOSER_DCU: Final = Decimal(12)
"""Google's own example of an environment (the price book's note). Airflow needs no more for 76 runs a day."""
COMPOSER_GIB: Final = Decimal(10)
"""Its database, cleaned of old runs as Google advises: assumed."""


@dataclass(frozen=True)
class Pod:
    """A process and what it requests."""

    name: str
    vcpu: Decimal
    gib: Decimal


def uses(month: Month) -> Iterator[Use]:
    """What the scenario's orchestrator uses in a month."""
    for use in CHOICES[month.scenario.orchestration](month):
        yield replace(use, region=month.scenario.region)


def _dagster_oss(month: Month) -> Iterator[Use]:
    yield from _processes(month, _pods(month, ("webserver", "daemon")))
    yield from _postgres(month)


def _dagster_plus(month: Month) -> Iterator[Use]:
    """Its service keeps events and pages; code and data stay with us (hybrid), so nobody's machines see payments."""
    yield from _processes(month, _pods(month, ("agent",)))
    yield _use("plan", "Dagster+: Starter", "dagster_plus.starter", Decimal(1), "1 month, up to 3 users")
    a_day = month.drivers["dagster_credits_a_day"]
    yield _use("credits", "Dagster+: credits", "dagster_plus.credit.starter", a_day * DAYS_A_MONTH,
               f"{a_day} steps and materializations a day x {DAYS_A_MONTH:.2f} days; checks and what a sensor reports "
               "take none", "dagster_credits_a_day")  # fmt: skip


def _pods(month: Month, small: Sequence[str]) -> tuple[Pod, ...]:
    """Small processes take the smallest pod there is; the code server takes itself and its runs."""
    code = month.drivers["dagster_process_gib"] * (1 + RUNS_AT_ONCE)
    return (*(Pod(name, POD_STEP_VCPU, POD_LEAST_GIB) for name in small), Pod("code server", CODE_VCPU, code))


def _processes(month: Month, pods: Sequence[Pod]) -> Iterator[Use]:
    if month.scenario.engine not in WITH_A_CLUSTER:
        yield from _machine()
        return
    vcpu, gib = sum(pod.vcpu for pod in pods), sum((pod.gib for pod in pods), Decimal(0))
    names = ", ".join(f"{pod.name} {pod.vcpu} vCPU {pod.gib:.2f} GiB" for pod in pods)
    yield _use("pods_vcpu", "Dagster's pods: vCPU", "gcp.gke.autopilot.vcpu", vcpu * HOURS_A_MONTH,
               f"{names}: {vcpu} vCPU x {HOURS_A_MONTH} h")  # fmt: skip
    yield _use("pods_memory", "Dagster's pods: memory", "gcp.gke.autopilot.memory", gib * HOURS_A_MONTH,
               f"{names}; the code server with {RUNS_AT_ONCE} runs: {gib:.2f} GiB x {HOURS_A_MONTH} h",
               "dagster_process_gib")  # fmt: skip


def _machine() -> Iterator[Use]:
    yield _use("machine", f"Dagster's machine: {MACHINE}", f"gcp.gce.{MACHINE}", HOURS_A_MONTH,
               f"1 x {MACHINE} x {HOURS_A_MONTH} h")  # fmt: skip
    yield _use("disk", "Dagster's machine: boot disk", "gcp.pd.balanced", Decimal(BOOT_DISK_GIB),
               f"{BOOT_DISK_GIB} GiB")  # fmt: skip


def _postgres(month: Month) -> Iterator[Use]:
    yield _use("postgres_vcpu", "Dagster's Postgres: vCPU", "gcp.cloudsql.enterprise.vcpu",
               POSTGRES_VCPU * HOURS_A_MONTH, f"{POSTGRES_VCPU} vCPU, no standby, x {HOURS_A_MONTH} h")  # fmt: skip
    yield _use("postgres_memory", "Dagster's Postgres: memory", "gcp.cloudsql.enterprise.memory",
               POSTGRES_GIB * HOURS_A_MONTH, f"{POSTGRES_GIB} GiB x {HOURS_A_MONTH} h")  # fmt: skip
    days = (month.number - Decimal("0.5")) * DAYS_A_MONTH
    grown = month.drivers["dagster_bytes_a_day"] * days / GIB
    yield _use("postgres_storage", "Dagster's Postgres: storage", "gcp.cloudsql.ssd",
               max(POSTGRES_LEAST_GIB, grown),
               f"events are never deleted: {days:,.0f} days x {month.drivers['dagster_bytes_a_day']:,.0f} bytes = "
               f"{grown:,.1f} GiB, at least {POSTGRES_LEAST_GIB}", "dagster_bytes_a_day")  # fmt: skip


def _airflow(_: Month) -> Iterator[Use]:
    yield _use("environment", "Managed Airflow: environment", "gcp.composer3.dcu", COMPOSER_DCU * HOURS_A_MONTH,
               f"{COMPOSER_DCU} DCU x {HOURS_A_MONTH} h")  # fmt: skip
    yield _use("database", "Managed Airflow: database", "gcp.composer3.storage", COMPOSER_GIB,
               f"{COMPOSER_GIB} GiB")  # fmt: skip


def _use(what: str, label: str, sku: str, quantity: Decimal, how: str, *drivers: str) -> Use:
    return Use(f"orchestration.{what}", "orchestration", label, sku, quantity, how, drivers)


CHOICES: Final[Mapping[str, Uses]] = {
    "dagster-oss": _dagster_oss, "dagster-plus": _dagster_plus, "airflow-managed": _airflow,
}  # fmt: skip
