"""What a broker tells of a group's members: who holds which partitions, from the bytes that members exchange."""

import struct
from collections.abc import Mapping
from typing import Final

STATIC_TAIL: Final = 37
"""Characters behind a static member's name in its member id: a dash and a UUID (Kafka's GroupCoordinator)."""


def unowned(members: Mapping[str, bytes], topic: str, partitions: int, asking: str) -> list[int]:
    """Partitions of the topic that no member holds. `members`: each one's assignment, by member id.

    None unless `asking` is the static id of the first by name among those that read this topic, or none yet: others
    may read other topics in the same group. Raises nothing: a member whose bytes cannot be read may hold anything.
    """
    try:
        dealt = {member: assigned(data) for member, data in members.items()}
    except (struct.error, UnicodeDecodeError):
        return []
    ours = sorted(name for name, topics in dealt.items() if topic in topics or not topics)
    if not ours or ours[0][:-STATIC_TAIL] != asking:
        return []
    owned = {number for topics in dealt.values() for number in topics.get(topic, ())}
    return sorted(set(range(partitions)) - owned)


def assigned(data: bytes) -> dict[str, tuple[int, ...]]:
    """Partitions by topic of a ConsumerProtocolAssignment (kafka/clients: message/ConsumerProtocolAssignment.json),
    any version: what newer ones add comes behind. Raises struct.error, UnicodeDecodeError."""
    if not data:
        return {}
    _, topics = struct.unpack_from(">hi", data)
    found, at = {}, 6
    for _ in range(topics):
        (length,) = struct.unpack_from(">h", data, at)
        (name,) = struct.unpack_from(f">{length}s", data, at + 2)
        at += 2 + length
        (count,) = struct.unpack_from(">i", data, at)
        found[name.decode()] = struct.unpack_from(f">{count}i", data, at + 4)
        at += 4 + 4 * count
    return found
