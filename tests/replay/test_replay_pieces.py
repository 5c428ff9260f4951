"""Smaller parts: enriching stored rows again, files for load jobs, the command's words."""

import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest
from replay_rows import DAY, row

from assets.payments.replay import shadow
from assets.payments.replay.enrich_again import enrich_again
from assets.payments.replay.read_kafka import require_in_log, walked
from assets.payments.replay.read_landing import stored_sql
from orchestration.commands.replay import days_between, write_manifest
from orchestration.errors import UserError
from streaming.landing import FX_RATES, LANDING, MERCHANTS
from streaming.reference.tables import Reference
from streaming.stages.plan import COLUMNS

AT = datetime(2026, 11, 19, 16, tzinfo=UTC)


def reference(name: str, dollar: str) -> Reference:
    merchants = [("m1", name, "5411", "DE", "low", datetime(1970, 1, 1, tzinfo=UTC), None, AT, None, f"v-{name}")]
    rates = [(date(2026, 11, 19), "USD", Decimal(dollar), 1, AT, AT, "test")]
    return Reference.build(
        pl.DataFrame(merchants, schema=MERCHANTS, orient="row"), pl.DataFrame(rates, schema=FX_RATES, orient="row"),
        "m", "f",
    )  # fmt: skip


def stored(**other) -> pl.DataFrame:
    at = {"occurred_at": datetime(2026, 11, 20, 9, tzinfo=UTC), "merchant_id": "m1", "event_type": "capture"}
    rows = [row(1, **at, **other), row(2, status="QUARANTINED_NOT_JSON", merchant_name=None)]
    return pl.DataFrame(rows, schema=LANDING, orient="row").select(COLUMNS)


def test_stored_rows_are_enriched_from_their_own_columns():
    made = enrich_again(stored(), reference("shop", "1.05"), "EUR")
    first, second = made.to_dicts()
    assert (first["reporting_amount"], first["merchant_name"], first["merchant_version"]) == (10, "shop", "v-shop")
    assert second == stored().row(1, named=True)
    assert dict(made.schema) == {name: LANDING[name] for name in COLUMNS}


def test_enriched_twice_is_enriched_once():
    by = reference("shop", "1.05")
    once = enrich_again(stored(), by, "EUR")
    assert enrich_again(once, by, "EUR").equals(once)


def test_files_are_cut_to_what_a_request_holds():
    rows = pl.DataFrame([row(n, description=str(n) * 50) for n in range(200)], schema=LANDING, orient="row")
    (whole,) = shadow.files(rows, None)
    parts = list(shadow.files(rows, len(whole) - 1))
    assert len(parts) == 2
    assert pl.concat(pl.read_parquet(io.BytesIO(part)) for part in parts).equals(rows)
    assert len(list(shadow.files(rows.head(3), 1))) == 3  # a row is never cut


@pytest.mark.parametrize("a_second", [1, 500, 868, 5_000, 17_000])
def test_a_days_rows_fit_into_the_load_jobs_of_a_day(a_second):
    """1,500 into one table, as BigQuery allows; 50,000 rows each would not do from 868 records a second on."""
    rows = a_second * 86_400
    each = shadow.rows_per_load(rows)
    assert rows / each < 1_500
    assert shadow.ROWS_PER_LOAD <= each <= shadow.MOST_ROWS_PER_LOAD


def test_what_memory_holds_ends_it():
    assert shadow.rows_per_load(10**12) == shadow.MOST_ROWS_PER_LOAD


def test_rows_are_read_in_no_order():
    assert "ORDER BY enrichment_revision DESC, loaded_at\n  ) = 1" in (sql := stored_sql("p.d", DAY, []))
    assert sql.count("ORDER BY") == 1


def test_without_ranges_nobody_is_asked():
    require_in_log(None, [])
    assert list(walked(None, [], 10, reference("shop", "1"), None)) == []


def test_the_days_of_a_command():
    assert days_between("2026-11-29", "2026-12-01", date(2026, 12, 1)) == [
        date(2026, 11, 29), date(2026, 11, 30), date(2026, 12, 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("first", "last", "says"),
    [
        ("today", "2026-11-20", "--from must be a date like 2026-11-20, not 'today'"),
        ("2026-11-20", "20.11.2026", "--to must be a date"),
        ("2026-11-20", "2026-11-19", "--to 2026-11-19 is before --from 2026-11-20"),
        ("2026-11-20", "2026-11-23", "--to 2026-11-23 is in the future"),
        ("2024-11-20", "2026-11-20", "731 days: at most 400"),
    ],
)
def test_days_that_can_not_be(first, last, says):
    with pytest.raises(UserError, match=says):
        days_between(first, last, date(2026, 11, 20) + timedelta(days=1))


def test_a_manifest_is_kept_by_replay_and_day(tmp_path):
    from test_replay_report import FOUND, MANIFEST

    from assets.payments.replay.run import DayReplayed

    path = write_manifest(tmp_path, DayReplayed(MANIFEST, FOUND))
    assert path == tmp_path / "replays" / "r-1" / "2026-11-20.json"
    assert '"replay_id": "r-1"' in path.read_text()
