"""The corpus through a real broker, a real consumer process and the emulator: what landed, the audit, the search.

`python tests/corpus/through_the_broker.py` runs it and prints counts by status, the audit's verdict and where card
numbers were sought. Every hostile record is sent between two good ones of the same key, so of the same partition.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from card_search import found
from hostile import Hostile, corpus, moment
from judging import said
from outcome import Outcome, Sent, cards, judge, search_files, search_texts

from assets.warehouse.client import connect
from assets.warehouse.migrate import migrate
from audit.bigquery import BigQueryReader
from sandbox.demo.consumers import Crew
from sandbox.platform.instance import RunningPlatform, running
from sandbox.producer.broker import KafkaBroker as Producer
from sandbox.producer.broker import topic_id
from sandbox.producer.ledger import Acked, Intent, LedgerFile, NotAcked, RunLine, payload_mac
from sandbox.producer.planning import Mix, Plan, Planned
from sandbox.seed import seed as publish_reference
from sandbox.world.merchants import MERCHANTS, MerchantBook
from streaming.adapters.kafka import KafkaBroker
from streaming.landing import LANDING
from streaming.settings import Settings

SEED = 7
LIMIT_S = 180.0
"""For anything that is waited for: many times what two quiet cores need."""
ON_THE_BROKERS_DAY = frozenset({"TOMBSTONE", "OVERSIZED", "NOT_JSON", "MISSING_OCCURRED_AT", "BAD_OCCURRED_AT"})
"""Reasons that leave no time of the record's own."""
TABLES = ("payments_landing", "merchants", "fx_rates", "reference_versions")
EVER = "business_date >= DATE '1970-01-01'"
VIEWS = {"payments": EVER, "payments_quarantine": EVER, "dedup_conflicts": "TRUE"}
Say = Callable[[str], None]


def run(state: Path, say: Say = print) -> Outcome:
    """Everything once, on a platform of its own. Raises AssertionError if something does not happen in time."""
    outcome = Outcome()
    with running(state, say=say) as platform:
        client = connect(platform.project, platform.rest_endpoint)
        migrate(client, platform.project, platform.dataset, say)
        publish_reference(client, platform.dataset, SEED, clock(), say)
        environment = platform.environment()
        crew = Crew(state, {**os.environ, **environment}, 1, say)  # noqa: TID251 - what a child process needs
        crew.start()
        try:
            await_condition(lambda: crew.tend() or crew.ready(), "a member at work")
            # the broker's time is after NOW for every record, by a second or more
            now = clock().replace(microsecond=0) - timedelta(seconds=1)
            outcome.sent = send(platform, environment["TIDEMARK_MAC_KEY"], now)
            settings = Settings.from_environment(environment)
            asking = KafkaBroker(settings)
            await_condition(lambda: crew.tend() or drained(asking), "everything landed")
        finally:
            crew.terminate()
        reader = BigQueryReader(platform.project, platform.dataset, platform.rest_endpoint, platform.grpc_endpoint)
        read_rows(reader, outcome)
        judge(outcome, now)
        search_tables(reader, outcome)
        said_by = {name: tidemark(state, *words) for name, words in COMMANDS.items()}
        outcome.audit = json.loads(said_by["audit as JSON"] or "{}")
        outcome.searched["reports"] = len(said_by)
        outcome.leaks += [name for name, text in said_by.items() if found(text, cards())]
    search_files(state, platform.topic, outcome)
    return outcome


COMMANDS = {
    "audit": ("audit",),
    "audit as JSON": ("audit", "--json"),
    "status": ("status",),
    "query": ("query", "SELECT * FROM payments_quarantine WHERE business_date >= '1970-01-01' LIMIT 1000"),
}


def send(platform: RunningPlatform, mac_key: str, now: datetime) -> list[Sent]:
    """Send good, hostile, good, hostile, ..., good, and write the ledger of it."""
    book = MerchantBook.build(SEED, MERCHANTS)
    start = now - timedelta(seconds=2)
    plan = Plan(seed=SEED, run="corpus", start=start, rate=1_000, mix=Mix(0, 0, 0), mac_key=mac_key, book=book)
    records: list[tuple[Planned, Hostile | None]] = []
    for hostile in corpus():
        neighbour = plan.next()
        records += [
            (neighbour, None),
            (of_the_corpus(hostile, len(records) + 1_000_000, neighbour.key, mac_key, now), hostile),
        ]
    records.append((plan.next(), None))
    reports: dict[int, Acked | NotAcked] = {}
    producer = Producer(platform.bootstrap_servers, platform.topic)
    for record, _ in records:
        while not producer.send(
            record.intent.n, record.key, record.payload, lambda done: reports.update({done.n: done})
        ):
            producer.poll(0.1)
    await_condition(lambda: producer.poll(0.1) or not producer.outstanding(), "everything acknowledged")
    write_ledger(platform, [record.intent for record, _ in records], reports, now)
    acked = [(reports[record.intent.n], hostile) for record, hostile in records]
    return [Sent(done.partition, done.offset, hostile) for done, hostile in acked if isinstance(done, Acked)]


