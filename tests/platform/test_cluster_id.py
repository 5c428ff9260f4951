"""The id that a new broker's log folder is formatted with."""

import uuid
from itertools import chain, repeat

from sandbox.platform.kafka import cluster_id

DASHED = uuid.UUID("f8000000-0000-4000-8000-000000000000")
"""Its first six bits are 62, a dash in base64url: read as an option by Kafka's storage tool."""
PLAIN = uuid.UUID("00000000-0000-4000-8000-00000000003e")


def test_an_id_never_begins_with_a_dash():
    drawn = chain([DASHED, DASHED], repeat(PLAIN))
    assert cluster_id(lambda: next(drawn)) == "AAAAAAAAQACAAAAAAAAAPg"


def test_an_id_is_a_uuid_of_22_characters():
    assert {len(cluster_id()) for _ in range(50)} == {22}
