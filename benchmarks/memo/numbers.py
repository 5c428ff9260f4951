"""Collects every number that the memo prints, each with the file and the place that it is from."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Final, get_args

from assets.cost import drivers, prices, scenario
from assets.cost.asked import Asked
from assets.cost.choices import Compared
from assets.cost.exclusions import EXCLUSIONS
from assets.cost.trust import MOSTLY, assumed_share
from assets.cost.units import DAYS_A_MONTH
from benchmarks.memo import ahead, bill, doubt, others, plan, rivals, runs, singles
from benchmarks.memo.figure import Figure, plain
from benchmarks.results import FOLDER

NAMES: Final = {
    "google": "Google's managed Kafka",
    "tidemark-gke": "our consumer on GKE Autopilot",
    "tidemark-cloud-run": "our consumer on Cloud Run",
    "tidemark-vm": "our consumer on virtual machines",
    "bigquery": "BigQuery",
}
"""What a reader calls a choice of the scenario; the others are called as the model calls them."""


def collect(on: date, results: Path = FOLDER) -> Any:
    """The numbers as JSON has them, for prices as they are dated on that day.

    Raises Absent, EvidenceError, PriceMissing, ValueError (a file of the model that is not in its form).
    """
    asked = Asked(scenario.read("default"), drivers.read(), prices.read(), on, bill.MONTH)
    made = {
        "as_of": on.isoformat(),
        "runs": runs.collect(results),
        "plan": {**plan.collect(), "parallel_cost": parallel_cost(asked)},
        "setup": setup(asked),
        "asked": questions(asked),
        "bill": bill.collect(asked),
        "doubt": doubt.collect(asked),
        "ahead": ahead.collect(asked),
        "others": others.collect(asked),
        "singles": singles.collect(asked),
        "rivals": rivals.collect(asked),
        "exclusions": [{"name": name, "why": why} for name, why in EXCLUSIONS],
    }
    return plain(made)


def setup(asked: Asked) -> dict[str, Any]:
    """What the default scenario chooses."""
    chosen = asked.scenario

    def figure(name: str) -> Figure:
        value = getattr(chosen, name)
        return Figure(f"{value:,}", str(value), "assets/cost/scenario.py", name, "computed")

    return {
        "title": chosen.title,
        "day": [asked.on.year, asked.on.month, asked.on.day],
        "partitions": figure("partitions"),
        "kafka_days": figure("kafka_retention_days"),
        "months": figure("retention_months"),
        "region": chosen.region,
        "queries": {"slots": "on slots"}.get(chosen.queries, "on demand") if chosen.warehouse == "bigquery" else "",
        **{part: NAMES.get(name, name) for part in get_args(Compared) for name in [getattr(chosen, part)]},
    }


def questions(asked: Asked) -> dict[str, Figure]:
    """What analysts ask in a day: settings, for which no band stands."""
    found = asked.scenario.dashboards

    def figure(name: str) -> Figure:
        value = getattr(found, name)
        return Figure(f"{value:,}", str(value), "assets/cost/scenario.py", f"dashboards.{name}", "computed")

    made = {name: figure(name) for name in ("refreshes_a_day", "live_days", "reports_a_day", "report_days")}
    live = "today" if found.live_days == 1 else f"the last {found.live_days:,} days"
    return {**made, "live_days": replace(made["live_days"], shown=live)}


def parallel_cost(asked: Asked) -> Figure:
    """What the stream's own bill comes to while the batch still runs: so many days of the first month."""
    days = plan.limits()["parallel_days"].value
    first = replace(asked, month=1).bill()
    key = f"model.bill month 1 x {days} days / {DAYS_A_MONTH:.2f}"
    return bill.computed(first.usd * days / DAYS_A_MONTH, key, assumed=assumed_share(first) > MOSTLY)
