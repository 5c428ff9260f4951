"""`make conformance`: what it takes is asked before anything is made, and what ran is counted, never assumed."""

import os
import subprocess
import sys

import pytest

from benchmarks.machine import ROOT
from benchmarks.reliability.conformance import counts, missing
from streaming.settings import SettingsError

PROJECT = {"TIDEMARK_BIGQUERY_PROJECT": "of-ours"}
EMULATOR = {
    "TIDEMARK_BIGQUERY_GRPC_ENDPOINT": "127.0.0.1:1",
    "TIDEMARK_BIGQUERY_REST_ENDPOINT": "http://127.0.0.1:1",
}
NOBODY = "no usable credentials for BigQuery"


@pytest.mark.parametrize(
    ("environment", "why"),
    [
        ({}, "TIDEMARK_BIGQUERY_PROJECT is not set"),
        (PROJECT | EMULATOR, "an emulator's endpoints are set"),
        (PROJECT, NOBODY),
    ],
)
def test_what_is_missing_is_said(environment, why):
    said = missing(environment, lambda: NOBODY)
    assert said is not None
    assert said.startswith(why)


def test_nothing_is_missing_where_both_are_there():
    assert missing(PROJECT, lambda: None) is None


def test_a_wrong_setting_is_not_taken_for_a_missing_one():
    with pytest.raises(SettingsError):
        missing({"TIDEMARK_BIGQUERY_PROJECTS": "x"}, lambda: None)


def test_what_ran_is_counted():
    suite = '<testsuites><testsuite tests="30" failures="2" errors="1" skipped="1"/></testsuites>'
    assert counts(suite) == {"passed": 26, "failed": 3, "not_possible": 1}


def test_a_run_without_a_test_is_no_run():
    with pytest.raises(ValueError, match="no test"):
        counts('<testsuites><testsuite tests="0" failures="0" errors="0" skipped="0"/></testsuites>')


@pytest.mark.integration
def test_without_a_project_it_says_so_in_one_line_and_ends_well(tmp_path):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TIDEMARK_")}  # noqa: TID251
    command = [sys.executable, "-m", "benchmarks.reliability.conformance", "--out", str(tmp_path / "found.json")]
    ran = subprocess.run(command, check=False, env=environment, cwd=ROOT, capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (0, "")
    said = "not run against a real BigQuery project: TIDEMARK_BIGQUERY_PROJECT is not set"
    assert ran.stdout.splitlines() == [said]
    assert not (tmp_path / "found.json").exists()
