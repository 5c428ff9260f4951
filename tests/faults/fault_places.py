"""Places for faults: one broker and one emulator, and for each fault a topic, a group, a dataset and a state folder.

A place looks to every `tidemark` command like an instance of its own, so a test types what an operator would type:
`place.follow(line)` runs the very command that a halt names.
"""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic, OffsetSpec
from storm import await_condition, drained, tidemark

from assets.warehouse.client import connect
from assets.warehouse.migrate import migrate
from sandbox.demo.consumers import Crew
from sandbox.platform.instance import PlatformFacts
from sandbox.seed import Frames, frames
from sandbox.seed import seed as publish_reference
from streaming.settings import Settings

SESSION_S = 6
"""Of the members, seconds: who stopped is out of the group soon, and a busy machine does not throw anybody out."""
WORLD = 7
AT_WORK_S, LANDED_S, HALTED_S = 90.0, 120.0, 90.0
"""Limits of waits: many times what a quiet machine needs."""
COMMAND = re.compile(r"tidemark recover --partition (\d+) --from (\w+)")

Coordinates = set[tuple[str, int, int]]
"""Topic id, partition, offset."""


@dataclass
class Place:
    """One fault's own corner of a running platform."""

    facts: PlatformFacts
    environment: dict[str, str]
    admin: AdminClient

    @classmethod
    def on(
        cls,
        platform: PlatformFacts,
        name: str,
        *,
        partitions: int = 1,
        dataset: str | None = None,
        world: Frames | None = None,
        settings: dict[str, str] | None = None,
        **topic: str,
    ) -> "Place":
        """Make topic, dataset (unless it is there) and state folder. `topic`: its configuration, `_` for `.`."""
        state = platform.state / name
        state.mkdir(parents=True)
        (state / "mac.key").write_text((platform.state / "mac.key").read_text())
        values = {f: getattr(platform, f) for f in PlatformFacts.__dataclass_fields__}
        facts = PlatformFacts(**values | {"state": state, "topic": name, "dataset": dataset or name.replace("-", "_")})
        facts.write()
        own = {"TIDEMARK_KAFKA_GROUP": f"group-of-{name}", "TIDEMARK_SESSION_TIMEOUT_S": str(SESSION_S)}
        environment = {**os.environ, **own, **(settings or {}), **facts.environment()}
        place = cls(facts, environment, AdminClient({"bootstrap.servers": facts.bootstrap_servers, "log_level": 0}))
        place.create_topic(partitions, **topic)
        place.create_tables()
        publish_reference(
            place.client, facts.dataset, WORLD, datetime.now(UTC), lambda line: None, made=world or reference_world()
        )
        return place

    # --- what an operator does ---

    @property
    def client(self) -> Any:
        return connect(self.facts.project, self.facts.rest_endpoint)

    @property
    def settings(self) -> Settings:
        return Settings.from_environment(self.environment)

    def create_topic(self, partitions: int = 1, **config: str) -> None:
        wanted = {"message.timestamp.type": "LogAppendTime", "cleanup.policy": "delete"}
        wanted |= {key.replace("_", "."): value for key, value in config.items()}
        new = NewTopic(self.facts.topic, num_partitions=partitions, replication_factor=1, config=wanted)
        self.admin.create_topics([new], operation_timeout=30)[self.facts.topic].result(60)
        await_condition(lambda: self._led(partitions), 60, "every partition of the topic has its leader")

    def delete_topic(self) -> None:
        """Delete it and wait until the broker has forgotten it."""
        self.admin.delete_topics([self.facts.topic], operation_timeout=30)[self.facts.topic].result(60)
        await_condition(
            lambda: self.facts.topic not in self.admin.list_topics(timeout=10).topics, 60, "the topic is gone"
        )

    def raise_partitions(self, total: int) -> None:
        self.admin.create_partitions([NewPartitions(self.facts.topic, total)])[self.facts.topic].result(60)
        await_condition(lambda: self._led(total), 60, "every partition of the topic has its leader")

    def _led(self, total: int) -> bool:
        topic = self.admin.list_topics(timeout=10).topics.get(self.facts.topic)
        return topic is not None and sum(found.leader >= 0 for found in topic.partitions.values()) == total

    def delete_records(self, partition: int, before: int) -> None:
        """As retention does: the log of the partition begins at `before`."""
        position = TopicPartition(self.facts.topic, partition, before)
        done = self.admin.delete_records([position])
        assert next(iter(done.values())).result(60).low_watermark == before

    def log(self, partition: int) -> tuple[int, int]:
        """First offset and end."""
        position = TopicPartition(self.facts.topic, partition)
        asked = [self.admin.list_offsets({position: spec}) for spec in (OffsetSpec.earliest(), OffsetSpec.latest())]
        low, end = (next(iter(answer.values())).result(60).offset for answer in asked)
        return low, end

    def create_tables(self) -> list[str]:
        return migrate(self.client, self.facts.project, self.facts.dataset, lambda line: None)

    def tidemark(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Type a command."""
        command = tidemark(*arguments, "--state", str(self.facts.state))
        # the commands find the instance by --state, as an operator's shell would; the group's name is not in it
        environment = {k: v for k, v in self.environment.items() if k not in self.facts.environment()}
        return subprocess.run(
            command, env=environment, check=False, capture_output=True, text=True, timeout=240, stdin=subprocess.DEVNULL
        )

    def produce(self, count: int, *, rate: int = 400, seed: int = WORLD) -> dict[str, Any]:
        """Send `count` payments; each must be acknowledged. Returns the summary."""
        said = self.tidemark("produce", "--rate", str(rate), "--seconds", str(count / rate), f"--seed={seed}", "--json")
        assert said.returncode == 0, said.stdout + said.stderr
        return dict(json.loads(said.stdout))

    def follow(self, line: str, *, says: Collection[str] = ()) -> list[str]:
        """Look at the plan of the command that the halt names, then do it. Returns what the plan said."""
        found = COMMAND.search(line)
        assert found, f"no recovery command in: {line}"
        arguments = ("recover", "--partition", found[1], "--from", found[2])
        shown = self.tidemark(*arguments)
        assert shown.returncode == 0, shown.stderr
        assert shown.stdout.splitlines()[-1] == "nothing is changed; add --yes to do it"
        for words in says:
            assert words in shown.stdout, shown.stdout
        done = self.tidemark(*arguments, "--yes")
        assert done.returncode == 0, done.stderr
        assert f"done: start the consumer, partition {found[1]} goes on at offset" in done.stdout
        return shown.stdout.splitlines()[:-1]

    # --- members ---

    def crew(self, members: int = 1) -> Crew:
        """Members that are at work."""
        crew = Crew(self.facts.state, self.environment, members)
        crew.start()
        await_condition(lambda: crew.tend() or crew.refusals() or crew.ready(), AT_WORK_S, "members at work")
        assert not crew.refusals(), crew.refusals()
        return crew

    def land_all(self, crew: Crew) -> None:
        """Wait until the group's commits are at the log's end."""
        await_condition(lambda: crew.tend() or drained(self.settings), LANDED_S, "everything landed")

    def land_the_rest(self, *produced: int, **how: int) -> None:
        """Members start, whatever is in the log lands (and what is produced meanwhile, as `produce` takes it), they
        stop."""
        crew = self.crew()
        if produced:
            self.produce(*produced, **how)
        self.land_all(crew)
        crew.terminate()

    def halts(self, crew: Crew) -> dict[int, str]:
        """What halted, by partition."""
        return {halt["partition"]: halt["message"] for beat in crew.beats().values() for halt in beat["halts"]}

    def await_halts(self, crew: Crew, partitions: Sequence[int]) -> dict[int, str]:
        """Wait until exactly these have halted, each with one line."""
        wanted = set(partitions)
        await_condition(lambda: crew.tend() or set(self.halts(crew)) >= wanted, HALTED_S, f"halts of {sorted(wanted)}")
        halts = self.halts(crew)
        assert set(halts) == wanted
        assert all("\n" not in line for line in halts.values())
        return halts

    def refused(self) -> str:
        """Start a member that will not start: exit code 3, one line and no traceback. Returns the line."""
        said = subprocess.run(
            [sys.executable, "-m", "streaming"],
            env=self.environment, check=False, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert said.returncode == 3, said.stderr
        assert "Traceback" not in said.stderr
        (line,) = [line for line in said.stderr.splitlines() if line.startswith("tidemark: ")]
        return line

    # --- what became of it ---

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        return [tuple(row.values()) for row in self.client.query_and_wait(sql)]

    def landed(self) -> Coordinates:
        """Coordinates of the live rows of this place's topic; a row that is there twice fails."""
        rows = self.query(
            f"SELECT kafka_topic_id, kafka_partition, kafka_offset FROM `{self.facts.dataset}.payments_landing` "
            f"WHERE business_date >= DATE '2020-01-01' AND kafka_topic = '{self.facts.topic}'"
        )
        assert len(rows) == len(set(rows)), "a record has two live rows"
        return set(rows)

    def sent(self) -> Coordinates:
        """Coordinates of every acknowledged record, by the producers' ledgers."""
        found = set()
        for path in self.ledgers():
            lines = [json.loads(line) for line in path.read_text().splitlines()]
            topic_id = lines[0]["topic_id"]
            found |= {(topic_id, x["partition"], x["offset"]) for x in lines if x.get("result") == "acked"}
        return found

    def ledgers(self) -> list[Path]:
        return sorted((self.facts.state / "ledger").glob("*.jsonl"))

    def audit(self, *, without: Callable[[str, int, int], bool] | None = None) -> dict[str, Any]:
        """The audit's report. `without`: records that the log does not hold any more and that were never landed;
        the audit is held on the ledgers less these, since it knows of no retention."""
        chosen: list[str] = []
        if without is not None:
            cut = [without_records(path, without) for path in self.ledgers()]
            chosen = [word for path in cut for word in ("--ledger", str(path))]
        said = self.tidemark("audit", "--json", *chosen)
        assert said.stdout, said.stderr
        return dict(json.loads(said.stdout))

    def assert_audit_passes(self, **options: Any) -> str:
        report = self.audit(**options)
        failed = [check for check in report["checks"] if not check["passed"]]
        assert report["verdict"] == "PASS", failed
        events = report["events"]
        assert (events["lost"], events["duplicate_coordinates"], events["phantom"]) == (0, 0, 0)
        return f"PASS, {events['acked']} sent, {events['landed']} landed"


def reference_world() -> Frames:
    """Merchants and rates of the world that the producer's payments are of."""
    return frames(WORLD, datetime.now(UTC))


def without_records(ledger: Path, gone: Callable[[str, int, int], bool]) -> Path:
    """Write the ledger again beside the other ones without what was sent to coordinates that are gone."""
    lines = [json.loads(line) for line in ledger.read_text().splitlines()]
    topic_id = lines[0]["topic_id"]
    out = {x["n"] for x in lines if x.get("result") == "acked" and gone(topic_id, x["partition"], x["offset"])}
    kept = ledger.parent.parent / "ledger-cut" / ledger.name
    kept.parent.mkdir(exist_ok=True)
    kept.write_text("".join(json.dumps(x) + "\n" for x in lines if x.get("n") not in out))
    return kept


def freeze(crew: Crew) -> None:
    """Stop the members where they are."""
    for member in crew.members:
        assert member.pid is not None
        os.kill(member.pid, signal.SIGSTOP)


def thaw(crew: Crew) -> None:
    """Let them go on."""
    for member in crew.members:
        assert member.pid is not None
        os.kill(member.pid, signal.SIGCONT)
