"""How old the newest materialization of `payments` may be: a dead stream turns the asset unhealthy without any run.

Dagster's daemon compares it with the clock about twice a minute; nothing of ours has to be alive for it.
"""

from datetime import timedelta
from typing import Final

import dagster as dg

WARN_AFTER: Final = timedelta(minutes=3)
"""The supervisor reports once a minute: three missed in a row are no coincidence."""
FAIL_AFTER: Final = timedelta(minutes=5)
"""The contract's p95 from event to queryable: older than that, the promise is broken or nobody knows."""

PAYMENTS_FRESHNESS: Final = dg.FreshnessPolicy.time_window(fail_window=FAIL_AFTER, warn_window=WARN_AFTER)
"""For the asset `payments`."""
