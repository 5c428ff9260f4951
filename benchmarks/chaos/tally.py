"""Sums over all rounds: kills by point, losses, duplicates, recovery times. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from math import ceil
from typing import Any, Final

ENOUGH: Final = 100
IN_FLIGHT: Final = 2 / 3
RECOVERY_S: Final = 10.0
"""p95, where the killed member is started again at once."""
RATE: Final = 490
"""Payments a second over all rounds: 500 are sent, less the seconds in which traffic starts and ends."""


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that at least `share` of them do not exceed; None of nothing."""
    ordered = sorted(values)
    return ordered[max(0, ceil(share * len(ordered)) - 1)] if ordered else None


def seconds(values: Iterable[float | None]) -> dict[str, float | int | None]:
    """`n`, `p50`, `p95` and `max` of the times that are known."""
    known = [value for value in values if value is not None]
    found = {"p50": percentile(known, 0.5), "p95": percentile(known, 0.95), "max": max(known, default=None)}
    return {"n": len(known), **found}


def tally(document: dict[str, Any]) -> dict[str, Any]:
    """The summary of a document of rounds. A kill counts only if it interrupted work."""
    rounds = document["rounds"]
    kills = [kill for each in [*rounds, *document.get("broken", [])] for kill in each["kills"]]
    by_point: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for kill in kills:
        by_point[kill["point"]].append(kill)
    others: dict[str, list[float | None]] = defaultdict(list)
    for other in (other for each in rounds for other in each["others"]):
        others[other["what"]].append(other["seconds"])
    return {
        "rounds": len(rounds),
        "kills": len(kills),
        "interrupted": sum(kill["interrupted"] for kill in kills),
        "lost": sum(each["audit"]["lost"] for each in rounds),
        "duplicate_coordinates": sum(each["audit"]["duplicate_coordinates"] for each in rounds),
        "passed": sum(each["audit"]["verdict"] == "PASS" for each in rounds),
        "acked": sum(each["audit"]["acked"] for each in rounds),
        "unexpected": [line for each in rounds for line in each["unexpected"]],
        "not_reached": [line for each in rounds for line in each["not_reached"]],
        "broken": [f"round {each['number']}: {each['why']}" for each in document.get("broken", [])],
        "events_per_second": _rate(rounds),
        "recovery_s": seconds(kill["recovered_s"] for kill in kills),
        "by_point": {
            point: {
                "kills": len(found),
                "interrupted": sum(kill["interrupted"] for kill in found),
                **seconds(kill["recovered_s"] for kill in found),
            }
            for point, found in sorted(by_point.items())
        },
        "others": {what: seconds(found) for what, found in sorted(others.items())},
    }


def _rate(rounds: Sequence[dict[str, Any]]) -> int | None:
    """Payments that the broker acknowledged, a second of traffic."""
    traffic = sum(each.get("traffic_s", 0.0) for each in rounds)
    return round(sum(each["audit"]["acked"] for each in rounds) / traffic) if traffic else None


def clean(summary: dict[str, Any]) -> bool:
    """Whether every audit passed, nothing is lost or doubled and nobody died unasked."""
    sound = summary["passed"] == summary["rounds"] and not summary["unexpected"] and not summary["broken"]
    return bool(sound and summary["lost"] == summary["duplicate_coordinates"] == 0) and not missed(summary)


def missed(summary: dict[str, Any]) -> list[str]:
    """Goals that so many kills do not come to; of fewer than `ENOUGH` nothing is asked."""
    if summary["kills"] < ENOUGH:
        return []
    share, p95 = summary["interrupted"] / summary["kills"], summary["recovery_s"]["p95"]
    goals = {
        f"{share:.0%} of the kills interrupted work, {IN_FLIGHT:.0%} are asked": share >= IN_FLIGHT,
        f"recovery p95 is {p95} s, under {RECOVERY_S:g} is asked": p95 is not None and p95 < RECOVERY_S,
        f"{summary['events_per_second']} payments a second, {RATE} are asked": summary["events_per_second"] >= RATE,
    }
    return [goal for goal, met in goals.items() if not met]


def lines(summary: dict[str, Any]) -> list[str]:
    """The summary as a table for people."""
    head = f"{'killed at':28} {'kills':>6} {'in flight':>10} {'recovered':>10} {'p50 s':>7} {'p95 s':>7} {'max s':>7}"
    rows = [_row(point, found) for point, found in summary["by_point"].items()]
    total = {"kills": summary["kills"], "interrupted": summary["interrupted"], **summary["recovery_s"]}
    others = [_row(what, {"kills": "", "interrupted": "", **found}) for what, found in summary["others"].items()]
    audits = (
        f"{summary['rounds']} rounds, {summary['passed']} audits passed, {summary['acked']:,} payments: "
        f"{summary['lost']} lost, {summary['duplicate_coordinates']} duplicate coordinates"
    )
    audits += f"; {summary['events_per_second']} a second"
    audits += "".join(f"\nmissed: {goal}" for goal in missed(summary))
    said = [f"broken: {line}" for line in summary["broken"]]
    said += [f"unexpected: {line}" for line in summary["unexpected"]]
    said += [f"not reached: {line}" for line in summary["not_reached"]]
    return [head, *rows, _row("all", total), *others, audits, *said]


def _row(name: str, found: dict[str, Any]) -> str:
    times = " ".join(f"{'' if found[key] is None else format(found[key], '.1f'):>7}" for key in ("p50", "p95", "max"))
    return f"{name:28} {found['kills']:>6} {found['interrupted']:>10} {found['n']:>10} {times}"
