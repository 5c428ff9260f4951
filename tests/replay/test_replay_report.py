"""What people and programs are told of a replayed day."""

import json
from datetime import UTC, datetime

from replay_rows import DAY, RANGES

from assets.payments.replay.code_version import code_version
from assets.payments.replay.difference import Difference, Example
from assets.payments.replay.manifest import Code, Counted, Manifest
from assets.payments.replay.options import Options
from assets.payments.replay.pins import Pins
from assets.payments.replay.report import as_json, changes, difference_table, examples_table
from assets.payments.replay.run import DayReplayed

EXAMPLE = Example(
    "t", 1, 7, "explained", ("reporting_amount", "fx_revision", "description"),
    {"reporting_amount": ("9.500000000", "10.000000000"), "fx_revision": (None, "2")},
)  # fmt: skip
FOUND = Difference(5, 2, 0, version_only=1, columns={"fx_revision": 2, "reporting_amount": 1}, examples=(EXAMPLE,))
MANIFEST = Manifest(
    DAY,
    Options("r-1", "landing", fx_as_known_at=datetime(2026, 11, 24, 18, tzinfo=UTC)),
    Pins("m-1", "f-1", "m-2", "f-1"),
    "EUR",
    RANGES,
    Counted(7, "aa"),
    Counted(7, "bb"),
    Code("0.1.0", "cc"),
    "payments_shadow_r_1_20261120",
    datetime(2026, 11, 25, tzinfo=UTC),
)


def test_the_manifest_says_what_went_in_and_what_came_out():
    made = json.loads(json.dumps(MANIFEST.as_json(FOUND)))
    assert made["ranges"][1] == {"topic": "payments", "topic_id": "t", "partition": 1, "first": 5, "last": 9}
    assert made["versions"] == {
        "merchants": "m-1",
        "fx_rates": "f-1",
        "fx_as_known_at": "2026-11-24T18:00:00Z",
        "reporting_currency": "EUR",
    }
    assert (made["input"], made["output"]["hash"]) == ({"records": 7, "hash": "aa"}, "bb")
    assert (made["code"], made["at"]) == ({"release": "0.1.0", "stages": "cc"}, "2026-11-25T00:00:00Z")
    assert made["difference"]["explained"] == 2


def test_a_day_for_programs():
    told = as_json(DayReplayed(MANIFEST, FOUND, published=1), "replays/r-1/2026-11-20.json")
    assert {name: told[name] for name in ("day", "replay_id", "rows", "identical", "explained", "unexplained")} == {
        "day": "2026-11-20",
        "replay_id": "r-1",
        "rows": 7,
        "identical": 5,
        "explained": 2,
        "unexplained": 0,
    }
    assert (told["published"], told["manifest"]) == (1, "replays/r-1/2026-11-20.json")


def test_a_day_passes_only_if_all_is_explained_and_done():
    assert DayReplayed(MANIFEST, FOUND).passed
    assert not DayReplayed(MANIFEST, Difference(unexplained=1)).passed
    assert not DayReplayed(MANIFEST, FOUND, refused="older").passed


def test_tables():
    table = difference_table(FOUND)
    assert "| explained by another version | 2 |" in table
    assert "| `fx_revision` differs | 2 |" in table
    assert examples_table(()) == "none"
    assert examples_table((EXAMPLE,)).splitlines()[-1] == (
        "| explained | 1 | 7 | reporting_amount 9.5 → 10, fx_revision null → 2, description |"
    )


def test_a_value_can_not_end_a_tables_cell_and_many_changes_are_counted():
    many = Example("t", 0, 1, "unexplained", tuple(f"c{n}" for n in range(6)), {"c0": ("a|b", "1.2.3")})
    assert changes(many) == "c0 a\\|b → 1.2.3, c1, c2, c3 and 2 more"


def test_the_code_that_decides_a_row_is_hashed():
    assert len(code_version().stages) == 32
    assert code_version() is code_version()
