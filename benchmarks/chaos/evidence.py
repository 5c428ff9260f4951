"""What a kill interrupted, from what the member and its successors said. Pure."""

import json
from collections.abc import Collection, Iterable
from typing import Any


def events(log: str) -> list[dict[str, Any]]:
    """A member's log lines that are events; the last one may be torn by the kill."""
    found = []
    for line in log.splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and "event" in event and "at" in event:
            found.append(event)
    return found


def interruption(died_at: str | None, state: str | None, held: Collection[int], later: Iterable[dict[str, Any]]) -> str:
    """Proof that work was in flight, in a word or two; empty without any, and such a kill is not counted.

    `died_at`: the failpoint that the process named before it died; `state`: of its last heartbeat, a second old at
    most; `later`: what its successors said: rows of the partitions it `held` that were landed and not committed are
    skipped by them.
    """
    if died_at:
        return died_at
    if state in ("recovering", "draining"):
        return state
    recovered = [event for event in later if event["event"] == "recovered" and event.get("partition") in held]
    skipped = sum(int(event.get("skip", 0)) for event in recovered)
    return f"{skipped} rows uncommitted" if skipped > 0 else ""


def fired(said: Iterable[dict[str, Any]], failpoint: str) -> bool:
    """Whether a process came to its failpoint."""
    return any(event["event"] == "failpoint" and event.get("failpoint") == failpoint for event in said)
