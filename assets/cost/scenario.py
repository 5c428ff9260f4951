"""A scenario: how many payments, where, kept how long, hosted by whom, asked how often."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final, Literal, get_args

import yaml

from assets.cost.growth import Curve, Growth
from assets.cost.prices import HOME_REGION, MULTI_REGION, Term

FOLDER: Final = Path(__file__).with_name("scenarios")
Kafka = Literal["google", "confluent-standard", "confluent-enterprise", "self-run"]
Engine = Literal[
    "tidemark-gke", "tidemark-cloud-run", "tidemark-vm", "spark-dataproc", "spark-dataproc-serverless",
    "flink-self-run", "flink-managed", "flink-confluent", "kafka-streams-gke", "dataflow",
]  # fmt: skip
Warehouse = Literal["bigquery", "snowflake", "clickhouse"]
Billing = Literal["logical", "physical"]
Queries = Literal["on-demand", "slots"]
Orchestration = Literal["dagster-oss", "dagster-plus", "airflow-managed"]
CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "kafka": get_args(Kafka), "engine": get_args(Engine), "warehouse": get_args(Warehouse),
    "billing": get_args(Billing), "queries": get_args(Queries), "orchestration": get_args(Orchestration),
    "commitment": get_args(Term),
}  # fmt: skip
REGIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "region": (HOME_REGION,),
    "warehouse_region": (HOME_REGION, *MULTI_REGION),
}
"""Regions that the price book has prices of: in another one a bill would be made of the wrong ones."""


class BadScenario(ValueError):
    """A scenario that is not in its form. The text names the setting and what it may be."""


@dataclass(frozen=True)
class Dashboards:
    """What analysts ask in a day. Bytes follow from the rows of the days they look at."""

    refreshes_a_day: Decimal = Decimal(288)
    """Live dashboard: every five minutes, day and night."""
    live_days: Decimal = Decimal(1)
    """Days a live refresh looks at: today, which no cache answers while rows are streamed into it."""
    reports_a_day: Decimal = Decimal(50)
    """Questions of people and reports."""
    report_days: Decimal = Decimal(7)
    """Days of single payments such a question looks at: settled ones, deduplicated already. Questions about months read
    `payments_daily`, which is too small to matter."""
    share_of_columns: Decimal = Decimal("0.15")
    """Share of a row's bytes in the columns that a question names."""


@dataclass(frozen=True)
class Scenario:
    """Every setting has the default scenario's value."""

    name: str = "default"
    title: str = ""
    """A line of text; empty: a page says what the scenario changes."""
    rate_per_s: Decimal = Decimal(500)
    """Mean of the month's payments a second."""
    message_size: Decimal = Decimal(1)
    """Bytes of a message as a multiple of the measured ones; the columns of the row grow with it."""
    region: str = "us-central1"
    """Where Kafka and the engine run: us-central1."""
    warehouse_region: str = "us-central1"
    """us-central1, or `us` for the multi-region."""
    retention_months: Decimal = Decimal(13)
    """How long landing and settled rows are kept: a year, and a month to compare it with."""
    kafka_retention_days: Decimal = Decimal(7)
    """How long the topic keeps records: a replay reads older days from landing."""
    partitions: int = 6
    compressed: bool = True
    """Whether the producer compresses its batches."""
    kafka: Kafka = "google"
    engine: Engine = "tidemark-gke"
    warehouse: Warehouse = "bigquery"
    billing: Billing = "logical"
    """How BigQuery's stored bytes are counted."""
    queries: Queries = "slots"
    """How BigQuery's queries are paid: by slots that scale by themselves, or by the bytes that they read. A project may
    go back to on-demand at any time, so on-demand is the ceiling of the bill."""
    orchestration: Orchestration = "dagster-oss"
    commitment: Term = "none"
    growth: Growth = field(default_factory=Growth)
    dashboards: Dashboards = field(default_factory=Dashboards)

    def at(self, rate_per_s: Decimal) -> "Scenario":
        """The same at another rate."""
        return replace(self, rate_per_s=rate_per_s)

    def having(self, **choices: Any) -> "Scenario":
        """The same with other choices."""
        return replace(self, **choices)


