"""The comparison of a replayed day with what landed: one statement, and what its rows say.

Of each record the newest landed revision is compared, chosen as the view `payments` chooses it. A difference is
explained only in columns that the reference decides, and only if the row itself says that its reference is another one;
or if a stage had failed on the record (INTERNAL), which newer code mended.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from assets.payments.replay.ranges import OffsetRange, within_sql
from assets.payments.superseding import COORDINATES, MOVED, newest_sql
from streaming.contract import INTERNAL, QUARANTINED_PREFIX
from streaming.landing import LANDING

MERCHANT: Final = (
    "merchant_name",
    "merchant_category",
    "merchant_country",
    "merchant_risk_tier",
    "merchant_version",
    "merchant_status",
)
FX: Final = (
    "reporting_amount",
    "signed_reporting_amount",
    "fx_rate_from",
    "fx_rate_to",
    "fx_rate_date",
    "fx_revision",
    "fx_status",
    "rounding_rule",
)
MERCHANT_EVIDENCE: Final = ("merchant_version", "merchant_status")
"""A row says by these that it was enriched with another merchant."""
FX_EVIDENCE: Final = ("fx_revision", "fx_rate_date", "fx_status")
"""And by these that its rates are another snapshot's."""
VERSIONS: Final = ("merchant_version", "fx_revision")
"""A row that differs in these alone has the same values: it is explained and, as corrections do, left alone."""
NOT_COMPARED: Final = frozenset({"loaded_at", "ownership_epoch", "replay_id", "enrichment_revision"})
"""Who wrote a row and when. The MAC is compared: it proves that the same bytes were read."""
VALUES: Final = tuple(name for name in LANDING if name not in NOT_COMPARED and name not in COORDINATES)
_OWN: Final = tuple(name for name in VALUES if name not in MERCHANT and name not in FX)
HIDDEN: Final = frozenset({"payload_scrubbed", "description", "card_token"})
"""Differences in these are counted; their values are shown to nobody."""
_PROVENANCE: Final = ("kafka_topic", "broker_timestamp", "payload_mac")
_FAILED: Final = f"{QUARANTINED_PREFIX}{INTERNAL}"
"""Status of a record on which a stage failed: newer code explains any other row of the same bytes."""
_SHOWN: Final = tuple(name for name in VALUES if name not in HIDDEN)

IDENTICAL, EXPLAINED, UNEXPLAINED = "identical", "explained", "unexplained"
ONLY_LANDED, ONLY_REPLAYED = "(only landed)", "(only replayed)"
EXAMPLES_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class Example:
    """One record that differs. No payload and no free text."""

    topic_id: str
    partition: int
    offset: int
    what: str
    """EXPLAINED or UNEXPLAINED."""
    columns: tuple[str, ...]
    changes: Mapping[str, tuple[str | None, str | None]] = field(default_factory=dict)
    """Column to landed and replayed value, as text; hidden columns are left out."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Counts are records."""

    identical: int = 0
    explained: int = 0
    unexplained: int = 0
    version_only: int = 0
    """Explained ones whose values are the same: they name another version."""
    only_landed: int = 0
    only_replayed: int = 0
    columns: Mapping[str, int] = field(default_factory=dict)
    """Differing column to records."""
    examples: tuple[Example, ...] = ()
    """Unexplained ones first."""

    @property
    def replayed(self) -> int:
        """Rows of the replay."""
        return self.identical + self.explained + self.unexplained - self.only_landed


def pairs_sql(dataset: str, shadow: str, day: date, ranges: Sequence[OffsetRange]) -> str:
    """CTEs `landed` and `replayed`: newest landed rows of the day within the ranges, and the shadow table's rows.

    A record that left the day has a MOVED row here: nothing is expected of it. `dataset` is `project.dataset`.
    """
    where = f"business_date = DATE '{day.isoformat()}' AND {within_sql(ranges)}"
    return f"""newest AS ({newest_sql(dataset, where)}),
landed AS (SELECT * FROM newest WHERE status != '{MOVED}'),
replayed AS (SELECT * FROM `{dataset}.{shadow}`)"""


def same_record(left: str, right: str) -> str:
    """The join's condition."""
    return " AND ".join(f"{left}.{name} = {right}.{name}" for name in COORDINATES)


def differs(names: Iterable[str]) -> str:
    """Whether any of these columns of `landed` and `replayed` does."""
    return "(" + " OR ".join(f"landed.{name} IS DISTINCT FROM replayed.{name}" for name in names) + ")"


