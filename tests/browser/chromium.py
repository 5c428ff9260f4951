"""Debian's Chromium without a screen and without a way out of this machine, driven by Playwright.

Playwright comes from the lock; the browser does not: what Playwright would fetch is no package of any index.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # else every run of the fast tests loads it, for one function that needs no browser
    from playwright.sync_api import Browser, Page

EXECUTABLE = shutil.which("chromium") or ""
ABSENT = "the pages were not tested, Chromium is not installed: `apt-get install --no-install-recommends chromium`"
WIDTH, HEIGHT = 1440, 900
"""Pixels of the window and of each picture."""
PATIENCE_MS = 60_000
"""For one element of a page: a hundred times what it takes on a quiet machine."""
ONLY_THIS_MACHINE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
FLAGS = (
    ONLY_THIS_MACHINE,
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--disable-gpu",
    "--no-sandbox",  # containers and root have none; it opens our own pages alone
    "--lang=en-US",  # without a language Dagster's pages stay blank
)


@contextmanager
def chromium() -> Iterator["Browser"]:
    """One browser, ended at exit; it also ends when this process does."""
    from playwright.sync_api import sync_playwright

    environment: dict[str, str | float | bool] = {**os.environ, "LANG": "en_US.UTF-8"}  # noqa: TID251 - a child's
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=EXECUTABLE, args=list(FLAGS), env=environment)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(browser: "Browser", address: str) -> Iterator["Page"]:
    """A fresh window on `address`, in English and UTC. Raises AssertionError if a page asked another host."""
    with browser.new_context(
        base_url=address, viewport={"width": WIDTH, "height": HEIGHT}, locale="en-US", timezone_id="UTC"
    ) as context:
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        yield page
        assert strangers(asked, address) == []


def strangers(urls: list[str], address: str) -> list[str]:
    """Of the URLs that a page asked for, those of another host than `address`."""
    return [url for url in urls if not url.startswith((f"{address}/", "data:", "blob:"))]


def picture(page: "Page", folder: Path | None, name: str) -> None:
    """Take a picture into `folder`, if pictures are wanted."""
    if folder is not None:
        page.screenshot(path=folder / f"{name}.png", animations="disabled")
