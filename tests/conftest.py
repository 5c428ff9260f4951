"""Property tests draw the same examples each time: a check that passed once passes again.

`make check` draws few; `make test` draws more (`--hypothesis-profile=thorough`). `--hypothesis-profile=explore` draws
others each time; what it finds becomes an example of its own.
"""

import gc
import re
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=25)
settings.register_profile("thorough", derandomize=True, deadline=None, max_examples=200)
settings.register_profile("explore", deadline=None, max_examples=1_000)
settings.load_profile("repeatable")

FAST = "not integration and not fault"  # as the Makefile says it
SLOW_AS_A_WHOLE = re.compile(r"^pytestmark = (?:\[[^\]]*|.*)\bpytest\.mark\.(?:integration|fault)\b", re.MULTILINE)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not import for the fast tests what is not among them: Dagster, Google's packages and a browser's driver take
    three seconds in each worker."""
    if config.option.markexpr != FAST or not collection_path.match("test_*.py"):
        return None
    return True if SLOW_AS_A_WHOLE.search(collection_path.read_text()) else None


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is collected stays to the end. Looking for garbage in it, over and over, is a tenth of the collection."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Workers begin with the files that may take longest, by their time limits: so they end at about the same time."""
    if not hasattr(config, "workerinput"):
        return
    limits: dict[Path, float] = {}
    for item in items:
        mark = item.get_closest_marker("timeout")
        limits[item.path] = max(limits.get(item.path, 0.0), float(mark.args[0]) if mark else 0.0)
    items.sort(key=lambda item: -limits[item.path])  # stable: a file's tests stay together


@pytest.fixture(scope="session")
def shared_platform(tmp_path_factory) -> Iterator:
    """A broker and an emulator for all folders whose tests have datasets of their own: to start them takes seconds."""
    from sandbox.platform.instance import running

    with running(tmp_path_factory.mktemp("shared") / "platform", say=lambda _: None) as facts:
        yield facts
