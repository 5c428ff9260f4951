"""Failpoints: named steps of the protocol at which a test has the process die, stop or sleep.

Production code says which step it passes; unarmed, that is a call of a function that does nothing, some twenty a
window. Armed is one of them at most, by `TIDEMARK_FAILPOINT=<point>:<what>:<n>` at the start of the process.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Point(StrEnum):
    """Steps in the order in which a partition's life passes them."""

    BEFORE_FENCE = "before_fence"
    """The last owner's stream is known and not finalized."""
    FENCED = "fenced"
    """Finalized; the count that came back is not used yet."""
    TABLE_ASKED = "table_asked"
    """The fallback: the table said its highest offset, which is not used yet."""
    BEFORE_OPEN = "before_open"
    OPENED = "opened"
    """A new stream that nobody knows of."""
    PUBLISH_SENT = "publish_sent"
    """Its commit is on the way and unanswered."""
    PUBLISHED = "published"
    BEFORE_CHECK = "before_check"
    CHECKED = "checked"
    """The count agreed; nothing is fetched yet."""
    AFTER_POLL = "after_poll"
    """Records are taken from the client and in no window."""
    MID_DECODE = "mid_decode"
    """A window's columns are decoded, the records that are read one by one are not."""
    SKIP = "skip"
    """A block that begins with records which are landed already."""
    BEFORE_APPEND = "before_append"
    APPEND_SENT = "append_sent"
    """The request has left the client; no answer was read."""
    APPEND_ANSWERED = "append_answered"
    """Rows are landed; nothing is counted or committed."""
    BEFORE_COMMIT = "before_commit"
    COMMIT_SENT = "commit_sent"
    """A periodic commit is on the way and unanswered."""
    DRAINING = "draining"
    """Told to stop: nothing is given up yet."""
    REVOKING = "revoking"
    """Partitions are being given up, in a rebalance or a drain: an append may be in flight."""
    REVOKE_SETTLED = "revoke_settled"
    """Appends have ended, the last commit is not sent."""
    REVOKE_COMMITTED = "revoke_committed"
    """The last commit is answered, streams are open."""
    REVOKE_FINALIZED = "revoke_finalized"
    DRAINED = "drained"
    """The group is left; the last heartbeat is not written."""


WHAT: Final = ("kill", "stop", "sleep")
"""SIGKILL or SIGSTOP of the process itself, or a pause of the thread that passes."""

Passing = Callable[[Point], None]
"""Told which step is passed."""


def unarmed(point: Point) -> None:
    """Nothing happens at any step."""


@dataclass(frozen=True, slots=True)
class Failpoint:
    """What happens at the `nth` passing of a step, once, counted from the start of the process over all partitions."""

    point: Point
    what: str
    nth: int = 1

    @classmethod
    def parse(cls, text: str) -> "Failpoint":
        """Read `<point>:<what>[:<n>]`. Raises ValueError whose message says what it must be."""
        name, _, rest = text.partition(":")
        what, _, nth = rest.partition(":")
        if name not in list(Point):
            raise ValueError(f"<point>:<what>:<n> with a point of {', '.join(Point)}")
        if what not in WHAT:
            raise ValueError(f"<point>:<what>:<n> with one of {', '.join(WHAT)}")
        if nth and not (nth.isascii() and nth.isdigit() and 1 <= len(nth) <= 9 and int(nth)):
            raise ValueError("<point>:<what>:<n> with n from 1 to 999999999")
        return cls(Point(name), what, int(nth or 1))

    def __str__(self) -> str:
        return f"{self.point}:{self.what}:{self.nth}"
