"""Re-drive: quarantined records put through today's rules again. Frames in, frames out.

What there is of such a record is its payload with card numbers masked. The mask may stand in the description or in a
field that the contract does not know; in any other field it would make a value that nobody sent, so such a record is
never accepted, whatever the rules say.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from streaming import contract
from streaming.landing import LANDING, WINDOW
from streaming.reference.tables import Reference
from streaming.stages.plan import COLUMNS
from streaming.walk import Policy, Source, enrich

QUARANTINED: Final[Mapping[str, pl.DataType | type[pl.DataType]]] = {
    name: LANDING[name]
    for name in (
        "kafka_topic",
        "kafka_topic_id",
        "kafka_partition",
        "kafka_offset",
        "broker_timestamp",
        "enrichment_revision",
        "payload_mac",
        "payload_scrubbed",
    )
}
"""What a re-drive reads of the newest row of a quarantined record."""
REFUSED: Final[Mapping[str, pl.DataType | type[pl.DataType]]] = {
    "kafka_partition": pl.Int64,
    "kafka_offset": pl.Int64,
    "reason": pl.String,
}
NO_PAYLOAD: Final = "no payload kept"
MASKED: Final = "card number masked in a field"
PAYLOAD_MASKED: Final = " (payload masked)"
"""Behind today's reason: the mask itself may be what breaks the rule."""

REASONS: Final = (
    contract.TOMBSTONE,
    contract.OVERSIZED,
    contract.NOT_JSON,
    contract.SCHEMA_VERSION_REASON,
    *(f"MISSING_{name.upper()}" for name in contract.FIELDS[1:] if name not in contract.OPTIONAL_FIELDS),
    *(f"BAD_{name.upper()}" for name in contract.FIELDS[1:]),
    *(f"PAN_IN_{name.upper()}" for name in contract.PAN_CHECKED_FIELDS),
    contract.WAREHOUSE_REJECTED,
    contract.INTERNAL,
)
"""Every reason a record may be quarantined for (docs/data-contract.md)."""
_TEXTS: Final = [name for name in contract.FIELDS if LANDING[name] == pl.String and name != "description"]


def never(reason: str) -> str | None:
    """Why no record of this reason can be re-driven; None if some may."""
    if reason == contract.TOMBSTONE:
        return "a tombstone has no payload"
    if reason == contract.INTERNAL:
        return "no payload is kept of it; replay its day from Kafka"
    if reason.startswith("PAN_IN_"):
        return "its payload is kept with the card number masked; replay its day from Kafka"
    return None


@dataclass(frozen=True, slots=True)
class Reconsidered:
    """What today's rules say of some quarantined records."""

    rows: pl.DataFrame
    """`COLUMNS`: records accepted today, as the stream would land them, each with the MAC of its raw bytes."""
    refused: pl.DataFrame
    """`REFUSED`: the others, with why."""


def reconsider(newest: pl.DataFrame, reference: Reference, policy: Policy) -> Reconsidered:
    """Judge and enrich records again: `newest` in the schema `QUARANTINED`, one row a record."""
    kept = newest.filter(pl.col("payload_scrubbed").is_not_null())
    lost = newest.filter(pl.col("payload_scrubbed").is_null()).with_columns(reason=pl.lit(NO_PAYLOAD))
    rows, refused = [pl.DataFrame(schema=_SCHEMA)], [lost.select(list(REFUSED))]
    topics = kept.partition_by("kafka_topic", "kafka_topic_id", as_dict=True, maintain_order=True)
    for (topic, topic_id), records in topics.items():
        judged = _judged(records, Source(topic, topic_id), reference, policy)
        rows.append(judged.filter(pl.col("reason").is_null()).select(COLUMNS))
        refused.append(judged.filter(pl.col("reason").is_not_null()).select(list(REFUSED)))
    return Reconsidered(pl.concat(rows), pl.concat(refused))


def _judged(records: pl.DataFrame, source: Source, reference: Reference, policy: Policy) -> pl.DataFrame:
    """Rows (`COLUMNS`) of one topic's records and `reason`, null where a record is accepted."""
    window = records.with_columns(payload=pl.col("payload_scrubbed").cast(pl.Binary)).select(list(WINDOW))
    rows = enrich(window, source, reference, policy).rows
    altered = _altered(records, rows["payload_mac"])
    starred = pl.any_horizontal(pl.col(_TEXTS).str.contains("*", literal=True).fill_null(False))
    masked = altered & rows.select(starred.alias("starred"))["starred"]
    today = pl.col("status").str.strip_prefix(contract.QUARANTINED_PREFIX)
    why = pl.when(altered).then(today + PAYLOAD_MASKED).otherwise(today)
    reason = pl.when(pl.col("status") != contract.STATUS_OK).then(why).when(masked).then(pl.lit(MASKED))
    return rows.with_columns(reason=reason, payload_mac=records["payload_mac"])


def _altered(records: pl.DataFrame, macs_today: pl.Series) -> pl.Series:
    """Whether scrubbing changed a payload: it left asterisks, and the MAC is not that of these bytes.

    With another key than the one it was made with a MAC proves nothing; then every asterisk counts as a mask.
    """
    stars = records["payload_scrubbed"].str.contains("*", literal=True)
    return stars & records["payload_mac"].ne_missing(macs_today)


_SCHEMA: Final = {name: LANDING[name] for name in COLUMNS}
