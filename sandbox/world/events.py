"""A payment event as the world makes it, before anybody spoils or re-spells it."""

from datetime import UTC, datetime, timedelta

import msgspec

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Event(msgspec.Struct, omit_defaults=True, gc=False):
    """Fields of the data contract in its order; `amount` is decimal text with all digits of the minor unit."""

    schema_version: int
    event_id: str
    transaction_id: str
    event_type: str
    sequence: int
    merchant_id: str
    amount: str
    currency: str
    occurred_at: str
    """RFC 3339, UTC, microseconds: `2026-11-23T10:00:00.123456Z`."""
    card_token: str
    channel: str
    country: str
    description: str | None = None


class Instants:
    """Microseconds since 1970 as RFC 3339 text, remembering the second's part: calls come in runs of one second."""

    def __init__(self) -> None:
        self._second = -1
        self._prefix = ""

    def text(self, micros: int) -> str:
        """Such as `2026-11-23T10:00:00.123456Z`."""
        second, rest = divmod(micros, 1_000_000)
        if second != self._second:
            self._second = second
            self._prefix = (EPOCH + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%S.")
        return f"{self._prefix}{rest:06d}Z"


def micros_of(at: datetime) -> int:
    """Microseconds since 1970 of an instant with a zone, exactly."""
    return (at - EPOCH) // timedelta(microseconds=1)
