"""A late merchant and a revised rate on landed payments: which rows a correction changes, and whether all follows."""

import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from assets.warehouse.publish import publish_fx_rates, publish_merchants
from benchmarks.control_plane.shell import COMMAND_LIMIT_S, Failed, Shell
from sandbox.platform.instance import load
from sandbox.seed import Frames
from streaming.landing import NUMERIC

if TYPE_CHECKING:
    from google.cloud.bigquery import Client  # a type only

LATE_MERCHANTS: Final = 400
"""Of 80,000, those of lowest id: enough to be paid within a few thousand events."""
REVISED: Final = "USD"
REVISION: Final = Decimal("1.01")
_ONE: Final = Decimal("0.0001")

_DAY: Final = "business_date >= DATE '{since}'"
_FIGURES: Final = """SELECT
  COUNT(*) AS payments,
  COUNTIF(merchant_status = 'UNKNOWN') AS unknown,
  COUNTIF(enrichment_revision > 0) AS corrected,
  COUNTIF(enrichment_revision > 0 AND currency = '{revised}') AS corrected_revised_currency,
  SUM(reporting_amount) AS reporting
FROM `{dataset}.payments` WHERE {day}"""
_APART: Final = """SELECT COUNT(*) AS n FROM (
  SELECT business_date, merchant_id, currency, event_type, COUNT(*) AS events, SUM(amount) AS amount,
    SUM(signed_amount) AS signed, SUM(reporting_amount) AS reporting, SUM(signed_reporting_amount) AS effect
  FROM `{dataset}.payments` WHERE {day} GROUP BY 1, 2, 3, 4
) AS live FULL OUTER JOIN (SELECT * FROM `{dataset}.payments_daily` WHERE {day}) AS report
ON live.business_date = report.business_date AND live.merchant_id = report.merchant_id
  AND live.currency = report.currency AND live.event_type = report.event_type
WHERE live.events IS DISTINCT FROM report.events OR live.amount IS DISTINCT FROM report.amount
  OR live.signed IS DISTINCT FROM report.signed_amount OR live.reporting IS DISTINCT FROM report.reporting_amount
  OR live.effect IS DISTINCT FROM report.signed_reporting_amount"""


@dataclass(frozen=True, slots=True)
class World:
    """Reference data of the sandbox, some merchants of which come late."""

    frames: Frames
    at: datetime

    def late(self) -> list[str]:
        """Their ids."""
        ids: list[str] = self.frames.merchants["merchant_id"].unique().sort().head(LATE_MERCHANTS).to_list()
        return ids


def seed(client: "Client", name: str, world: World) -> None:
    """Publish all but the late merchants."""
    known = world.frames.merchants.filter(~pl.col("merchant_id").is_in(world.late()))
    publish_merchants(client, name, known, "before-the-late-ones", world.at)
    publish_fx_rates(client, name, world.frames.rates, "first-rates", world.at)


def revise(shell: Shell, client: "Client", name: str, world: World) -> dict[str, Any]:
    """Publish the late merchants and a new revision of the newest day's rates, correct, rebuild the report."""
    before = _figures(client, name, world)
    now = datetime.now(UTC)
    publish_merchants(client, name, world.frames.merchants, "with-the-late-ones", now)
    newest = world.frames.rates["rate_date"].max()
    rates = world.frames.rates.filter(rate_date=newest).with_columns(
        rate=pl.when(pl.col("currency") == REVISED)
        .then((pl.col("rate") * REVISION).round(4).cast(NUMERIC))
        .otherwise(pl.col("rate"))
    )
    publish_fx_rates(client, name, rates, "second-rates", now)
    began = time.monotonic()
    _job(shell, "payments_corrections_job")
    corrected = time.monotonic() - began
    _job(shell, "payments_daily_job")
    after = _figures(client, name, world)
    apart = _one(client, _APART, name, world)["n"]
    return {
        "late_merchants": LATE_MERCHANTS, "revised_currency": REVISED, "before": before, "after": after,
        "correction_s": round(corrected, 1), "groups_of_the_report_that_differ_from_the_view": apart,
    }  # fmt: skip


def _job(shell: Shell, job: str) -> None:
    """Run one of Dagster's jobs in a process of its own."""
    command = [sys.executable, "-m", "dagster", "job", "execute", "-m", "orchestration.definitions", "-j", job]
    environment = {**shell.environment, "DAGSTER_HOME": str(shell.dagster_home)}
    environment |= {**load(shell.state).environment(), "TIDEMARK_STATE_DIR": str(shell.state.absolute())}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=COMMAND_LIMIT_S)
    if ran.returncode:
        raise Failed(f"{job}: {ran.stderr[-600:]}")


def _figures(client: "Client", name: str, world: World) -> dict[str, Any]:
    return {
        key: str(value) if isinstance(value, Decimal) else value
        for key, value in _one(client, _FIGURES, name, world).items()
    }


def _one(client: "Client", sql: str, name: str, world: World) -> dict[str, Any]:
    day = _DAY.format(since=world.at.date() - timedelta(days=40))
    text = sql.format(dataset=f"{client.project}.{name}", day=day, revised=REVISED)
    return dict(next(iter(client.query(text).result())).items())
