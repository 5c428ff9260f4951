"""What is tried again, and when: a late snapshot of the merchants, corrections that failed. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final

from orchestration.schedules.calendar import FRANKFURT, MERCHANTS, local_instant, local_time

MERCHANTS_EVERY: Final = timedelta(minutes=15)
"""Between attempts, as for the rates: merchants that signed up yesterday are unknown until then."""
MERCHANTS_UNTIL: Final = time(12)
"""By Frankfurt's clock. A file that is not there by noon is a person's to ask for; the next night tries again."""
CORRECTIONS_EVERY: Final = timedelta(hours=1)
"""Between attempts: a warehouse that refused is not better after a minute, and the run itself tries again twice."""
CORRECTIONS_MOST: Final = 24
"""Attempts for one pair of versions: a day. What failed that often fails for a reason that a person must mend."""


def merchants_attempt(now: datetime, loaded_at: datetime | None) -> str | None:
    """Name of the run that tries the night's snapshot once more at `now`, if one is due.

    The night's schedule makes the first attempt. `loaded_at` is when the merchants were loaded last.
    """
    due = MERCHANTS.newest(now)
    attempt = due + (now - due) // MERCHANTS_EVERY * MERCHANTS_EVERY
    noon = local_instant(local_time(due, FRANKFURT).date(), MERCHANTS_UNTIL, FRANKFURT)
    if not due < attempt <= noon or (loaded_at is not None and loaded_at >= due):
        return None
    return f"merchants-{attempt:%Y-%m-%dT%H:%MZ}"


@dataclass(frozen=True, slots=True)
class Past:
    """One run of the corrections for a pair of versions."""

    failed: bool
    """Neither did it succeed, nor is it under way."""
    ended_at: datetime | None
    """UTC; None where nobody saw it end."""


def corrections_attempt(key: str, past: Sequence[Past], now: datetime) -> str | None:
    """Name of the run that is due for the versions that `key` names; `past` are its runs so far, in any order."""
    if not past:
        return key
    if not all(run.failed for run in past) or len(past) >= CORRECTIONS_MOST:
        return None
    ends = [run.ended_at for run in past if run.ended_at is not None]
    if ends and now - max(ends) < CORRECTIONS_EVERY:
        return None
    return f"{key}-again{len(past)}"
