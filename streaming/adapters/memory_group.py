"""A consumer group in memory: static members, generations, a sticky cooperative assignment, commits."""

from streaming.ports import Commit, CommitOutcome

MAX_METADATA_UNITS = 4_095
"""The broker's limit on commit metadata, in UTF-16 units (measured: 4,096 are refused with code 12)."""


class Group:
    """What the group coordinator knows. Not thread-safe: `MemoryCluster` holds the lock.

    `owner` is who holds a partition now, `target` who shall: they differ while a rebalance is under way,
    and the new owner gets a partition only after the old one has let go of it.
    """

    def __init__(self) -> None:
        self.generation = 0
        self.members: dict[str, int] = {}
        self.owner: dict[int, str] = {}
        self.target: dict[int, str] = {}
        self.commits: dict[int, Commit] = {}
        self._clients = 0

    def join(self, member: str, partitions: int) -> int:
        """A client joins under a static id and fences the id's previous client. Returns the client's number.

        A known id gets its partitions back without a rebalance, as static membership does.
        """
        self._clients += 1
        known = member in self.members
        self.members[member] = self._clients
        if not known:
            self.rebalance(partitions)
        return self._clients

    def expel(self, member: str, partitions: int) -> None:
        """The member's session ended: its partitions are free at once."""
        if self.members.pop(member, None) is not None:
            self.owner = {p: m for p, m in self.owner.items() if m != member}
            self.rebalance(partitions)

    def rebalance(self, partitions: int) -> None:
        """New generation and new targets: members keep what they have up to their fair share."""
        self.generation += 1
        names = sorted(self.members)
        share, extra = divmod(partitions, len(names)) if names else (0, 0)
        kept: dict[str, list[int]] = {name: [] for name in names}
        for partition, name in sorted(self.target.items()):
            if name in kept and partition < partitions:
                kept[name].append(partition)
        by_size = sorted(names, key=lambda name: (-len(kept[name]), name))
        quota = {name: share + (rank < extra) for rank, name in enumerate(by_size)}
        self.target = {p: name for name in names for p in kept[name][: quota[name]]}
        free = iter([p for p in range(partitions) if p not in self.target])
        for name in names:
            for _ in range(quota[name] - min(len(kept[name]), quota[name])):
                self.target[next(free)] = name

    def answer(self, member: str, client: int, generation: int | None, commit: Commit) -> tuple[CommitOutcome, str]:
        """What the coordinator says to a commit. It never asks who owns the partition: measured, so here too."""
        if len(commit.metadata.encode("utf-16-le")) // 2 > MAX_METADATA_UNITS:
            return CommitOutcome.INVALID, "metadata too large (12)"
        current = self.members.get(member)
        if current is None:
            return CommitOutcome.FENCED, "unknown member (25)"
        if current != client:
            return CommitOutcome.DEAD, "fenced by a newer client of this static id (82)"
        if generation != self.generation:
            return CommitOutcome.REBALANCING, "illegal generation (22)"
        return CommitOutcome.APPLIED, ""
