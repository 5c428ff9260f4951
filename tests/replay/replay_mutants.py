"""A replay with one tempting shortcut each; each with the test that must see it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import test_difference as differences
import test_replay_values as values

from assets.payments.replay import difference, fingerprint, pins, publish, ranges, read_kafka

_pairs, _difference_sql, _changed = difference.pairs_sql, difference.difference_sql, publish.changed_sql
_class = difference._class


def every_row(rows: Any, day: Any) -> Any:
    """All between the lowest and the highest offset."""
    return rows


def inner_join(*args: Any) -> str:
    """Compares what both sides have."""
    return _difference_sql(*args).replace("FULL OUTER JOIN", "JOIN")


def any_version_explains_anything() -> str:
    evidence = difference._any((*difference.MERCHANT_EVIDENCE, *difference.FX_EVIDENCE))
    some = difference._any(difference.VALUES)
    return (
        f"CASE WHEN NOT (is_landed AND is_replayed) THEN 'unexplained' WHEN {evidence} THEN 'explained' "
        f"WHEN {some} THEN 'unexplained' ELSE 'identical' END"
    )


def any_bytes_are_mended() -> str:
    return _class().replace(f"AND NOT {difference._any(difference._PROVENANCE)}", "")


def live_rows_only(*args: Any) -> str:
    return _pairs(*args).replace("QUALIFY", "AND replay_id IS NULL AND enrichment_revision = 0 QUALIFY")


def moved_rows_too(*args: Any) -> str:
    return _pairs(*args).replace("WHERE status != 'MOVED'", "")


def no_range(each: Any) -> str:
    return "TRUE"


def refused_for_differences_alone(pinned: Any, found: Any) -> str | None:
    return "unexplained" if found.unexplained else None


def refused_for_versions_alone(pinned: Any, found: Any) -> str | None:
    return "older" if pinned.older else None


def versions_are_values(*args: Any) -> str:
    missing = [f" OR {difference.differs([name])[1:-1]}" for name in difference.VERSIONS]
    return _changed(*args).rstrip().rstrip(")") + "".join(missing) + ")"


def macs_alone(rows: Any) -> Any:
    return rows["payload_mac"].fill_null("-")


def without_the_partition(rows: Any) -> Any:
    return _lines(rows.drop("kafka_partition"))


def places_alone(rows: Any) -> Any:
    return _lines(rows.drop("payload_mac"))


_lines = fingerprint.lines


def the_start_is_enough(wanted: Any, topic_id: str, log: Any) -> str | None:
    return f"{wanted}: gone" if log is None or wanted.first < log.low else None


def before_the_instant(rates: Any, at: Any) -> str:
    return [one for one in rates if at is None or one.published_at < at][-1].version


Mutant = tuple[Any, str, Callable[..., Any], Callable[[], None]]
MUTANTS: dict[str, Mutant] = {
    "rows of neighbouring days kept": (read_kafka, "of_day", every_row, values.neighbouring_days_are_left_out),
    "a missing row ignored": (
        difference, "difference_sql", inner_join, differences.a_row_that_is_missing_is_unexplained,
    ),
    "any version explains anything": (
        difference, "_class", any_version_explains_anything, differences.a_version_explains_only_what_it_decides,
    ),
    "newer code explains other bytes": (
        difference, "_class", any_bytes_are_mended, differences.newer_code_explains_only_a_stage_that_had_failed,
    ),
    "only live rows compared": (difference, "pairs_sql", live_rows_only, differences.the_newest_revision_is_compared),
    "moved rows expected": (
        difference, "pairs_sql", moved_rows_too, differences.a_record_that_moved_away_is_not_missed,
    ),
    "what lands meanwhile compared": (
        difference, "within_sql", no_range, differences.what_lands_meanwhile_is_not_compared,
    ),
    "older versions published": (
        publish, "refusal", refused_for_differences_alone, values.older_versions_are_not_published,
    ),
    "unexplained differences published": (
        publish, "refusal", refused_for_versions_alone, values.unexplained_differences_are_not_published,
    ),
    "rows that only name a version published": (
        differences, "changed_sql", versions_are_values, differences.only_rows_whose_values_differ_are_published,
    ),
    "input hash of the bytes alone": (
        fingerprint, "lines", macs_alone, values.a_record_is_told_by_its_place_and_its_bytes,
    ),
    "input hash without the partition": (
        fingerprint, "lines", without_the_partition, values.a_record_is_told_by_its_place_and_its_bytes,
    ),
    "input hash of places alone": (
        fingerprint, "lines", places_alone, values.a_record_is_told_by_its_place_and_its_bytes,
    ),
    "the log's end not looked at": (
        ranges, "_missing", the_start_is_enough, values.each_range_that_the_log_lacks_is_named,
    ),
    "rates published at that instant unknown": (
        pins, "_known_at", before_the_instant, values.rates_known_at_an_instant_include_those_published_then,
    ),
}  # fmt: skip


@contextmanager
def alive(name: str) -> Iterator[None]:
    where, attribute, wrong, _ = MUTANTS[name]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(where, attribute, wrong)
        yield