def of_the_corpus(record: Hostile, number: int, key: str, mac_key: str, now: datetime) -> Planned:
    """The record as the producer's ledger knows its own: what was sent, and what must become of it."""
    payload, expect = record.payload(now), record.landed_status(later=True)
    intent = Intent(
        n=number,
        **dict.fromkeys(("event_id", "transaction_id", "event_type", "sequence", "merchant_id", "amount", "currency")),
        **dict.fromkeys(("occurred_at", "card_token", "channel", "country")),
        business_date=business_date(record, now),
        label="late" if expect == "OK" else "bad",
        of=None,
        expect=expect,
        mac=payload_mac(mac_key, payload),
    )
    if expect == "OK":
        fields = said(record, now)
        for name in ("event_id", "transaction_id", "event_type", "sequence", "merchant_id", "currency", "card_token"):
            setattr(intent, name, fields[name])
        intent.channel, intent.country, intent.amount = fields["channel"], fields["country"], str(fields["amount"])
        intent.occurred_at = fields["occurred_at"].isoformat()
        intent.business_date = fields["occurred_at"].astimezone(UTC).date().isoformat()
    return Planned(0, key, payload, intent)


def business_date(record: Hostile, now: datetime) -> str | None:
    """The day of a quarantined record's own time; None: the broker's."""
    status = record.later or record.status
    if status in ON_THE_BROKERS_DAY or "occurred_at" in record.null:
        return None
    return moment(now, record.row.get("business_date", "@DAY@"))


def write_ledger(
    platform: RunningPlatform, intents: list[Intent], reports: dict[int, Acked | NotAcked], now: datetime
) -> None:
    encode = msgspec.json.Encoder().encode
    topic = topic_id(platform.bootstrap_servers, platform.topic)
    first = RunLine("corpus", SEED, platform.topic, topic, 1_000, 1, now.isoformat())
    with closing(LedgerFile(platform.state / "ledger" / "corpus.jsonl")) as ledger:
        ledger.write(encode(line) for line in (first, *intents, *reports.values()))


def read_rows(reader: BigQueryReader, outcome: Outcome) -> None:
    """Live rows by their coordinates."""
    live = f"{EVER} AND replay_id IS NULL AND enrichment_revision = 0"
    for batch in reader.rows("payments_landing", list(LANDING), live):
        for row in batch.to_pylist():
            outcome.rows.setdefault((row["kafka_partition"], row["kafka_offset"]), []).append(row)


def search_tables(reader: BigQueryReader, outcome: Outcome) -> None:
    """Every text of every column of every table and view."""
    for table in TABLES:
        for batch in reader.rows(table, [], ""):
            for name, column in zip(batch.schema.names, batch.columns, strict=True):
                search_texts(outcome, f"{table}.{name}", column.to_pylist())
    for view, where in VIEWS.items():
        for column in zip(*reader.query(f"SELECT * FROM {view} WHERE {where}"), strict=True):
            search_texts(outcome, view, column)


def drained(broker: KafkaBroker) -> bool:
    """Whether the group's commits are at the log's end."""
    numbers = list(range(broker.topic(10).partitions))
    commits, ends = broker.committed(numbers, 10), broker.log_ranges(numbers, 10)
    return all((commit := commits[n]) is not None and commit.offset >= ends[n].end for n in numbers)


def tidemark(state: Path, *words: str) -> str:
    """What a command prints, both streams where it is for people."""
    command = [sys.executable, "-m", "orchestration.cli", words[0], "--state", str(state), *words[1:]]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=LIMIT_S)
    return done.stdout if "--json" in words else done.stdout + done.stderr


def clock() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - real processes live by the real clock


def seconds() -> float:
    return time.monotonic()  # noqa: TID251 - the same


def await_condition(met: Callable[[], object], what: str) -> None:
    deadline = seconds() + LIMIT_S
    while not met():
        if seconds() > deadline:
            raise AssertionError(f"not within {LIMIT_S:g} s: {what}")
        time.sleep(0.1)  # noqa: TID251 - what is awaited needs the cores too


def show(outcome: Outcome) -> None:
    """A table for people."""
    print(f"\n{'status':42}{'expected':>9}{'landed':>9}")
    landed, expected = outcome.by_status(), outcome.expected()
    for status in sorted(expected | landed, key=lambda status: -expected.get(status, 0)):
        print(f"{status:42}{expected.get(status, 0):9}{landed.get(status, 0):9}")
    hostile = sum(sent.hostile is not None for sent in outcome.sent)
    print(f"\n{hostile} hostile records and {len(outcome.sent) - hostile} good neighbours sent")
    print(
        f"{sum(map(len, outcome.rows.values()))} live rows; neighbours not OK: {len(outcome.quarantined_neighbours())}"
    )
    print(f"rows that are not as the contract says: {outcome.wrong or 'none'}")
    checks = outcome.audit.get("checks", [])
    print(f"audit: {outcome.audit.get('verdict')}, {sum(c['passed'] for c in checks)} of {len(checks)} checks")
    where = ", ".join(f"{count} {what}" for what, count in outcome.searched.items())
    print(f"{len(cards())} card numbers sought in {where}: {outcome.leaks or 'none found'}")
    print(f"(in the topic's own files, where the producer put them: {outcome.in_the_topic})")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--state", type=Path, default=None, help="a new folder for the platform, kept; default: none is"
    )
    state = parser.parse_args().state
    if state is not None and state.exists():
        parser.error(f"{state} exists: name a new folder")
    with tempfile.TemporaryDirectory(prefix="tidemark-corpus-") as folder:
        outcome = run(state or Path(folder))
    show(outcome)
    return 0 if outcome.as_it_should_be() else 1


if __name__ == "__main__":
    sys.exit(main())
