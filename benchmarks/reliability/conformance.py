"""The Warehouse contract against a project of the real service: `make conformance`.

With TIDEMARK_BIGQUERY_PROJECT and application default credentials `test_warehouse_contract.py` runs there, each test in
a dataset of its own that it deletes; a few cents. Without them it says so in one line and exits 0.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

from benchmarks.machine import ROOT, commit
from benchmarks.results import FOLDER
from streaming.adapters.bigquery_clients import no_credentials
from streaming.settings import Settings, SettingsError

ASKED: Final = "CONFORMANCE"
"""Set for the tests: they take the project alone."""
SUITE: Final = ROOT / "tests" / "contracts" / "test_warehouse_contract.py"
SPENT_S: Final = "600"
"""Time limit of a test there; on the emulator it is a second."""


def asked_for() -> bool:
    """Whether the tests shall take the project."""
    return bool(os.environ.get(ASKED))


def project() -> Settings:
    """What the environment names, all of it."""
    return Settings.from_environment(os.environ)


def credentials() -> str | None:
    """Why Google's client would find nobody to be, or None."""
    import google.auth
    from google.auth.exceptions import GoogleAuthError

    try:
        google.auth.default()
    except GoogleAuthError as error:
        return no_credentials(error)
    return None


def missing(environment: Mapping[str, str], look: Callable[[], str | None] = credentials) -> str | None:
    """What it takes that is not there, in one line. Raises SettingsError."""
    settings = Settings.from_environment(environment)
    if not settings.bigquery_project:
        return "TIDEMARK_BIGQUERY_PROJECT is not set"
    if settings.bigquery_rest_endpoint:
        return "an emulator's endpoints are set (TIDEMARK_BIGQUERY_REST_ENDPOINT, TIDEMARK_BIGQUERY_GRPC_ENDPOINT)"
    return look()


def counts(report: str) -> dict[str, int]:
    """Tests, failures and expected failures of a JUnit report. Raises ValueError if it holds no test."""
    (suite,) = ElementTree.fromstring(report).iter("testsuite")
    found = {name: int(suite.get(name, "0")) for name in ("tests", "failures", "errors", "skipped")}
    if not found["tests"]:
        raise ValueError("no test ran")
    failed = found["failures"] + found["errors"]
    return {"passed": found["tests"] - failed - found["skipped"], "failed": failed, "not_possible": found["skipped"]}


def run(out: Path, environment: Mapping[str, str], code: str) -> int:
    """Run the suite there and write {"code", "passed", "failed", "not_possible"}. Returns pytest's exit code."""
    report = out.with_suffix(".xml")
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-n0", f"--timeout={SPENT_S}", f"--junitxml={report}", str(SUITE)]
    ran = subprocess.run(command, check=False, env={**environment, ASKED: "1"}, cwd=ROOT)
    if ran.returncode in (0, 1):
        out.write_text(json.dumps({"code": code, **counts(report.read_text())}) + "\n")
    report.unlink(missing_ok=True)
    return ran.returncode


def main() -> int:
    """Exit 0: all passed, or no project to try; 1: a promise is broken; 2: a setting is wrong; 130: stopped."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reliability.conformance", description=__doc__)
    parser.add_argument("--out", type=Path, default=FOLDER / "conformance.json")
    parser.add_argument("--json", action="store_true", help="one line of JSON instead of words when nothing is run")
    options = parser.parse_args()
    environment = dict(os.environ)
    try:
        why = missing(environment)
    except SettingsError as error:
        print(f"conformance: {error}", file=sys.stderr)
        return 2
    if why is not None:
        said = f"not run against a real BigQuery project: {why}"
        print(json.dumps({"run": False, "why": why}) if options.json else said)
        return 0
    try:
        return run(options.out, environment, commit())
    except KeyboardInterrupt:
        print("conformance: stopped; datasets named contract_... may be left in the project", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
