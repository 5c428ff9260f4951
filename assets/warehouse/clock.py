"""This host's clock against the warehouse's, for what is done by today's date and cannot be undone."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from assets.warehouse.client import CALL_TIMEOUT_S

if TYPE_CHECKING:
    from google.cloud.bigquery import Client  # noqa: TID251  # a type only: whoever has a client has paid the import

MOST_APART: Final = timedelta(hours=1)
"""Far more than a clock that is kept by NTP and an answer that takes its time, far less than a day."""


class ClocksDiffer(Exception):
    """This host's clock cannot be trusted with a date. One line."""


def require_agreement(host: datetime, warehouse: datetime) -> None:
    """Raise ClocksDiffer if the two are more than `MOST_APART` apart, either way. Both with their zone."""
    apart = abs(host - warehouse)
    if apart > MOST_APART:
        off = f"{apart.total_seconds() / 3600:,.1f} hours {'ahead of' if host > warehouse else 'behind'} BigQuery's"
        raise ClocksDiffer(
            f"this host's clock ({host:%Y-%m-%d %H:%M} UTC) is {off} "
            f"({warehouse:%Y-%m-%d %H:%M} UTC): set the clock, nothing was changed"
        )


def warehouse_now(client: "Client") -> datetime:
    """The warehouse's time, UTC. It bills nothing: no table is read. google.api_core errors pass."""
    job = client.query("SELECT CURRENT_TIMESTAMP() AS now", timeout=CALL_TIMEOUT_S)
    (row,) = job.result(timeout=CALL_TIMEOUT_S)
    now: datetime = row["now"]
    return now
