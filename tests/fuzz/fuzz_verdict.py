"""What must hold of any window, whatever the bytes: the first promise that does not is a finding."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import polars as pl
import pyarrow as pa
from corpus_world import NOW
from fuzz_inputs import Payload
from tempting import Way, fast, slowly

from audit.cards import holds_card_number
from streaming.landing import WINDOW
from streaming.stages.plan import SCHEMA, Block, serialise, split
from streaming.walk import Enriched

CPU_S = 5.0
"""Of this process for one window: hundreds of times what the largest one takes."""
MAX_ROWS = 100
"""Of one append: less than the largest window, so that it is cut."""
NOT_SCANNED = ("kafka_topic", "kafka_topic_id", "payload_mac")
"""Texts of our own making; among the hex digits of a MAC a valid number stands now and then by chance."""
SUSPECT = re.compile(r"[^\x00-\x7f]|\\u|(?:[0-9][^0-9A-Za-z]*){13}")
"""What no card number can do without, as the auditor has it: the scan itself takes a while."""


@dataclass(frozen=True)
class Finding:
    """A promise that was broken: its kind, and where. Never a value of a record."""

    kind: str
    detail: str


@dataclass(frozen=True)
class Verdict:
    """Of one window."""

    finding: Finding | None
    rows: int = 0
    """Read back from the bytes that an append would carry."""
    cpu_s: float = 0.0
    signs: list[str] = field(default_factory=list)
    """A record's status and rule, in the window's order: what the fuzzer has not seen before, it keeps."""


class Broken(Exception):
    """Raised with a finding."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.finding = Finding(kind, detail)


def placed(payloads: Sequence[Payload]) -> pl.DataFrame:
    """The records in a window: an odd number of them over three partitions and out of order, offsets with gaps."""
    mixed = len(payloads) % 2 == 1
    order = range(len(payloads))
    return pl.DataFrame(
        {
            "kafka_partition": [n % 3 if mixed else 0 for n in order],
            "kafka_offset": [3 * (n ^ 1 if mixed else n) for n in order],
            "broker_timestamp": [NOW + timedelta(microseconds=n) for n in order],
            "payload": list(payloads),
        },
        schema=WINDOW,
    )


def examine(payloads: Sequence[Payload], way: Way = fast) -> Verdict:
    """Walk the window both ways, plan and serialise it. `way` stands where production's fast path does."""
    window, began = placed(payloads), time.process_time()
    try:
        enriched = way(window)
        _complete(window, enriched)
        _both_ways(window, enriched)
        _no_card(enriched.rows)
        rows = _appended(window, enriched)
    except Broken as broken:
        return Verdict(broken.finding)
    except (Exception, pl.exceptions.PanicException) as error:
        return Verdict(Finding("exception", _where(error)))
    spent = time.process_time() - began
    slow = Finding("slow", f"{spent:.1f} s of CPU for {len(payloads)} records") if spent > CPU_S else None
    signs = [f"{status} {detail}" for status, detail in enriched.rows.select("status", "status_detail").iter_rows()]
    return Verdict(slow, rows, spent, signs)


def _complete(window: pl.DataFrame, enriched: Enriched) -> None:
    if enriched.internal:
        raise Broken("exception", f"inside a stage: {', '.join(enriched.internal)}")
    places = window.select("kafka_partition", "kafka_offset")
    if not enriched.rows.select(places.columns).equals(places) or enriched.payloads.to_list() != _payloads(window):
        raise Broken("rows", f"{window.height} records in, {enriched.rows.height} rows out, or in another order")


def _both_ways(window: pl.DataFrame, quick: Enriched) -> None:
    slow = slowly(window)
    if quick.unknown_fields != slow.unknown_fields:
        raise Broken("differs", "the number of unknown fields")
    if quick.rows.schema != slow.rows.schema:
        raise Broken("differs", "the schema")
    for name in slow.rows.columns:
        unequal = quick.rows[name].ne_missing(slow.rows[name]).arg_true().to_list()
        if unequal:
            raise Broken("differs", f"{name} of record {unequal[0]}")


def _no_card(rows: pl.DataFrame) -> None:
    """By the auditor's scanner, which shares no code with the pipeline's."""
    for name, dtype in rows.schema.items():
        if dtype != pl.String or name in NOT_SCANNED:
            continue
        as_json = name == "payload_scrubbed"
        for text in rows[name].unique().to_list():
            if text and SUSPECT.search(text) and holds_card_number(text, as_json=as_json):
                raise Broken("card", f"a card number in {name}")


def _appended(window: pl.DataFrame, enriched: Enriched) -> int:
    """Cut into appends, serialised, read back: every record once, ascending; some with refused rows."""
    seen: list[tuple[int, int]] = []
    for block in split(enriched.rows, enriched.payloads, MAX_ROWS):
        seen += (places := _read_back(block))
        if len(block) % 4 == 0:
            refused = block.quarantined(dict.fromkeys(range(0, len(block), 2), "refused"))
            _no_card(refused.rows)
            if _read_back(refused) != places:
                raise Broken("rows", "a block with refused rows holds other records")
    if seen != sorted(window.select("kafka_partition", "kafka_offset").iter_rows()):
        raise Broken("rows", f"{window.height} records in, {len(seen)} rows in appends, or in another order")
    return len(seen)


def _read_back(block: Block) -> list[tuple[int, int]]:
    data = serialise(block, "epoch", NOW)
    if len(data) > block.nbytes:
        raise Broken("estimate", f"{len(data)} bytes are sent, {block.nbytes} were reckoned with")
    batch = pa.ipc.read_record_batch(pa.py_buffer(data), SCHEMA)
    batch.validate(full=True)
    places = (batch.column(SCHEMA.get_field_index(name)).to_pylist() for name in ("kafka_partition", "kafka_offset"))
    return list(zip(*places, strict=True))


def _payloads(window: pl.DataFrame) -> list[Payload]:
    found: list[Payload] = window["payload"].to_list()
    return found


def _where(error: BaseException) -> str:
    trace, last = error.__traceback__, None
    while trace is not None:
        last, trace = trace, trace.tb_next
    place = f" at {last.tb_frame.f_code.co_name}:{last.tb_lineno}" if last else ""
    return f"{type(error).__name__}{place}"
