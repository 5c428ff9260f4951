"""What a row keeps of its payload: a keyed MAC always, the masked text only if the record was quarantined."""

from hashlib import blake2b
from typing import Final

import polars as pl

from streaming import contract, pan

MAC_BYTES: Final = 16


def macs(payloads: pl.Series, key: bytes) -> list[str]:
    """Keyed BLAKE2b-128 of each payload's raw bytes (of b"" for a tombstone), 32 hex digits."""
    keyed = blake2b(digest_size=MAC_BYTES, key=key)
    digests = []
    for payload in payloads.to_list():
        mac = keyed.copy()
        mac.update(payload or b"")
        digests.append(mac.hexdigest())
    return digests


def scrub(payload: bytes | None) -> str | None:
    """One payload masked; None for a tombstone, for more than 64 kB and for bytes that are not UTF-8."""
    if payload is None or len(payload) > contract.MAX_SCRUBBED_BYTES:
        return None
    try:
        text = payload.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return pan.mask_json(text)
