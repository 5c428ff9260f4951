"""From where on a figure is worth an alarm, and what a check may cost: all severities and limits, in one place.

An `ERROR` is a promise broken or about to be: somebody is paged. A `WARN` is worth a look in working hours.
"""

from dataclasses import dataclass, replace
from typing import Final, Literal

Severity = Literal["WARN", "ERROR"]

SEVERITY_OF_DUPLICATES: Final[Severity] = "ERROR"
"""One live row per record and one row per event are promises: a single row too many breaks them."""
SEVERITY_OF_MISSING: Final[Severity] = "ERROR"
"""A record that Kafka acknowledged and landing lacks is a payment lost."""
SEVERITY_OF_TOTALS: Final[Severity] = "ERROR"
"""Money is exact: the report and the rows it was made of agree to the minor unit or one of them is wrong."""
SEVERITY_OF_HISTORY: Final[Severity] = "ERROR"
"""Two versions valid at one instant double a merchant's money in any join."""
SEVERITY_OF_SILENCE: Final[Severity] = "WARN"
"""A check that could not be asked says nothing about the data; the next one is an hour or a day away."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Limits that a platform of another size may set otherwise. Shares are of one, days are TARGET days."""

    unknown_merchants_warn: float = 0.005
    """WARN above: payments of merchants that signed up since last night are about 1 in 1,000."""
    unknown_merchants_error: float = 0.05
    """ERROR above: so many at once is a dimension that was not loaded, not a busy day of sign-ups."""
    quarantine_warn: float = 0.01
    """WARN above: producers' mistakes are about 1 in 1,000 records."""
    quarantine_error: float = 0.05
    """ERROR above: a producer's release went wrong."""
    least_records: int = 100
    """Fewer records than that say nothing about a share."""
    late_or_missing_error: float = 0.002
    """ERROR above: records that come four days late or later, of terminals that were offline, are under 1 in 1,000, as
    the sandbox makes them. What is lost below that share is found at 04:00 by the daily check."""
    late_or_missing_few: int = 10
    """So few say nothing about that share: a demo of 2,000 records has two such late ones on average."""
    fx_missing_warn: int = 1
    """WARN from so many missing snapshots: rates are provisional, corrections will follow."""
    fx_missing_error: int = 3
    """ERROR from so many: after 5 TARGET days a provisional rate is refused, so two days are left to mend it."""
    report_lag_minutes: int = 90
    """A group of payments that got a row so recently may differ: within 60 minutes its settled day is rebuilt, 15
    minutes later the report, and both have 15 to run."""
    hourly_bytes: int = 50 * 10**9
    """Ceiling of one hourly statement, about $0.30. At 500 events/s two days are 86 million rows of 50 to 100 bytes
    in the columns that are read: under 10 GB. A forgotten filter is refused, not billed."""
    daily_bytes: int = 200 * 10**9
    """Ceiling of one daily statement: three days of landing and view, about 30 GB at 500 events/s; 30 days for late
    records, 73 GB."""
    time_limit_s: float = 120.0
    """Seconds for one statement: the hourly ones take seconds, and the next hour asks again."""

    def for_size(self, times: int) -> "Thresholds":
        """The same with ceilings for a stream that is so many times 500 events/s (`assets.warehouse.size`)."""
        return replace(self, hourly_bytes=self.hourly_bytes * times, daily_bytes=self.daily_bytes * times)


THRESHOLDS: Final = Thresholds()
OPEN_DAYS: Final = 2
"""Hourly checks look at today and yesterday: what lands now is of these, bar late records."""
CLOSED_DAYS: Final = 3
"""Daily checks look at so many days before today: one more than stay unsettled, so that a day is compared before and
after it was settled."""
