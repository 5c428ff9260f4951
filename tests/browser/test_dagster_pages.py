"""What people see and do in Dagster's pages, in a real browser: assets, checks, the supervisor's ticks, a replay."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from chromium import ABSENT, EXECUTABLE, picture
from dagster_pages import (
    await_freshness,
    await_newest_event,
    await_results,
    await_tick,
    drawn_assets,
    launch_job,
    materialize,
    open_checks,
    open_graph,
    open_made_by_run,
    stands_for,
)
from playwright.sync_api import Error

from assets.checks.catalogue import CHECKS, Cadence
from orchestration.definitions import build
from orchestration.supervision.judging import CHECKS as LIVE
from streaming.settings import Settings

pytestmark = [
    pytest.mark.long,
    pytest.mark.integration,
    pytest.mark.timeout(280),
    pytest.mark.skipif(not EXECUTABLE, reason=ABSENT),
]
ROOT = Path(__file__).parents[2]
HOURLY = [check.name for check in CHECKS if check.asset == "payments" and check.cadence is Cadence.HOURLY]
UNDRAWN = ("merchants", "payments_corrections", "payments_settled", "payments_daily", "cost_projection")
"""What their schedules make within an hour: a picture shows them as they are then."""
DIFFERENCE = re.compile(r"identical\s+([\d,]+)\b.*\bunexplained\s+(\d+)\b", re.DOTALL)
"""The table of a replay as text."""


def defined_assets() -> set[str]:
    """Names of all assets of the code location."""
    specs = build(Settings(bigquery_project="nobody")).resolve_all_asset_specs()
    return {spec.key.to_user_string() for spec in specs}


def test_what_a_job_checks_is_shown_beside_what_the_stream_reports(page, pictures):
    assert launch_job(page, "hourly_checks") == "Success"
    open_checks(page, "payments", "completeness")
    results = await_results(page, [*LIVE, *HOURLY], of=("Succeeded",))
    assert len(results) == len(LIVE) + len(HOURLY) >= 9
    picture(page, pictures, "checks")


def test_payments_show_the_live_report(page, pictures):
    shown = await_newest_event(page, "payments", "member-1 running, member-2 running")
    assert int(shown["rows_landed_since_start"]) > 0
    await_freshness(page, "payments", "Passing")
    picture(page, pictures, "payments")


def test_a_replay_of_today_is_launched_and_finds_no_difference(page, pictures):
    assert materialize(page, "payments", newest_partition=True) == "Success"
    shown = open_made_by_run(page, "payments")
    assert shown["replay_id"].startswith("replay-")
    identical, unexplained = DIFFERENCE.search(shown["difference"]).groups()
    assert int(identical.replace(",", "")) == int(shown["identical"]) > 0
    assert (unexplained, shown["unexplained"]) == ("0", "0")
    picture(page, pictures, "replay")


def test_the_supervisors_ticks_say_how_the_stream_goes(page, pictures):
    await_tick(page, "stream_supervisor", re.compile(r"2 members run, lag [\d,]+, [1-9][\d,]* rows landed"))
    picture(page, pictures, "sensor-ticks")


def test_the_bill_is_projected_and_drawn(page, pictures):
    assert launch_job(page, "cost_projection_job") == "Success"
    shown = open_made_by_run(page, "cost_projection")
    assert float(shown["usd_month_13"].replace(",", "")) > float(shown["usd_month_1"].replace(",", "")) > 0
    page.get_by_role("row", name="picture").get_by_text("Show Markdown").click()
    drawn = page.get_by_role("img", name=re.compile("Dollars of month 13"))
    drawn.wait_for()
    assert drawn.evaluate("image => image.naturalWidth") > 300
    picture(page, pictures, "cost")


def test_the_graph_shows_every_asset_and_nothing_else(page, pictures):
    wanted = defined_assets()
    for asset in UNDRAWN if pictures else ():
        assert materialize(page, asset) == "Success"
    open_graph(page)
    drawn = drawn_assets(page)
    assert {name for name in wanted if not any(stands_for(box, name) for box in drawn)} == set()
    assert len(drawn) == len(wanted) >= 8
    assert [name for name in wanted if page.get_by_title(name, exact=True).count() == 0] == [], "the list beside it"
    picture(page, pictures, "graph")


def test_the_browser_resolves_no_name(browser, address):
    page = browser.new_page()
    with pytest.raises(Error, match="ERR_NAME_NOT_RESOLVED"):
        page.goto(address.replace("127.0.0.1", "localhost"))
    page.close()


def test_where_chromium_is_absent_the_closing_lines_say_so(tmp_path):
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-n0", "-p", "no:cacheprovider", __file__, "-k", "graph"],
        cwd=ROOT, env={"PATH": str(tmp_path), "HOME": str(tmp_path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout
    assert ABSENT in ran.stdout.splitlines()[-2]
