"""Counting warehouses that would give a drain a wrong figure: each must fail a test."""

from contextlib import suppress

from benchmarks.counted import CountingWarehouse
from streaming.ports import AlreadyExists, CountQuery


class Blind(CountingWarehouse):
    """Takes rows it has already: doubles would count as speed."""

    def append(self, stream, offset, rows, timeout_s):
        with suppress(AlreadyExists):
            super().append(stream, offset, rows, timeout_s)


class Open(CountingWarehouse):
    """Knows only its own end of streams: a fenced owner would go on."""

    def finalize(self, stream, timeout_s):
        with self._locked(stream):
            return 3


class Forgetful(CountingWarehouse):
    """Counts the epoch just opened as well: a recovery check would fail, or pass for the wrong reason."""

    def count_live(self, topic_id, queries, timeout_s):
        everything = [CountQuery(q.partition, q.offset, q.since, "") for q in queries]
        return super().count_live(topic_id, everything, timeout_s)


MUTANTS = (Blind, Open, Forgetful)
