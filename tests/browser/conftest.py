"""The platform with Dagster and a supervised stream under real traffic, and a browser on its pages."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from chromium import chromium, opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

TIDEMARK = [sys.executable, "-m", "orchestration.cli"]
TRAFFIC = ["--rate", "50", "--seconds", "900"]
"""Payments a second, enough to see them and little beside everything else on two cores; seconds, more than any test."""
COMMAND_S = 150.0
"""Any command of the start; a quarter of that on a quiet machine."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Show what stood on the page when a test failed: nobody can look at it afterwards."""
    report = yield
    page = getattr(item, "funcargs", {}).get("page")
    if report.when == "call" and report.failed and page is not None:
        report.sections.append((f"page {page.url}", page.locator("body").inner_text()))
    return report


@pytest.fixture(scope="session")
def pictures() -> Path | None:
    """Where pictures go: the folder that SCREENSHOTS names, if any."""
    folder = os.environ.get("SCREENSHOTS")  # noqa: TID251 - an option of this test
    return Path(folder).resolve() if folder else None


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the pages; behind them two supervised members land payments until the end."""
    folder = tmp_path_factory.mktemp("browser")
    variables = {n: v for n, v in os.environ.items() if not n.startswith("TIDEMARK_")}  # noqa: TID251 - a shell's

    def shell(*words: str) -> str:
        ran = subprocess.run(
            [*TIDEMARK, *words],
            cwd=folder,
            env=variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=COMMAND_S,
        )
        assert ran.returncode == 0, f"{words}: {ran.stdout}{ran.stderr}"
        return ran.stdout

    try:
        with (folder / "produce.log").open("wb") as log:
            where = started(shell)
            producer = subprocess.Popen(
                [*TIDEMARK, "produce", *TRAFFIC], cwd=folder, env=variables, stdout=log, stderr=log
            )
            try:
                await_landed(shell)
                yield where
            finally:
                producer.kill()
                producer.wait()
    finally:
        shell("down")


def await_landed(shell: Callable[..., str]) -> None:
    """Until a member has landed payments: before that a check has nothing to look at, nor a replay to compare."""
    ends = time.monotonic() + COMMAND_S  # noqa: TID251 - a deadline of the test itself
    while not any(member["rows_landed"] for member in json.loads(shell("status", "--json"))["consumers"]):
        assert time.monotonic() < ends, "nothing landed in time"  # noqa: TID251


def started(shell: Callable[..., str]) -> str:
    """What a person types before the pages show a stream. Returns their address."""
    for words in (["up"], ["migrate"], ["seed"]):
        shell(*words)
    where = json.loads(shell("ui", "--json"))["address"]
    shell("stream", "start", "--members", "2")
    return str(where)


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    with chromium() as made:
        yield made


@pytest.fixture
def page(browser: "Browser", address: str) -> Iterator["Page"]:
    with opened(browser, address) as made:
        yield made
