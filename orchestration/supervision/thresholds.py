"""From where on a figure is worth an alarm: severity and threshold of every check, in one place.

An `ERROR` is a promise broken or about to be: somebody is paged. A `WARN` is worth a look in working hours.
"""

from typing import Final

LATENCY_P95_SLO_MS: Final = 300_000
"""ERROR above: p95 from event to queryable is under five minutes by contract."""
LATENCY_P95_WARN_MS: Final = 10_000
"""WARN above: ten times the second that it takes as built at 500 events/s."""
LAG_ERROR_RECORDS: Final = 150_000
"""ERROR above: five minutes of 500 events/s, so whoever is last in it is beyond the SLO."""
LAG_WARN_RECORDS: Final = 15_000
"""WARN above: half a minute of 500 events/s; a restart leaves less."""
QUARANTINE_ERROR_SHARE: Final = 0.05
"""ERROR above, of the records landed since the last report: a producer's release went wrong."""
QUARANTINE_WARN_SHARE: Final = 0.01
"""WARN above."""
QUARANTINE_LEAST_RECORDS: Final = 100
"""Fewer landed records than that say nothing about a share."""
REPORT_EVERY_S: Final = 60.0
"""Seconds between reports of the live stream: 1,440 materializations and their checks a day; one for every window
would be 419 MB of event log."""
TICK_S: Final = 4
"""Least seconds between two looks at the members. Dagster's daemon goes round every 5 s: asked for 5, it skips each
round that comes a few milliseconds early, and every other look is 10 s after the one before (measured)."""
