"""One member under steady load: what it appends, what lands of it, what it logs. Rows are read back, then weighed."""

import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from assets.cost.logical_bytes import LANDING, WINDOWED, landing_columns, means
from assets.warehouse.client import connect
from benchmarks.payments import PARTITIONS
from benchmarks.site import Site
from benchmarks.watching import Watch
from sandbox.demo.consumers import Crew
from sandbox.demo.producing import Order, Source
from sandbox.platform import kafka
from sandbox.producer import ledger
from sandbox.producer.planning import Mix

COMMAND: Final = (sys.executable, "-m", "benchmarks.cost.weighing_member")
READY_S: Final = 120.0
DRAIN_S: Final = 120.0


def measure(site: Site, dataset: dict[str, str], topic: str, rate: int, seconds: int) -> dict[str, Any]:
    """Figures at `rate` events a second over `seconds`. `topic` is created unless it is there; it must be empty."""
    kafka.create_topic(site.platform.bootstrap_servers, topic, PARTITIONS, site.log("kafka"))
    name = f"landed_{rate}"
    weighed = site.folder / name / "weighed.json"
    settings = {**site.environment(name), **dataset, "TIDEMARK_KAFKA_TOPIC": topic, "BENCH_WEIGHED": str(weighed)}
    crew = Crew(site.folder / name, settings, 1, command=COMMAND)
    try:
        crew.start()
        watch = Watch(crew, site.platform)
        watch.until(lambda _: crew.ready(), READY_S, "the consumer at work")
        at_work = _log_size(crew)
        began = time.monotonic()
        with _produced(site, name, topic, rate, seconds) as lines:
            watch.until(lambda sample: sample.rows >= _acked(lines), DRAIN_S, "every record landed")
        steady = (_log_size(crew) - at_work, time.monotonic() - began)
    finally:
        crew.terminate()
    return {
        "rate": rate,
        "seconds": seconds,
        "sent": _shares(lines),
        "appended": _appended(weighed),
        "log": {"start": at_work, "steady": steady[0], "steady_s": round(steady[1], 1), "end": _log_size(crew)},
    }


def weighed_rows(site: Site, dataset: dict[str, str], topic: str) -> dict[str, Any]:
    """Logical bytes of the topic's landed rows, by column and in all, and the shares of what became of them."""
    client = connect(site.platform.project, site.platform.rest_endpoint)
    table = f"{site.platform.project}.{dataset['TIDEMARK_BIGQUERY_DATASET']}.{LANDING}"
    sql = f"SELECT * FROM `{table}` WHERE business_date >= DATE '1970-01-01' AND kafka_topic = '{topic}'"
    rows = [dict(row.items()) for row in client.query(sql).result()]
    columns = means(rows, landing_columns())
    late = sum(row["business_date"] < row["broker_timestamp"].date() for row in rows)
    bad = sum(row["status"].startswith("QUARANTINED") for row in rows)
    events = Counter(row["event_id"] for row in rows if row["status"] == "OK")
    return {
        "rows": len(rows),
        "logical_bytes": round(float(sum(columns.values())), 2),
        "view_bytes": round(float(sum(columns[name] for name in WINDOWED)), 2),
        "quarantine_share": round(bad / len(rows), 6),
        "duplicate_share": round(sum(times - 1 for times in events.values()) / len(rows), 6),
        "late_share": round(late / len(rows), 6),
        "column_bytes": {name: round(float(size), 2) for name, size in columns.items()},
    }


@contextmanager
def _produced(site: Site, name: str, topic: str, rate: int, seconds: int) -> Iterator[list[dict[str, Any]]]:
    """Lines of the ledger of a run that ended by itself."""
    source, mix = Source(site.folder / name, site.environment(name)), Mix()
    try:
        key = site.platform.environment()["TIDEMARK_MAC_KEY"]
        bootstrap = site.platform.bootstrap_servers
        shares = {"bad": mix.bad, "duplicates": mix.duplicates, "late": mix.late}
        source.order(Order(bootstrap, topic, key, rate, seconds, site.seed, **shares))
        while source.summary is None:
            source.look()
            time.sleep(0.2)
        path = source.ledger()
        assert path is not None  # it sent something
        yield list(ledger.read(path))
    finally:
        source.end()


def _acked(lines: list[dict[str, Any]]) -> int:
    return sum(line.get("result") == "acked" for line in lines)


def _shares(lines: list[dict[str, Any]]) -> dict[str, Any]:
    labels = Counter(line["label"] for line in lines if line["kind"] == "intent")
    return {"acked": _acked(lines), "labels": dict(sorted(labels.items()))}


def _appended(path: Path) -> dict[str, Any]:
    requests, rows, size = json.loads(path.read_text())
    return {
        "requests": requests, "rows": rows, "rows_per_request": round(rows / requests, 1),
        "bytes_per_row": round(size / rows, 2),
    }  # fmt: skip


def _log_size(crew: Crew) -> int:
    return sum(member.log.stat().st_size for member in crew.members)
