"""Whoever makes the adapter imports Google's packages: threads that import them side by side lock each other out."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.integration  # a process of its own, since imports cannot be undone

PROGRAM = """
import sys
from streaming.adapters.bigquery import BigQueryWarehouse
from streaming.ports import CountQuery, Unavailable, WarehouseError
from streaming.settings import Settings

nowhere = {
    "TIDEMARK_BIGQUERY_PROJECT": "p",
    "TIDEMARK_BIGQUERY_REST_ENDPOINT": "http://127.0.0.1:9",
    "TIDEMARK_BIGQUERY_GRPC_ENDPOINT": "127.0.0.1:9",
}
assert not any(name.startswith("google.cloud.bigquery") for name in sys.modules), "not before it is made"
warehouse = BigQueryWarehouse(Settings.from_environment(nowhere), b"")
before = set(sys.modules)
stream = "projects/p/datasets/d/tables/t/streams/s"
calls = [
    lambda: warehouse.open_stream(0.1),
    lambda: warehouse.append(stream, 0, b"", 0.1),
    lambda: warehouse.finalize(stream, 0.1),
    lambda: warehouse.table_created(0.1),
    lambda: warehouse.highest_live("t", 0, 0.1),
]
for call in calls:
    try:
        call()
    except WarehouseError:
        continue
    raise SystemExit("nobody is there, and it was answered")
print(sorted(name for name in set(sys.modules) - before if name.startswith("google.")))
"""


def test_no_call_imports_what_another_thread_may_be_importing() -> None:
    ran = subprocess.run([sys.executable, "-c", PROGRAM], check=False, capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stdout) == (0, "[]\n"), ran.stderr
