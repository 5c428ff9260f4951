"""Times: any offset and precision to the microsecond, against Python's own arithmetic; tempting parsers caught."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from stage_samples import BROKER, land, payload

from streaming.stages.rfc3339 import micros

MICROSECONDS = st.integers(0, 60 * 365 * 86_400 * 10**6)
OFFSETS = st.integers(-1_439, 1_439)


def parsed(*texts: str) -> list[datetime | None]:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return [None if (at := micros(text)) is None else epoch + timedelta(microseconds=at) for text in texts]


@given(st.lists(st.tuples(MICROSECONDS, OFFSETS, st.booleans()), min_size=1, max_size=6))
def test_every_time_comes_back_to_the_microsecond(times: list[tuple[int, int, bool]]) -> None:
    instants, texts = [], []
    for after, minutes, upper in times:
        at = datetime(1990, 1, 1, tzinfo=UTC) + timedelta(microseconds=after)
        text = at.astimezone(timezone(timedelta(minutes=minutes))).isoformat()
        texts.append(text if upper else text.lower())
        instants.append(at)
    assert parsed(*texts) == instants


@given(
    st.text(alphabet="0123456789TZtz:+-. ", min_size=15, max_size=32),
    st.integers(0, 26),
    st.characters(codec="utf-8"),
)
def test_what_is_accepted_is_a_time_that_python_accepts_too(noise: str, place: int, character: str) -> None:
    valid = "2026-11-23T10:00:00.123456Z"
    for text in (noise, valid[:place] + character + valid[place + 1 :], valid[:place] + valid[place + 1 :]):
        [at] = parsed(text)
        if at is not None:
            assert datetime.fromisoformat(text.upper()) == at


def test_fractions_keep_their_place() -> None:
    second = datetime(2026, 11, 23, 10, tzinfo=UTC)
    texts = [f"2026-11-23T10:00:00.{fraction}Z" for fraction in ("1", "01", "000001", "100000", "12")]
    assert parsed(*texts) == [second.replace(microsecond=n) for n in (100_000, 10_000, 1, 100_000, 120_000)]


def test_leap_days() -> None:
    assert parsed("2024-02-29T00:00:00Z", "2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2000-02-29T00:00:00Z") == [
        datetime(2024, 2, 29, tzinfo=UTC), None, None, datetime(2000, 2, 29, tzinfo=UTC),
    ]  # fmt: skip


# --- mutants ---------------------------------------------------------------------------------------------------

REFUSED = ("2026-11-23T10:00:00", "2026-11-23 10:00:00Z", "20261123T100000Z", "2026-11-23T10:00:00.1234567Z",
           "2026-11-23T10Z", "2026-W48-1T10:00:00Z", "2026-11-23T10:00:00+01")  # fmt: skip
ACCEPTED = {"2026-11-23T12:00:00+02:00": BROKER.replace(second=0), "2026-11-23t10:00:00z": BROKER.replace(second=0)}


def python_s_own(text: str) -> datetime | None:
    with suppress(ValueError):
        at = datetime.fromisoformat(text)
        return at if at.tzinfo else at.replace(tzinfo=UTC)
    return None


def polars_s_own(text: str) -> datetime | None:
    return pl.Series([text]).str.to_datetime(time_zone="UTC", strict=False, format="%Y-%m-%dT%H:%M:%S%.f")[0]


def test_parsers_that_are_almost_right_are_caught() -> None:
    assert parsed(*REFUSED) == [None] * len(REFUSED)
    assert parsed(*ACCEPTED) == list(ACCEPTED.values())
    for mutant in (python_s_own, polars_s_own):
        wrong = [text for text in REFUSED if mutant(text) is not None]
        wrong += [text for text, at in ACCEPTED.items() if mutant(text) != at]
        assert wrong, mutant.__name__


def test_bounds_are_inclusive_and_of_the_broker_s_clock() -> None:
    texts = [(BROKER + delta).isoformat() for delta in (timedelta(minutes=5), -timedelta(days=30))]
    beyond = [(BROKER + delta).isoformat() for delta in (timedelta(minutes=5, microseconds=1), -timedelta(days=31))]
    rows = land(*(payload(occurred_at=text) for text in texts + beyond)).rows
    assert rows["status"].to_list() == ["OK", "OK"] + ["QUARANTINED_BAD_OCCURRED_AT"] * 2
    assert rows["status_detail"].to_list()[2:] == [
        "occurred_at: must be at most 5 minutes after the broker's time",
        "occurred_at: must be at most 30 days before the broker's time",
    ]
