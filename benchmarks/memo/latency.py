"""Where a payment's time goes, by hop: what is set, what is measured, and what is left when both are taken away."""

from typing import Any, Final

from benchmarks.memo.figure import Document, Figure, Tree, tenth, whole
from streaming.settings import Settings

MIX: Final = "default"
"""Of `stages`: with bad, duplicate and late records among the good ones."""
_SETTINGS: Final = "streaming/settings.py"


def window_ms() -> int:
    """How old a window gets before it is enriched: the product's default."""
    default: Any = Settings.__dataclass_fields__["window_ms"].default
    return int(default)


def collect(source: Document) -> list[Tree]:
    """The hops at each steady load of the benchmark.

    Percentiles do not add up: the rest is what the p95 of the whole leaves above a window's full age and its walk, so
    it is a bound for fetch and append together, not a measurement of either.
    """
    return [_hops(source, f"steady.{number}") for number in range(len(source.at("steady")))]


def _hops(source: Document, key: str) -> Tree:
    rate, p95 = source.at(f"{key}.rate"), source.at(f"{key}.p95_ms.median")
    wait = window_ms()
    records = rate * wait // 1000
    walk, how = walked(source.at("stages"), records)
    rest = p95 - wait - walk
    return {
        "rate": source.figure(f"{key}.rate", whole),
        "records": Figure(whole(records), str(records), _SETTINGS, f"window_ms x {rate}/s", "computed"),
        "window": Figure(whole(wait), str(wait), _SETTINGS, "window_ms", "computed"),
        "walk": source.computed(round(walk, 2), how, tenth),
        "rest": source.computed(round(rest, 1), f"{key}.p95_ms.median - window_ms - walk", whole),
        "p95": source.figure(f"{key}.p95_ms.median", whole),
        "worst": source.figure(f"{key}.p95_ms.max", whole),
    }


def walked(stages: list[dict[str, Any]], records: int) -> tuple[float, str]:
    """Milliseconds in which a window of so many records is walked, on the straight line between the two measured sizes
    around it; and how that was computed. Beyond the measured sizes: the nearest two."""
    sizes = sorted((each["window"], each["window"] / each["per_second"]["median"] * 1000)
                   for each in stages if each["mix"] == MIX)  # fmt: skip
    above = next((place for place, (size, _) in enumerate(sizes) if size >= records), len(sizes) - 1)
    (small, low), (large, high) = sizes[max(above, 1) - 1], sizes[max(above, 1)]
    took = low + (high - low) * (records - small) / (large - small)
    return took, f"stages[mix={MIX}].per_second.median, windows of {small} and {large}, line at {records}"
