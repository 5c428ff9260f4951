"""Snapshots that another system leaves as files, one a day."""

from datetime import date

import polars as pl
import pytest
from merchant_days import NOBODY, day, frame, instant

from assets.merchants.fold import SnapshotRejected, fold, holds_from
from assets.merchants.source import snapshot_files
from sandbox.world.merchant_feed import merchant_snapshot
from sandbox.world.merchants import merchants_history

PEOPLE = frame({"m1": "low", "m2": "high"}).with_columns(category=pl.lit("0742"))


def test_a_parquet_and_a_csv_file_say_the_same(tmp_path):
    PEOPLE.write_parquet(tmp_path / "merchants-2026-11-16.parquet")
    PEOPLE.write_csv(tmp_path / "merchants-2026-11-16.csv")
    for suffix in ("parquet", "csv"):
        read = snapshot_files(f"{tmp_path}/merchants-{{day}}.{suffix}")
        assert read(day(0)).equals(PEOPLE)  # 0742 keeps its zero


def test_an_empty_field_of_a_csv_is_a_null_that_the_fold_rejects(tmp_path):
    (tmp_path / "2026-11-16.csv").write_text("merchant_id,name,category,country,risk_tier\nm1,,5411,DE,low\n")
    with pytest.raises(SnapshotRejected, match="1 of 1 rows have a null"):
        fold(NOBODY, snapshot_files(f"{tmp_path}/{{day}}.csv")(day(0)), instant(0))


def test_a_day_without_a_file_is_rejected_by_its_name(tmp_path):
    with pytest.raises(SnapshotRejected, match=r"no snapshot of the merchants of 2026-11-16: .*2026-11-16\.csv is not"):
        snapshot_files(f"{tmp_path}/{{day}}.csv")(day(0))


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_file_that_cannot_be_read_is_rejected_in_one_line(tmp_path, suffix):
    (tmp_path / f"2026-11-16.{suffix}").write_bytes(b"a,b\n1,2,3,4\n\xff\xfe")
    with pytest.raises(SnapshotRejected, match="2026-11-16 cannot be read") as rejected:
        snapshot_files(f"{tmp_path}/{{day}}.{suffix}")(day(0))
    assert "\n" not in str(rejected.value)


@pytest.mark.parametrize("pattern", ["merchants.csv", "{day}.json", "", "{day}"])
def test_a_pattern_that_is_no_days_file_is_refused(pattern):
    with pytest.raises(ValueError, match=r"a path with \{day\}"):
        snapshot_files(pattern)


@pytest.mark.parametrize("today", [date(2026, 11, 23), date(2026, 12, 1)])
def test_the_synthetic_worlds_snapshot_is_what_its_history_holds_as_the_day_begins(today):
    history = merchants_history(7, today, 400)
    again = fold(
        history,
        merchant_snapshot(7, today, 400),
        holds_from(today),
    )
    assert not again.differs
    assert again.unchanged == len(merchant_snapshot(7, today, 400)) > 390
