"""What becomes of each request: decided by rules and a seed alone, so that a script means the same in every run."""

import random
import threading
from collections import Counter
from dataclasses import dataclass
from enum import Enum

APPEND, OPEN, FINALIZE = "AppendRows", "CreateWriteStream", "FinalizeWriteStream"
COUNT, HIGHEST, QUERY = "count of live rows", "highest live offset", "another call"
"""Requests by name: the methods of the Write API, and the kinds of REST call."""


class Says(Enum):
    """What the caller is answered. The offsets are the stream's own; `true` means that of an append that arrived."""

    TRUTH = "what the emulator said"
    NOTHING = "nothing, for ever"
    BOTH = "each of two answers to a request that arrived twice"
    BLANK = "an answer without a result"
    EXISTS = "ALREADY_EXISTS with the end of these very rows"
    EXISTS_ELSEWHERE = "ALREADY_EXISTS with another offset"
    EXISTS_SOMEWHERE = "ALREADY_EXISTS without an offset"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    FINALIZED = "STREAM_FINALIZED"
    NOT_FOUND = "NOT_FOUND"
    ROW_ERRORS = "row errors for the first and the third row"
    EXHAUSTED = "RESOURCE_EXHAUSTED"
    DENIED = "PERMISSION_DENIED"
    ABORTED = "ABORTED"
    UNAVAILABLE = "UNAVAILABLE"
    INTERNAL = "INTERNAL"
    DEADLINE = "DEADLINE_EXCEEDED"
    RESET = "a TCP reset of every connection"
    FAILED = "HTTP 503"
    STALE = "a count that misses the newest rows"


@dataclass(frozen=True)
class Fate:
    """What becomes of one request: how often it arrives, when, and what the caller is told."""

    says: Says = Says.TRUTH
    arrives: int = 1
    """Times it reaches the emulator: 0 is lost, 2 is doubled by the network."""
    after_s: float = 0.0
    """It waits so long before it arrives."""
    kept: bool = False
    """Kept back until the test delivers it, whatever became of its sender."""


ORDINARY = Fate()


@dataclass(frozen=True)
class Rule:
    """Requests of this name meet this fate: `times` of them (None: all), each with this chance."""

    request: str
    fate: Fate
    times: int | None = 1
    chance: float = 1.0


class Script:
    """Rules in order; the first that applies decides. Thread-safe. `met` counts fates that were not ordinary.

    The n-th request of a name meets the same chances under the same seed, whichever thread brings it.
    """

    def __init__(self, seed: int = 0, *rules: Rule) -> None:
        self._seed, self._lock = seed, threading.Lock()
        self._rules: list[Rule] = []
        self._left: list[int | None] = []
        self._asked: Counter[str] = Counter()
        self.met: Counter[str] = Counter()
        self.follow(*rules)

    def follow(self, *rules: Rule) -> None:
        """From now on these rules, and counting anew; none: an ordinary warehouse again."""
        with self._lock:
            self._rules, self._left = list(rules), [rule.times for rule in rules]
            self._asked.clear()
            self.met = Counter()

    @property
    def spent(self) -> bool:
        """Whether every rule that counts has met all its requests."""
        with self._lock:
            return not any(self._left)

    def decide(self, request: str) -> Fate:
        """The fate of a request that has just come."""
        with self._lock:
            self._asked[request] += 1
            for place, rule in enumerate(self._rules):
                if rule.request == request and self._left[place] != 0 and self._drawn(place, request) < rule.chance:
                    if (left := self._left[place]) is not None:
                        self._left[place] = left - 1
                    self.met[request] += 1
                    return rule.fate
            return ORDINARY

    def _drawn(self, place: int, request: str) -> float:
        return random.Random(f"{self._seed}/{place}/{request}/{self._asked[request]}").random()