def read(name_or_path: str) -> Scenario:
    """Read a bundled scenario by name or a file by its path. Raises BadScenario."""
    path = Path(name_or_path)
    if path.suffix not in (".yaml", ".yml"):
        path = FOLDER / f"{name_or_path}.yaml"
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except (OSError, UnicodeDecodeError):
        raise BadScenario(f"no scenario {name_or_path}: give a YAML file, or one of {', '.join(bundled())}") from None
    except yaml.YAMLError as error:
        raise BadScenario(f"{path.name} is not YAML: {str(error).splitlines()[0]}") from None
    except _Twice as twice:
        raise BadScenario(f"{path.name}: {twice} is given twice: keep one of them") from None
    if document is None or document == {}:
        raise BadScenario(f"{path.name} has no settings: name one, or leave --scenario out for the default")
    return parse(document, path.stem)


class _Twice(ValueError):
    """A key that a mapping has twice. YAML forbids it (yaml.org/spec/1.2, 3.2.1.3); PyYAML takes the last silently."""


class _Loader(yaml.SafeLoader):  # type: ignore[misc]  # PyYAML has no types
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        for name in names:
            if names.count(name) > 1:
                raise _Twice(name)
        made: dict[Any, Any] = super().construct_mapping(node, deep)
        return made


def bundled() -> list[str]:
    """Names of the scenarios that come with the product."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def parse(document: Any, name: str = "default") -> Scenario:
    """Make a scenario of a mapping; what it does not name is the default's, but for the name. Raises BadScenario."""
    if not isinstance(document, dict):
        raise BadScenario("a scenario is a mapping of settings to values")
    known = [setting.name for setting in fields(Scenario)]
    given: dict[str, Any] = {"name": name}
    for setting, value in document.items():
        if setting not in known:
            raise BadScenario(f"no setting {setting}: it may be {', '.join(known)}")
        given[setting] = _setting(setting, value)
    return Scenario(**given)


def _setting(name: str, value: Any) -> Any:
    if name in CHOICES:
        return _one_of(name, value, CHOICES[name])
    if name in REGIONS:
        return _one_of(name, value, REGIONS[name])
    if name == "growth":
        return _growth(value)
    if name == "dashboards":
        return _dashboards(value)
    if name == "compressed":
        return _one_of(name, value, (True, False))
    if name in ("name", "title"):
        return _text(name, value)
    return _whole(name, value) if name == "partitions" else _number(name, value)


def _one_of(name: str, value: Any, allowed: tuple[Any, ...]) -> Any:
    if not any(value is each or (isinstance(value, str) and value == each) for each in allowed):
        raise BadScenario(f"{name} is {value!r}: it may be {', '.join(map(_spelled, allowed))}")
    return value


def _spelled(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise BadScenario(f"{name} is {value!r}: it is a line of text")
    return value


def _dashboards(value: Any) -> Dashboards:
    names = [setting.name for setting in fields(Dashboards)]
    if not isinstance(value, dict) or not set(value) <= set(names):
        raise BadScenario(f"dashboards is {value!r}: it may have {', '.join(names)}")
    given = {name: _number(f"dashboards.{name}", each, zero=True) for name, each in value.items()}
    if given.get("share_of_columns", 0) > 1:
        raise BadScenario(f"dashboards.share_of_columns is {value['share_of_columns']!r}: it is a share of 1")
    return Dashboards(**given)


def _growth(value: Any) -> Growth:
    if not isinstance(value, dict) or not set(value) <= {"curve", "per_year"}:
        raise BadScenario(f"growth is {value!r}: it may have curve, per_year")
    curve = _one_of("growth.curve", value.get("curve", "none"), get_args(Curve))
    return Growth(curve, _number("growth.per_year", value.get("per_year", 0), zero=True))


def _whole(name: str, value: Any) -> int:
    number = _number(name, value)
    if number != int(number):
        raise BadScenario(f"{name} is {value!r}: it is a whole number above zero")
    return int(number)


def _number(name: str, value: Any, *, zero: bool = False) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if isinstance(value, bool) or not number.is_finite() or number < 0 or (number == 0 and not zero):
        raise BadScenario(f"{name} is {value!r}: it is a number {'from zero on' if zero else 'above zero'}")
    return number
