"""Dagster's pages as a person uses them, by what stands on them: written against dagster-webserver 1.13.27."""

import re
from urllib.parse import parse_qs, urlencode, urlsplit

from playwright.sync_api import Locator, Page
from playwright.sync_api import TimeoutError as TooLate

LOCATION = "tidemark"
RUN_MS = 150_000
"""A run is a few processes that each import Dagster: half a minute beside other work."""
REPORT_MS = 100_000
"""The stream is reported once a minute."""
TICKS = 40
"""Looks at a sensor: it ticks every five seconds, and a member is at work half a minute after it was wanted."""
LOOK_MS = 5_000
REPORT_LOOKS = 30
"""The stream is reported once a minute, and a member may be at work only by the second report."""
FRESHNESS_LOOKS = 20
"""Dagster judges freshness each half minute, and a new asset's only at the second time."""
ENDED = re.compile(r"^(Success|Failure|Canceled)$")


def open_graph(page: Page) -> None:
    """The asset graph, its groups opened in the drawing and in the list beside it."""
    page.goto("/asset-groups")
    page.get_by_role("button", name="Materialize all").wait_for()
    for group in ("reference", "payments", "cost"):
        opens = "xpath=preceding::button[.//*[@aria-label='arrow_drop_down']][1]"
        page.get_by_title(group, exact=True).first.locator(opens).click()
    page.keyboard.press("Alt+e")
    page.locator("[class*=AssetNode_assetName]").first.wait_for()


def drawn_assets(page: Page) -> list[str]:
    """The names in the graph's boxes; a long one may have its middle left out."""
    return page.locator("[class*=AssetNode_assetName]").all_inner_texts()


def stands_for(drawn: str, name: str) -> bool:
    """Whether `drawn` is `name`, whole or with its middle left out."""
    head, cut, tail = drawn.partition("…")
    if not cut:
        return drawn == name
    return len(name) > len(head) + len(tail) and name.startswith(head) and name.endswith(tail)


def open_checks(page: Page, asset: str, check: str = "") -> None:
    """The checks of an asset, one of them in detail."""
    query = {"view": "checks", **({"checkDetail": check} if check else {})}
    page.goto(f"/assets/{asset}?{urlencode(query)}")
    page.get_by_role("button", name="Execute all").wait_for()


def check_results(page: Page, names: list[str]) -> dict[str, str]:
    """What the open list of checks says of each."""
    return {name: _result(page, name).inner_text() for name in names}


def await_results(page: Page, names: list[str], *, of: tuple[str, ...]) -> dict[str, str]:
    """Wait until the open list says one of `of` for each name; returns what it says."""
    said = re.compile(rf"^({'|'.join(of)})$", re.IGNORECASE)
    for name in names:
        _result(page, name).filter(has_text=said).wait_for(timeout=REPORT_MS)
    return check_results(page, names)


def _result(page: Page, check: str) -> Locator:
    """Stands below the check's name."""
    return page.get_by_title(check, exact=True).locator("xpath=following-sibling::span")


def launch_job(page: Page, job: str) -> str:
    """Launch a job from its launchpad and wait for its end. Returns how it ended."""
    page.goto(f"/locations/{LOCATION}/jobs/{job}/playground")
    page.get_by_role("button", name="Launch Run").click()
    page.wait_for_url("**/runs/*")
    return await_end(page)


def materialize(page: Page, asset: str, *, newest_partition: bool = False) -> str:
    """Launch a run from the asset's page, open it and wait for its end. Returns how it ended."""
    page.goto(f"/assets/{asset}")
    page.get_by_role("button", name="Materialize").first.click()
    confirm, latest = (page.get_by_role("button", name=name, exact=True) for name in ("Confirm", "Latest"))
    view = page.get_by_role("link", name="View", exact=True)
    goes_on = latest if newest_partition else view
    confirm.or_(goes_on).wait_for()
    if confirm.is_visible():  # an upstream table was filled without Dagster: it asks whether one is sure
        confirm.click()
    if newest_partition:
        latest.click()
        page.get_by_role("button", name="Launch 1 run").click()
    view.click()
    page.wait_for_url("**/runs/*")
    return await_end(page)


def await_end(page: Page) -> str:
    """Wait until the open run has ended. Returns the page's word for how."""
    end = page.get_by_text(ENDED).first
    end.wait_for(timeout=RUN_MS)
    return end.inner_text()


def open_made_by_run(page: Page, asset: str) -> dict[str, str]:
    """From the open run to the asset's materialization that it made. Returns its metadata as shown."""
    page.goto(f"{page.url.split('?')[0]}?{urlencode({'logs': 'type:ASSET_MATERIALIZATION'})}")
    link = page.locator(f'a[href^="/assets/{asset}?asOf="]').first.get_attribute("href") or ""
    made_at = parse_qs(urlsplit(link).query)["asOf"][0]
    page.goto(f"/assets/{asset}?{urlencode({'view': 'events', 'time': made_at})}")
    page.get_by_text("materialized in run").wait_for()
    return metadata(page)


def await_newest_event(page: Page, asset: str, value: str) -> dict[str, str]:
    """Wait until the newest materialization has a metadata value. Returns its metadata as shown.

    The page goes on showing the one that was the newest when it was opened.
    """
    page.goto(f"/assets/{asset}?view=events")
    cell = page.get_by_role("cell", name=value, exact=True)
    for _ in range(REPORT_LOOKS):
        try:
            cell.wait_for(timeout=LOOK_MS)
            break
        except TooLate:
            page.reload()
    cell.wait_for()
    return metadata(page)


def await_freshness(page: Page, asset: str, word: str) -> None:
    """Wait until the asset's page says so of its freshness, which it does not ask for again by itself."""
    page.goto(f"/assets/{asset}")
    page.get_by_text("Freshness policy").first.wait_for()
    said = page.get_by_text(word, exact=True).first
    for _ in range(FRESHNESS_LOOKS):
        try:
            return said.wait_for(timeout=LOOK_MS)
        except TooLate:
            page.reload()
    return said.wait_for()


def metadata(page: Page) -> dict[str, str]:
    """The rows of the open materialization's table, by their names."""
    rows = page.locator("xpath=//tr[td][not(ancestor::td)]").all()  # not those of a table within a value
    cells = [row.locator(":scope > td").all_inner_texts() for row in rows]
    return {name.strip(): value.strip() for name, value, *_ in cells}


def await_tick(page: Page, sensor: str, says: re.Pattern[str]) -> None:
    """Open the sensor's newest tick, and the next one, until one says so."""
    page.goto(f"/locations/{LOCATION}/sensors/{sensor}")
    for _ in range(TICKS):
        page.get_by_role("button", name="0 runs requested").first.click()
        reason = page.get_by_text("Skip reason:").locator("xpath=..")
        reason.wait_for()
        if says.search(reason.inner_text()):
            return
        before = reason.inner_text()
        page.get_by_role("button", name="Close").click()
        page.reload()
    raise AssertionError(f"none of {TICKS} ticks of {sensor} says {says.pattern}; the last one: {before}")
