"""The re-drive with one tempting shortcut each; each with the proofs that must see it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import polars as pl
import pytest

from assets.payments import reconsider, redrive
from assets.payments.superseding import MOVED, newest_sql, write_id
from streaming.stages.evidence import macs

_judged, _altered, _supersede, _write = reconsider._judged, reconsider._altered, redrive.supersede, redrive.write


def accept_what_decodes(records: Any, source: Any, reference: Any, policy: Any) -> Any:
    """Whoever has a transaction to show is a payment."""
    rows = _judged(records, source, reference, policy)
    return rows.with_columns(reason=pl.when(pl.col("transaction_id").is_null()).then("reason"))


def mac_of_the_masked_payload(records: Any, source: Any, reference: Any, policy: Any) -> Any:
    anew = pl.Series(macs(records["payload_scrubbed"].cast(pl.Binary), policy.mac_key))
    return _judged(records, source, reference, policy).with_columns(payload_mac=anew)


def trust_every_payload(records: Any, macs_today: Any) -> Any:
    return _altered(records, macs_today) & False


def forget_moved(new: Any, newest: Any, replay_id: str, day: Any) -> Any:
    return _supersede(new, newest, replay_id, day).filter(pl.col("status") != MOVED)


def oldest_first(*args: Any) -> str:
    return newest_sql(*args).replace("revision DESC", "revision ASC")


def write_anew(batch: Any, rows: Any, replay_id: str, day: Any, **more: Any) -> Any:
    """Never looks for what an earlier attempt recorded."""
    name = f"{replay_id}-{len(batch.calls)}"
    return _write(batch, rows.with_columns(replay_id=pl.lit(write_id(name, day))), name, day, **more)


MUTANTS: dict[str, tuple[tuple[Any, str, Any], list[str]]] = {
    "accept what is still refused": (
        (reconsider, "_judged", accept_what_decodes),
        ["records_still_refused_are_not_accepted"],
    ),
    "the MAC of the masked payload": (
        (reconsider, "_judged", mac_of_the_masked_payload),
        ["the_mac_is_that_of_the_raw_bytes"],
    ),
    "a mask is as good as a value": (
        (reconsider, "_altered", trust_every_payload),
        ["a_masked_token_is_no_token"],
    ),
    "no MOVED row": (
        (redrive, "supersede", forget_moved),
        ["accepted_records_are_on_their_own_dates", "a_crash_at_any_call_is_exactly_once"],
    ),
    "the oldest revision": (
        (redrive, "newest_sql", oldest_first),
        ["the_newest_revision_is_superseded", "what_is_mended_is_not_asked_for"],
    ),
    "a new id for each attempt": (
        (
            redrive,
            "write",
            write_anew,
        ),
        ["a_crash_at_any_call_is_exactly_once"],
    ),
}
"""Where it is planted, and the proofs of test_redrive that must see it."""


@contextmanager
def alive(name: str) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(*MUTANTS[name][0])
        yield
