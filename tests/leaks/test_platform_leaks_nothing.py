"""A member process on a real broker and emulator, with a canary in every secret setting and card numbers in every
field of what it reads; then commands, refused ones too. None of it is in anything that was said or written."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from canaries import event, records, secret_settings
from everywhere import Everywhere, disguises
from secure_broker import KEY_PASSWORD, PASSWORD, secured, with_settings

from audit.bigquery import BigQueryReader
from sandbox.demo.consumers import Crew
from sandbox.producer.broker import KafkaBroker as Producer
from sandbox.seed import Frames, frames
from sandbox.world.published_cards import NUMBERS
from streaming.adapters.clock import SystemClock
from streaming.adapters.kafka import KafkaBroker
from streaming.settings import Settings

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

MAC_KEY, WRONG = "canary-mac-key-of-the-platform", "canary-of-a-wrong-value"
SECRETS = {"kafka_password": PASSWORD, "kafka_client_key_password": KEY_PASSWORD, "mac_key": MAC_KEY}
CARD, GROUPED = NUMBERS[0], "4111 1111 1111 1111"
PATIENCE_S = 60.0
MADE_TO_HOLD_ONE = frozenset({"mac.key", "password", "server.properties"})
"""Files that whoever runs the platform writes, readable by their owner alone: the broker's is its list of logins."""
EVER = "business_date >= '1970-01-01'"
_monotonic = SystemClock().monotonic


class Place:
    """The platform, the environment of its processes, and what was said and landed."""

    def __init__(self, platform, doors):
        self.platform, self.said, self.codes = platform, {}, {}
        certificate = {name: str(path) for name, path in _certificate(doors)}
        chosen = doors.settings(**certificate, KAFKA_CLIENT_KEY_PASSWORD=KEY_PASSWORD)
        self.environment = with_settings(platform, chosen)

    def member(self, sent):
        """Let a member land what is sent, and end it."""
        crew = Crew(self.platform.state, self.environment, 1)
        crew.start()
        try:
            broker = KafkaBroker(Settings.from_environment(self.environment))
            eventually(lambda: crew.tend() or landed(broker) >= sent, "everything landed")
        finally:
            assert crew.terminate() == []

    def produce(self):
        """A hundred payments with their ledger; as the sandbox's own settings have it, the password from a file."""
        words = [TIDEMARK, "produce", "--rate", "100", "--seconds", "1", "--state", str(self.platform.state)]
        self.run("produce", words, with_settings(self.platform, self.platform.clients))
        assert self.codes["produce"] == 0, self.said["produce"]

    def command(self, name, words, changes):
        """The same with other settings; `@` is the state folder."""
        changed = {f"TIDEMARK_{setting}": value for setting, value in changes.items()}
        self.run(name, [word.replace("@", str(self.platform.state)) for word in words], self.environment | changed)

    def run(self, name, words, environment):
        """Run a program to its end and keep what it says."""
        command = [sys.executable, "-m", *words]
        done = subprocess.run(command, env=environment, capture_output=True, check=False, timeout=PATIENCE_S)
        self.said[name], self.codes[name] = done.stdout + b"\n" + done.stderr, done.returncode

    def files(self, *, topic=False):
        """Content by path, of all files under the state folder or of the topic's segments."""
        state = self.platform.state
        paths = (path for path in state.rglob("*") if path.is_file() and path.name not in MADE_TO_HOLD_ONE)
        name = f"{self.platform.topic}-"
        return {
            str(path.relative_to(state)): path.read_bytes()
            for path in paths
            if path.parent.name.startswith(name) is topic
        }


def _certificate(doors):
    return ("KAFKA_CLIENT_CERT_FILE", doors.client.certificate), ("KAFKA_CLIENT_KEY_FILE", doors.client.key)


def eventually(met, what):
    deadline = _monotonic() + PATIENCE_S
    while not met():
        assert _monotonic() < deadline, f"not within {PATIENCE_S:g} s: {what}"


def landed(broker):
    """Offsets that the group has behind it."""
    commits = broker.committed(range(broker.topic(10).partitions), 10)
    return sum(commit.offset for commit in commits.values() if commit is not None)


def produce(platform):
    """Send a record for each place that a card number may be in, for each card; its key is the card too."""
    now = datetime.now(UTC).replace(microsecond=0).isoformat()  # noqa: TID251 - the broker's time is the real one
    payloads = [(card, payload) for card in NUMBERS for payload in records(event(occurred_at=now), card).values()]
    producer, reports = Producer(platform.bootstrap_servers, platform.topic), []
    for number, (card, payload) in enumerate(payloads):
        assert producer.send(number, card, payload, reports.append)
    eventually(lambda: producer.poll(0.1) or not producer.outstanding(), "everything acknowledged")
    return len(payloads)


