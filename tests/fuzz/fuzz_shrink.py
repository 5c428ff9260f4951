"""The smallest window that still breaks the same promise: fewer records, then fewer bytes of each."""

from collections.abc import Callable, Iterator, Sequence

from fuzz_inputs import Payload

Broken = Callable[[Sequence[Payload]], bool]


def smallest(payloads: Sequence[Payload], broken: Broken, go_on: Callable[[], bool] = lambda: True) -> list[Payload]:
    """`broken(payloads)` holds, and holds of what is returned. Stops early when `go_on` says so."""
    records = list(payloads)
    for shorter in _shortened(records, broken, go_on):
        records = list(shorter)
    for place, payload in enumerate(records):
        if payload is None:
            continue

        def with_bytes(data: Sequence[int], at: int = place) -> bool:
            return broken([*records[:at], bytes(data), *records[at + 1 :]])

        for shorter_payload in _shortened(payload, with_bytes, go_on):
            records[place] = bytes(shorter_payload)
    return records


def _shortened(whole: Sequence, broken: Callable[[Sequence], bool], go_on: Callable[[], bool]) -> Iterator[Sequence]:  # type: ignore[type-arg]  # of records, or of bytes
    """Ever shorter ones: without a half, a quarter, down to without a single part."""
    size = max(1, len(whole) // 2)
    while go_on():
        at, before = 0, len(whole)
        while at < len(whole) and go_on():
            less = whole[:at] + whole[at + size :]
            if less and broken(less):
                whole = less
                yield whole
            else:
                at += size
        if size == 1 and len(whole) == before:
            return
        size = max(1, size // 2)
