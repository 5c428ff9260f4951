"""The Broker port on a real Kafka, by confluent-kafka."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from streaming.adapters.kafka_config import ClientConfig, Complaints, consumer_config
from streaming.adapters.kafka_questions import KafkaQuestions
from streaming.adapters.kafka_session import KafkaSession
from streaming.ports import BrokerError, Commit, CommitAnswer, LogRange, Polled, Rebalances, TopicFacts
from streaming.settings import Settings


class KafkaBroker:
    """One static member of the group. The lines of `on_log` hold no payloads and come at most every 10 s a kind.

    `client_config` is added to every client's configuration (security settings, a debugging aid) and wins.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        on_log: Callable[[str], None] = lambda line: None,
        client_config: ClientConfig | None = None,
    ) -> None:
        self._settings = settings.require("kafka_bootstrap")
        self._extra = dict(client_config or {})
        self._complaints = Complaints(on_log)
        self._questions = KafkaQuestions(settings, self._extra, self._complain)
        self._rebalances: Rebalances | None = None
        self._session: KafkaSession | None = None

    def _complain(self, error: Any) -> None:
        self._complaints.say(error.code(), f"kafka: {error.name()}: {error.str()}")

    def _read_back(self, partitions: Sequence[int], timeout_s: float) -> Mapping[int, Commit | None]:
        try:
            return self._questions.committed(partitions, timeout_s)
        except BrokerError:
            return {}

    def join(self, rebalances: Rebalances) -> None:
        """Subscribe. Assignments arrive during `poll`."""
        self._rebalances = rebalances
        config = consumer_config(self._settings, self._extra)
        self._session = KafkaSession(config, self._settings.kafka_topic, rebalances, self._complaints, self._read_back)

    def rejoin(self) -> None:
        """Drop this client and join anew under the same static id."""
        if self._rebalances is None:
            raise RuntimeError("rejoin before join")
        self._member.drop()
        self.join(self._rebalances)

    def unowned(self, timeout_s: float) -> list[int]:
        """Partitions of nobody, if it is ours to mend."""
        return self._questions.unowned(self._settings.member, timeout_s)

    def deal_again(self) -> None:
        """Leave and join."""
        self._member.deal_again()

    def leave(self) -> None:
        """Close; `revoked` for what is still owned. A static id keeps its partitions until the session ends."""
        try:
            if self._session is not None:
                self._session.leave()
        finally:
            self._session = None

    @property
    def _member(self) -> KafkaSession:
        if self._session is None:
            raise RuntimeError("join first")
        return self._session

    def poll(self, max_records: int, timeout_s: float) -> Polled:
        """Wait for a first record, then take what is there."""
        return self._member.poll(max_records, timeout_s)

    def fetch_from(self, starts: Mapping[int, int]) -> None:
        """Start fetching held partitions."""
        self._member.fetch_from(starts)

    def hold(self, partitions: Sequence[int]) -> None:
        """Stop fetching, stay the owner."""
        self._member.hold(partitions)

    def pause(self, partitions: Sequence[int]) -> None:
        """Stop delivering for now."""
        self._member.pause(partitions)

    def resume(self, partitions: Sequence[int]) -> None:
        """Undo `pause`."""
        self._member.resume(partitions)

    def commit(self, offsets: Mapping[int, Commit]) -> None:
        """Send commits. Raises ValueError for a partition whose last commit is unanswered."""
        self._member.commit(offsets)

    def commit_now(self, offsets: Mapping[int, Commit], timeout_s: float) -> list[CommitAnswer]:
        """Commit and wait."""
        return self._member.commit_now(offsets, timeout_s)

    def committed(self, partitions: Sequence[int], timeout_s: float) -> dict[int, Commit | None]:
        """The group's commits."""
        return self._questions.committed(partitions, timeout_s)

    def log_ranges(self, partitions: Sequence[int], timeout_s: float) -> dict[int, LogRange]:
        """Low watermark and last stable offset."""
        return self._questions.log_ranges(partitions, timeout_s)

    def offsets_at(self, partitions: Sequence[int], at: datetime, timeout_s: float) -> dict[int, int]:
        """First offset at or after a broker time."""
        return self._questions.offsets_at(partitions, at, timeout_s)

    def topic(self, timeout_s: float) -> TopicFacts:
        """Facts of the topic."""
        return self._questions.topic(timeout_s)