TIDEMARK = "orchestration.cli"
AWAY = "127.0.0.1:1"
GOOD = {
    "audit as JSON": ([TIDEMARK, "audit", "--json"], {}),
    "status": ([TIDEMARK, "status", "--state", "@"], {}),
    "quarantine": (
        [TIDEMARK, "query", f"SELECT * FROM payments_quarantine WHERE {EVER}", "--limit", "1000", "--json"],
        {},
    ),
    "recover": ([TIDEMARK, "recover", "--partition", "0", "--from", "table"], {}),
}
FAILING = {
    "audit": ([TIDEMARK, "audit"], {}),  # most of what landed is in no ledger: it names examples
    "audit elsewhere": ([TIDEMARK, "audit"], {"BIGQUERY_DATASET": "absent"}),
    "a bad cast": ([TIDEMARK, "query", f"SELECT CAST('paid with {GROUPED}' AS INT64), `{CARD}` FROM payments"], {}),
    "no warehouse": ([TIDEMARK, "query", "SELECT 1"], {"BIGQUERY_REST_ENDPOINT": f"http://{AWAY}"}),
    "no broker": ([TIDEMARK, "recover", "--partition", "0"], {"KAFKA_BOOTSTRAP": AWAY}),
    "wrong password": (["streaming"], {"KAFKA_PASSWORD": WRONG, "MEMBER": "refused-1"}),
    "wrong key password": (["streaming"], {"KAFKA_CLIENT_KEY_PASSWORD": WRONG}),
    "a key that is too long": (["streaming"], {"MAC_KEY": MAC_KEY * 3}),
    "a secret twice": (["streaming"], {"MAC_KEY_FILE": "/dev/null"}),
    "a secret in the wrong place": (["streaming"], {"KAFKA_SECURITY_PROTOCOL": WRONG, "MEMBERS": PASSWORD}),
}
EXIT_CODES = dict.fromkeys(GOOD, 0) | dict.fromkeys(FAILING, 2) | {"wrong password": 3, "audit": 1, "audit as JSON": 1}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    state = tmp_path_factory.mktemp("leaks") / "platform"
    state.mkdir()
    (state / "mac.key").write_text(MAC_KEY)
    world = frames(7, datetime.now(UTC))  # noqa: TID251 - as the broker's time
    with secured(state, made=Frames(world.merchants.head(1_000), world.rates)) as (platform, doors):
        made = Place(platform, doors)
        made.produce()
        made.sent = 100 + produce(platform)
        made.member(made.sent)
        with ThreadPoolExecutor(4) as pool:  # some of them wait for nobody
            list(pool.map(lambda named: made.command(named[0], *named[1]), (GOOD | FAILING).items()))
        yield made


@pytest.fixture
def search():
    return Everywhere([*SECRETS.values(), WRONG], NUMBERS)


def test_every_secret_setting_has_a_canary(place):
    assert secret_settings() == set(SECRETS)
    used = Settings.from_environment(place.environment)
    assert {name: getattr(used, name).reveal() for name in SECRETS} == SECRETS


def test_commands_did_what_is_searched(place):
    assert place.codes == EXIT_CODES | {"produce": 0}
    report = json.loads(place.said["audit as JSON"].partition(b"\n}\n")[0] + b"}")
    assert (report["events"]["acked"], report["events"]["landed"]) == (100, place.sent)
    assert place.said["quarantine"].count(b"PAN_IN_CARD_TOKEN") >= len(NUMBERS)
    assert all(b"tidemark: " in place.said[name] for name in FAILING if name != "audit")


def test_no_command_says_one_of_them(place, search):
    search.look(place.said)
    assert search.found == []
    assert search.seen == len(GOOD) + len(FAILING) + 1


def test_no_text_of_any_row_is_one(place, search):
    facts = place.platform
    reader = BigQueryReader(facts.project, facts.dataset, facts.rest_endpoint, facts.grpc_endpoint)
    rows = [row for batch in reader.rows("payments_landing", [], "") for row in batch.to_pylist()]
    names = ("payments", "payments_quarantine")
    views = [row for view in names for row in reader.query(f"SELECT * FROM {view} WHERE {EVER}")]
    search.look({f"row {n}": "\n".join(v for v in row.values() if isinstance(v, str)) for n, row in enumerate(rows)})
    search.look({f"of a view {n}": "\n".join(v for v in row if isinstance(v, str)) for n, row in enumerate(views)})
    assert len(rows) == place.sent
    assert len(views) > len([row for row in rows if row["status"] != "OK"]) > 500
    assert sum("411111******1111" in (row["payload_scrubbed"] or "") for row in rows) > 20, "evidence is kept, masked"
    assert search.found == []


def test_no_file_of_the_state_folder_holds_one_but_the_topics_own(place, search):
    files = place.files()
    search.look(files)
    assert search.found == []
    names = {Path(name).name for name in files}
    assert {"consumer-1.log", "member-1.json", "platform.json", "kafka.log", "bigquery.log"} <= names
    assert any(name.endswith(".jsonl") for name in names), "the producer's ledger"


def test_the_topics_own_files_hold_every_card_number(place, search):
    """The same search finds there what the producer put there, and no secret."""
    search.look(place.files(topic=True))
    assert {hit.rpartition(": ")[2] for hit in search.found} >= {f"{card[:9]}..." for card in NUMBERS}
    assert not [hit for hit in search.found if "canary" in hit]


@pytest.mark.parametrize("text", [*SECRETS.values(), WRONG, *NUMBERS])
def test_the_search_finds_one_that_is_planted_in_any_disguise(place, search, text):
    path = place.platform.state / "logs" / "consumer-1.log"
    log = path.read_bytes()
    try:
        for how, needle in disguises(text).items():
            path.write_bytes(log + b'{"said": "x' + needle + b'y"}\n')
            search.found.clear()
            search.look({path.name: path.read_bytes()})
            assert search.found, how
    finally:
        path.write_bytes(log)
