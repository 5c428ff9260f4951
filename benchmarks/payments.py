"""The payments that are measured with: records of the sandbox's own generator, and the reference data they join.

Made once by the parent and handed to measuring processes as files, so that generating is never measured.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec
import polars as pl

from assets.fx.snapshots import next_revisions
from assets.merchants.versions import with_versions
from sandbox.producer.planning import Mix, Plan
from sandbox.seed import Frames, frames
from sandbox.world.merchants import MERCHANTS, MerchantBook
from streaming.landing import FX_RATES, TIMESTAMP
from streaming.landing import MERCHANTS as MERCHANT_COLUMNS
from streaming.ports import Records
from streaming.reference.tables import Reference

MAC_KEY: Final = "benchmarks-only-0123456789abcdef"
MIXES: Final = {"default": Mix(), "zero_bad": Mix(bad=0, duplicates=0, late=0)}
"""The producer's default shares of bad, duplicate and late records; and none of these."""
RUN: Final = "bench"
PARTITIONS: Final = 6
POLLED_RUN: Final = 250
"""Records of one partition that follow one another in a poll: a fetched batch is of one partition."""
SPACING_PER_S: Final = 5_000
"""Spacing of the sample's due times: 100,000 records are of the last twenty seconds."""


class Payment(msgspec.Struct, array_like=True, gc=False):
    """A record's Kafka key and value (None: tombstone)."""

    key: str
    value: bytes | None


def make(count: int, mix: Mix, seed: int) -> list[Payment]:
    """`count` records that were due until now."""
    start = datetime.now(UTC) - timedelta(seconds=count / SPACING_PER_S)
    book = MerchantBook.build(seed, MERCHANTS)
    plan = Plan(seed=seed, run=RUN, start=start, rate=SPACING_PER_S, mix=mix, mac_key=MAC_KEY, book=book)
    return [Payment(planned.key, planned.payload) for planned in (plan.next() for _ in range(count))]


def write_sample(folder: Path, count: int, seed: int) -> Frames:
    """Both mixes as `<mix>.msgpack`, and the world's reference data as Arrow files. Returns the latter."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, mix in MIXES.items():
        (folder / f"{name}.msgpack").write_bytes(msgspec.msgpack.encode(make(count, mix, seed)))
    now = datetime.now(UTC)
    made = frames(seed, now)
    merchants = with_versions(made.merchants).with_columns(
        recorded_at=pl.lit(now, TIMESTAMP), superseded_at=pl.lit(None, TIMESTAMP)
    )
    merchants.select(list(MERCHANT_COLUMNS)).write_ipc(folder / "merchants.arrow")
    rates = next_revisions(pl.DataFrame(schema=FX_RATES), made.rates, now)
    rates.select(list(FX_RATES)).write_ipc(folder / "fx_rates.arrow")
    return made


def read_sample(folder: Path, mix: str) -> list[Payment]:
    """Records that `write_sample` wrote."""
    return msgspec.msgpack.decode((folder / f"{mix}.msgpack").read_bytes(), type=list[Payment])


def read_reference(folder: Path) -> Reference:
    """The reference data that `write_sample` wrote, as the walk uses it."""
    return Reference.build(
        pl.read_ipc(folder / "merchants.arrow"),
        pl.read_ipc(folder / "fx_rates.arrow"),
        "bench",
        "bench",
    )


def polled(sample: list[Payment], size: int) -> list[Records]:
    """The sample as polls of `size` records would deliver it: runs of one partition after another."""
    now_ms = int(datetime.now(UTC).timestamp() * 1_000)
    ends = [0] * PARTITIONS
    polls = []
    for first in range(0, len(sample), size):
        values = [payment.value for payment in sample[first : first + size]]
        partitions = [(place // POLLED_RUN) % PARTITIONS for place in range(len(values))]
        offsets = []
        for partition in partitions:
            offsets.append(ends[partition])
            ends[partition] += 1
        polls.append(Records(partitions, offsets, [now_ms] * len(values), values))
    return polls
