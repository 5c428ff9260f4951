"""Worlds that are worse than the simulated one: allowed to be, or breaking a promise that the services made."""

import random

from simulated_world import Stream, World


class TrimsOften(World):
    """Retention close behind the pipeline."""

    trim_rate = 0.1


class LandsPrefixes(World):
    """An unanswered append may land in part: BigQuery does not say that it cannot."""

    def arriving(self, rows: list[int]) -> list[int]:
        return rows[: self.random.randint(0, len(rows))]


class Miscounts(World):
    """Finalize answers a wrong count, the same when asked again: what the CHECK is there for."""

    by, rate = 0, 0.7

    def __init__(self, chance: random.Random, calm: bool = False) -> None:
        super().__init__(chance, calm)
        self.off: dict[int, int] = {}

    def count(self, stream: Stream) -> int:
        wrong = self.random.random() < self.rate
        off = self.off.setdefault(id(stream), self.by * self.random.randint(1, 2) * wrong)
        return max(0, len(stream.rows) + off)


class CountsTooMany(Miscounts):
    by = 1


class CountsTooFew(Miscounts):
    by = -1


class AppliesAfterFinalize(World):
    """A request that was long on its way is applied to a finalized stream."""

    def takes(self, stream: Stream) -> bool:
        return not stream.gone


class ShowsLate(World):
    """Queries find a row a while after its append was acknowledged."""

    lag_s = 2.0

    def __init__(self, chance: random.Random, calm: bool = False) -> None:
        super().__init__(chance, calm)
        self.landed_at: dict[int, float] = {}

    def land(self, stream: Stream, rows: list[int], epoch: str) -> None:
        super().land(stream, rows, epoch)
        self.landed_at.update(dict.fromkeys(rows, self.now_s))

    def seen(self, besides: str | None = None) -> list[int]:
        return [row for row in self.table(besides) if self.landed_at[row] + self.lag_s <= self.now_s]


class ShowsLateAndKeepsStreams(ShowsLate):
    """So that recovery always counts, and never asks the table where to go on."""

    trim_rate = expiry_rate = 0.0


class DeletesUnlanded(World):
    """Retention passes a pipeline that does not keep up, once it has begun."""

    trim_rate = 0.02

    def trim(self) -> None:
        if self.commit is not None:
            self.low = max(self.low, self.log[self.random.randrange(self.shown)])


class Compacts(World):
    """`cleanup.policy=compact`: a record that was landed is not delivered again."""

    def deliver_late(self) -> None:
        super().deliver_late()
        landed = [o for o in self.table() if o in self.log[:-1]]
        if landed and self.random.random() < 0.1:
            self.log.remove(self.random.choice(landed))
            self.shown = min(self.shown, len(self.log))
