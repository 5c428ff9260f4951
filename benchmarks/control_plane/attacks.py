"""What is done to the control plane while 500 payments a second arrive. Each returns its figures."""

import json
import os
import signal
import time
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import psutil

from benchmarks.control_plane.shell import Failed, Shell, Watch, until

if TYPE_CHECKING:
    from google.cloud.bigquery import Client  # a type only

QUIET_S: Final = 60.0
"""The heartbeat's latency is of the last minute."""
SIGSTOP_S: Final = 60.0
BACK_S: Final = 120.0


def dagster_killed(shell: Shell, watch: Watch) -> dict[str, Any]:
    """kill -9 of webserver, daemon and code server; a minute without them; then a restart."""
    members = _pids(shell)
    before = watch.between(time.monotonic() - QUIET_S, time.monotonic())
    for pid in shell.dagster().values():
        for process in (*_children(pid), pid):
            os.kill(process, signal.SIGKILL)
    gone = time.monotonic()
    time.sleep(QUIET_S)
    without = watch.between(gone, time.monotonic())
    began = time.monotonic()
    shell.run("ui")
    up = time.monotonic() - began
    if _pids(shell) != members:
        raise Failed("a member did not live through it")
    return {"before": before, "without_dagster": without, "restart_to_pages_s": round(up, 1), "same_members": True}


def member_killed(shell: Shell, client: "Client", dataset: str) -> dict[str, Any]:
    """kill -9 of a member under the sensor: until a record of its partitions, sent after the kill, is queryable."""
    name, beat = next(iter(shell.beats().items()))
    killed = datetime.now(UTC)
    os.kill(beat["pid"], signal.SIGKILL)
    gap = until(lambda: _landed(client, dataset, beat["partitions"], killed), BACK_S, f"rows of {name}'s partitions")
    return {"member": name, "delivering_again_s": round(gap, 1)}


def member_stopped(shell: Shell, client: "Client", dataset: str) -> dict[str, Any]:
    """SIGSTOP of a member for a minute; the supervisor replaces it meanwhile."""
    name, beat = list(shell.beats().items())[-1]
    stopped, began = datetime.now(UTC), time.monotonic()
    os.kill(beat["pid"], signal.SIGSTOP)
    gap = until(lambda: _landed(client, dataset, beat["partitions"], stopped), BACK_S, f"rows of {name}'s partitions")
    time.sleep(max(0.0, SIGSTOP_S - (time.monotonic() - began)))
    alive = psutil.pid_exists(beat["pid"])
    if alive:
        os.kill(beat["pid"], signal.SIGCONT)
    return {"member": name, "delivering_again_s": round(gap, 1), "the_stopped_process_was_ended": not alive}


def replayed(shell: Shell, watch: Watch) -> dict[str, Any]:
    """Today is replayed from Kafka while it goes on."""
    began = time.monotonic()
    before = watch.between(began - QUIET_S, began)
    today = datetime.now(UTC).date().isoformat()
    answer = json.loads(shell.run("replay", "--from", today, "--to", today, "--source", "kafka", "--json"))["days"][0]
    ended = time.monotonic()
    figures = {name: answer[name] for name in ("rows", "identical", "explained", "unexplained")}
    return {"before": before, "during": watch.between(began, ended), **figures}


def grown(shell: Shell, seconds: float) -> dict[str, Any]:
    """How Dagster's storage grows while the stream is only reported, in MB a day."""
    folder, began = shell.dagster_home, time.monotonic()
    first = _sizes(folder)
    time.sleep(seconds)
    passed, last = time.monotonic() - began, _sizes(folder)
    a_day = 86_400 / passed / 1e6
    growth = {name: round((last[name] - first.get(name, 0)) * a_day, 1) for name in last}
    return {"seconds": round(passed), "mb_a_day": {name: mb for name, mb in growth.items() if mb}}


def memory(shell: Shell) -> dict[str, int]:
    """MB of each of Dagster's processes with their children."""
    return {
        name: round(sum(psutil.Process(each).memory_info().rss for each in (pid, *_children(pid))) / 1e6)
        for name, pid in shell.dagster().items()
    }


def _sizes(folder: Any) -> dict[str, int]:
    """Bytes by first folder of Dagster's home."""
    found: dict[str, int] = {}
    for path in folder.rglob("*"):
        if path.is_file():
            top = path.relative_to(folder).parts[0]
            found[top] = found.get(top, 0) + path.stat().st_size
    return found


def _pids(shell: Shell) -> dict[str, int]:
    return {name: beat["pid"] for name, beat in shell.beats().items()}


def _children(pid: int) -> list[int]:
    return [child.pid for child in psutil.Process(pid).children(recursive=True)]


def _landed(client: "Client", dataset: str, partitions: list[int], since: datetime) -> bool:
    """Whether each of these partitions has a row that Kafka stamped after `since`."""
    sql = (
        f"SELECT COUNT(DISTINCT kafka_partition) AS n FROM `{dataset}.payments_landing` "
        f"WHERE business_date >= DATE '{_yesterday(since)}' AND broker_timestamp > TIMESTAMP '{since.isoformat()}' "
        f"AND kafka_partition IN ({', '.join(map(str, partitions))})"
    )
    return bool(next(iter(client.query(sql).result()))["n"] == len(partitions))


def _yesterday(at: datetime) -> date:
    return at.date() - timedelta(days=1)