def difference_sql(dataset: str, shadow: str, day: date, ranges: Sequence[OffsetRange]) -> str:
    """One row per class, set of differing columns and partition: `class`, `columns`, `records`, `example`.

    `columns`: names, each with a comma behind it. `example`: JSON of one record, null for identical ones.
    """
    places = ", ".join(f"COALESCE(landed.{name}, replayed.{name}) AS {name}" for name in COORDINATES)
    names = ", ".join(f"IF(d_{name}, '{name},', '')" for name in VALUES)
    return f"""
WITH {pairs_sql(dataset, shadow, day, ranges)},
paired AS (
  SELECT {places},
    landed.kafka_offset IS NOT NULL AS is_landed,
    replayed.kafka_offset IS NOT NULL AS is_replayed,
    landed.status = '{_FAILED}' AS had_failed,
    {_compared()}
  FROM landed FULL OUTER JOIN replayed ON {same_record("landed", "replayed")}
),
classed AS (
  SELECT *,
    {_class()} AS class,
    CASE WHEN NOT is_replayed THEN '{ONLY_LANDED},' WHEN NOT is_landed THEN '{ONLY_REPLAYED},'
      ELSE CONCAT({names}) END AS columns
  FROM paired
)
SELECT class, columns, COUNT(*) AS records,
  MIN(IF(class = '{IDENTICAL}', NULL, {_example_json()})) AS example
FROM classed
GROUP BY class, columns, kafka_topic_id, kafka_partition
"""


def _compared() -> str:
    """`d_<column>` for each that is compared; `old_` and `new_<column>` as text where it differs and may be shown."""
    flags = [f"{differs([name])} AS d_{name}" for name in VALUES]
    texts = [
        f"IF({differs([name])}, CAST({side}.{name} AS STRING), NULL) AS {old}_{name}"
        for name in _SHOWN
        for side, old in (("landed", "old"), ("replayed", "new"))
    ]
    return ",\n    ".join([*flags, *texts])


def _example_json() -> str:
    """Fields are named twice: the emulator forgets the name of a bare column."""
    columns = [*COORDINATES, *(f"{old}_{name}" for name in _SHOWN for old in ("old", "new"))]
    return f"TO_JSON_STRING(STRUCT({', '.join(f'{name} AS {name}' for name in columns)}))"


def _class() -> str:
    """First match wins: what newer code mended, what is missing or differs by itself, then what the row's versions do
    not account for."""
    return f"""CASE
      WHEN is_replayed AND had_failed AND d_status AND NOT {_any(_PROVENANCE)} THEN '{EXPLAINED}'
      WHEN NOT (is_landed AND is_replayed) OR {_any(_OWN)} THEN '{UNEXPLAINED}'
      WHEN {_any(MERCHANT)} AND NOT {_any(MERCHANT_EVIDENCE)} THEN '{UNEXPLAINED}'
      WHEN {_any(FX)} AND NOT {_any(FX_EVIDENCE)} THEN '{UNEXPLAINED}'
      WHEN {_any(MERCHANT)} OR {_any(FX)} THEN '{EXPLAINED}'
      ELSE '{IDENTICAL}' END"""


def _any(names: Iterable[str]) -> str:
    return "(" + " OR ".join(f"d_{name}" for name in names) + ")"


def difference_of(rows: Iterable[Mapping[str, Any]]) -> Difference:
    """Rows of `difference_sql` as counts, and at most EXAMPLES_SHOWN examples."""
    classes: Counter[str] = Counter()
    columns: Counter[str] = Counter()
    version_only, examples = 0, []
    for row in rows:
        named, records = tuple(filter(None, row["columns"].split(","))), int(row["records"])
        classes[row["class"]] += records
        columns.update(dict.fromkeys(named, records))
        version_only += records if named and set(named) <= set(VERSIONS) else 0
        if row["example"] is not None:
            examples.append(_example(json.loads(row["example"]), row["class"], named))
    examples.sort(key=lambda e: (e.what != UNEXPLAINED, e.columns, e.topic_id, e.partition, e.offset))
    return Difference(
        identical=classes[IDENTICAL],
        explained=classes[EXPLAINED],
        unexplained=classes[UNEXPLAINED],
        version_only=version_only,
        only_landed=columns.pop(ONLY_LANDED, 0),
        only_replayed=columns.pop(ONLY_REPLAYED, 0),
        columns=dict(sorted(columns.items(), key=lambda pair: (-pair[1], pair[0]))),
        examples=_spread(examples),
    )


def _example(record: Mapping[str, Any], what: str, columns: tuple[str, ...]) -> Example:
    shown = [name for name in columns if f"old_{name}" in record]
    changes = {name: (record[f"old_{name}"], record[f"new_{name}"]) for name in shown}
    place = (str(record["kafka_topic_id"]), int(record["kafka_partition"]), int(record["kafka_offset"]))
    return Example(*place, what, columns, changes)


def _spread(examples: Sequence[Example]) -> tuple[Example, ...]:
    """One of each class and set of columns first, so that no kind of difference is crowded out by another."""
    seen: set[tuple[str, tuple[str, ...]]] = set()
    first: list[Example] = []
    rest: list[Example] = []
    for example in examples:
        kind = (example.what, example.columns)
        (rest if kind in seen else first).append(example)
        seen.add(kind)
    return tuple([*first, *rest][:EXAMPLES_SHOWN])
