"""Who holds what, read from the bytes that members of a group exchange."""

import struct

import pytest

from streaming.adapters.kafka_groups import assigned, unowned

UUID = "-01234567-89ab-cdef-0123-456789abcdef"


def assignment(more: bytes = b"", **topics: list[int]) -> bytes:
    """As a Java client writes it."""
    parts = [struct.pack(">hi", 1, len(topics))]
    for topic, numbers in topics.items():
        parts.append(
            struct.pack(f">h{len(topic)}si{len(numbers)}i", len(topic), topic.encode(), len(numbers), *numbers)
        )
    return b"".join(parts) + more


def test_an_assignment_is_read_whatever_comes_behind_it() -> None:
    for more in (b"", struct.pack(">i", -1), struct.pack(">i", 2) + b"xy"):
        assert assigned(assignment(more, payments=[0, 5], refunds=[])) == {"payments": (0, 5), "refunds": ()}
    assert assigned(b"") == {}


def group(**members: bytes) -> dict[str, bytes]:
    return {name + UUID: data for name, data in members.items()}


@pytest.mark.parametrize(
    ("asking", "members", "found"),
    [
        ("a", group(a=assignment(payments=[0]), b=assignment(payments=[2])), [1]),
        ("b", group(a=assignment(payments=[0]), b=assignment(payments=[2])), []),
        ("a", group(a=assignment(payments=[0, 1, 2])), []),
        ("a", group(a=assignment(payments=[0]), b=assignment(refunds=[1, 2])), [1, 2]),
        ("b", group(a=assignment(refunds=[1]), b=assignment(payments=[0])), [1, 2]),
        ("a", group(a=b"", b=assignment(payments=[0])), [1, 2]),
        ("a", group(a=assignment(payments=[0]), b=b"\0\1\0"), []),
        ("a", {}, []),
    ],
    ids=["first", "second", "all held", "other topic", "its reader", "holds none", "unreadable", "nobody"],
)
def test_the_first_that_reads_the_topic_is_told_what_nobody_holds(asking, members, found) -> None:
    assert unowned(members, "payments", 3, asking) == found


def test_a_torn_assignment_is_an_error_not_a_guess() -> None:
    data = assignment(payments=[0, 1])
    for length in range(1, len(data)):
        with pytest.raises(struct.error):
            assigned(data[:length])
