"""The probe: asks the view `payments` by SQL, as an analyst would, which payments it shows, and counts the rows.

Two threads with a client each. Both share two cores with everything they watch, so each rests after a query.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

from sandbox.demo.samples import Census, Sightings

if TYPE_CHECKING:
    from google.cloud.bigquery import Client

QUERY_TIMEOUT_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Rest:
    """How long to rest after a query: `times` what it took, within bounds in seconds."""

    times: float
    at_least_s: float
    at_most_s: float

    def after(self, took_s: float) -> float:
        """Seconds of rest after a query that took so long."""
        return min(self.at_most_s, max(self.at_least_s, self.times * took_s))


VIEW_REST: Final = Rest(times=1.5, at_least_s=0.12, at_most_s=0.3)
"""The view's windows cost 0.1 s over 150,000 rows and 0.3 s over 300,000. The rest is part of every latency that is
measured, so it is bounded, at the price of up to half a core at the largest tables."""
CENSUS_REST: Final = Rest(times=8.0, at_least_s=0.5, at_most_s=5.0)
LATEST_DAYS: Final = 31
"""A record may be 30 days old: its row lies on that business date."""


def view_sql(dataset: str, first_day: date) -> str:
    """Highest offset the view shows per partition. Late payments lie on earlier days and are not measured."""
    return (
        f"SELECT kafka_partition, MAX(kafka_offset) FROM `{dataset}.payments` "
        f"WHERE business_date >= DATE '{first_day}' GROUP BY kafka_partition"
    )


def census_sql(dataset: str, first_day: date) -> str:
    """Live rows by status, and how many of them repeat an event."""
    return (
        "SELECT status, COUNT(*), COUNT(*) - COUNT(DISTINCT event_id) "
        f"FROM `{dataset}.payments_landing` WHERE business_date >= DATE '{first_day - timedelta(days=LATEST_DAYS)}' "
        "AND replay_id IS NULL AND enrichment_revision = 0 GROUP BY status"
    )


class Probe:
    """Runs both threads between `start` and `stop`. A query that fails is tried again; `trouble` says what it was."""

    def __init__(
        self, connect: Callable[[], "Client"], dataset: str, first_day: date, logged: Callable[[], int], seen: Sightings
    ) -> None:
        self._connect, self._logged, self._seen = connect, logged, seen
        self._view_sql = view_sql(dataset, first_day)
        self._census_sql = census_sql(dataset, first_day)
        self._end = threading.Event()
        self._threads = [
            threading.Thread(target=self._repeat, args=(self._ask_view, VIEW_REST), daemon=True),
            threading.Thread(target=self._repeat, args=(self._count, CENSUS_REST), daemon=True),
        ]
        self.trouble: str | None = None
        self.busy_s = 0.0
        """Time spent waiting for answers, both threads."""

    def start(self) -> None:
        """Begin to ask."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End after the queries under way."""
        self._end.set()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(QUERY_TIMEOUT_S)

    def _repeat(self, ask: Callable[["Client"], None], rest: Rest) -> None:
        client = self._connect()
        while not self._end.is_set():
            began = time.monotonic()
            try:
                ask(client)
                self.trouble = None
            except Exception as error:  # whatever a client raises: the demo goes on and its drain decides
                self.trouble = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
            took = time.monotonic() - began
            self.busy_s += took
            self._end.wait(rest.after(took))

    def _ask_view(self, client: "Client") -> None:
        asked = _now_us()
        highest = {int(row[0]): int(row[1]) for row in _rows(client, self._view_sql)}
        self._seen.saw(asked, _now_us(), highest)

    def _count(self, client: "Client") -> None:
        logged = self._logged()
        rows = _rows(client, self._census_sql)
        by_status = {str(row[0]): int(row[1]) for row in rows}
        collapsed = sum(int(row[2]) for row in rows if row[0] == "OK")
        self._seen.counted(Census(_now_us(), logged, by_status, collapsed))


def _rows(client: "Client", sql: str) -> list[Any]:
    return list(client.query_and_wait(sql, api_timeout=QUERY_TIMEOUT_S, wait_timeout=QUERY_TIMEOUT_S))


def _now_us() -> int:
    return time.time_ns() // 1_000
