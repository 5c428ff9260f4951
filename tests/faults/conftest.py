"""A fault whose test fails is a row as well: the table and docs/reliability.md never show only what went well."""

import os
import sys
from pathlib import Path

import pytest
from fault_report import append

sys.path.append(str(Path(__file__).parents[1] / "runner"))  # faults in virtual time run the consumer of tests/runner


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed and os.environ.get("FAULT_REPORT") and item.get_closest_marker("fault"):
        how = call.excinfo.typename if call.excinfo is not None else "it"
        name = item.name.removeprefix("test_").replace("_", " ")
        happened = f"the test failed at {report.when}: {how}"
        append({"fault": name, "done": "", "happened": happened, "seconds": None, "audit": "FAILED"})
    return report
