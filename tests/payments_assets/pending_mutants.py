"""The write path with one tempting shortcut each; each with the proofs that must see it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from assets.payments import pending
from assets.payments.batch_warehouse import BatchWrite

_settle = pending._settle


def record_after_the_commit(warehouse: Any, rows: Any, replay_id: str, day: Any, *, kind: str, at: Any) -> Any:
    before = warehouse.recorded(replay_id, day)
    if before is not None and pending._settle(warehouse, before):
        return pending.Written(before.stream, before.row_count, again=True)
    new = BatchWrite(replay_id, day, warehouse.create_pending(), rows.height, at, kind)
    pending._fill(warehouse, new, rows)
    pending._commit(warehouse, new.stream)
    warehouse.record(new)
    return pending.Written(new.stream, new.row_count, again=False)


def a_new_stream_on_retry(warehouse: Any, before: BatchWrite) -> bool:
    """Trusts the look for rows alone."""
    return bool(warehouse.rows_of(before.replay_id, before.business_date))


def committed_is_a_failure(warehouse: Any, stream: str) -> None:
    warehouse.commit(stream)


def commit_whatever_it_holds(warehouse: Any, before: BatchWrite) -> bool:
    if warehouse.rows_of(before.replay_id, before.business_date):
        return True
    warehouse.finalize(before.stream)
    pending._commit(warehouse, before.stream)
    return True


def gone_means_committed(warehouse: Any, before: BatchWrite) -> bool:
    return _settle(warehouse, before) or before.stream not in warehouse._streams


def never_look_for_rows(warehouse: Any, before: BatchWrite) -> bool:
    try:
        if warehouse.finalize(before.stream) != before.row_count:
            return False
    except pending.StreamFinalized:
        pass
    except pending.StreamNotFound:
        return False
    pending._commit(warehouse, before.stream)
    return True


MUTANTS: dict[str, tuple[tuple[str, Any], list[str]]] = {
    "commit without recording first": (
        ("write", record_after_the_commit),
        ["a_fault_at_any_call_is_exactly_once", "the_stream_is_recorded_before_its_first_append"],
    ),
    "a new stream on retry": (("_settle", a_new_stream_on_retry), ["rows_that_show_late_are_exactly_once"]),
    "already committed is a failure": (("_commit", committed_is_a_failure), ["rows_that_show_late_are_exactly_once"]),
    "commit whatever the stream holds": (
        ("_settle", commit_whatever_it_holds),
        ["a_fault_at_any_call_is_exactly_once"],
    ),
    "a stream that is gone was committed": (("_settle", gone_means_committed), ["expired_streams_are_exactly_once"]),
    "never look for rows": (("_settle", never_look_for_rows), ["expired_streams_are_exactly_once"]),
}
"""What replaces it in `assets.payments.pending`, and the proofs of test_pending_write that must see it."""


@contextmanager
def alive(name: str) -> Iterator[None]:
    import test_pending_write

    place, mutant = MUTANTS[name][0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pending, place, mutant)
        if place == "write":
            patch.setattr(test_pending_write, "write", mutant)
        yield
