"""Real consumers on a broker with TLS, logins and client certificates: delivered, refused, locked out and let in again.

One broker and emulator for all of it. What anybody said meanwhile is searched for secrets at the end.
"""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
from secret_search import Lines, Search
from secure_broker import KEY_PASSWORD, PASSWORD, secured, set_password, with_settings

from sandbox.demo.consumers import Crew
from streaming.adapters.clock import SystemClock
from streaming.adapters.kafka import KafkaBroker
from streaming.adapters.kafka_config import QUIET
from streaming.ports import BrokerError, BrokerRefused
from streaming.settings import Settings

pytestmark = [pytest.mark.integration, pytest.mark.fault, pytest.mark.timeout(300)]

WRONG, OTHER = "canary-wrong-password", "canary-other-password"
RECORDS = 1_000
PATIENCE_S = 120.0
CANARIES = (PASSWORD, KEY_PASSWORD, WRONG, OTHER)
_monotonic = SystemClock().monotonic


class Place:
    """The platform, its doors, and everything that was said."""

    def __init__(self, platform, doors):
        self.platform, self.doors = platform, doors
        self.search = Search([*CANARIES, platform.environment()["TIDEMARK_MAC_KEY"]])

    def tidemark(self, *words, environment=None):
        ran = subprocess.run(
            [sys.executable, "-m", "orchestration.cli", *words],
            env=environment or with_settings(self.platform, self.platform.clients),
            capture_output=True, text=True, check=False, timeout=PATIENCE_S,
        )  # fmt: skip
        self.search.saw(" ".join(words), ran.stdout + ran.stderr)
        return ran

    def crew(self):
        environment = with_settings(self.platform, self.platform.clients)
        return Crew(self.platform.state, environment | {"TIDEMARK_SESSION_TIMEOUT_S": "6"}, 1)

    def landed_up_to_the_end(self):
        broker = KafkaBroker(Settings.from_environment(with_settings(self.platform, self.doors.settings())))
        numbers = range(broker.topic(10).partitions)
        try:
            commits, ends = broker.committed(numbers, 10), broker.log_ranges(numbers, 10)
        except BrokerError:
            return False
        return all((commit := commits[n]) is not None and commit.offset >= ends[n].end for n in numbers)

    def log(self):
        return (self.platform.state / "logs" / "consumer-1.log").read_text()


def eventually(met, what, limit_s=PATIENCE_S):
    deadline = _monotonic() + limit_s
    while not met():
        assert _monotonic() < deadline, f"not within {limit_s:g} s: {what}"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    with secured(tmp_path_factory.mktemp("secure")) as (platform, doors):
        yield Place(platform, doors)


def refusals(doors, plain) -> dict[str, tuple[dict[str, str], str, str]]:
    """Each way to be refused: the variables, what the last line says, and the setting it names."""
    no_certificate = dict.fromkeys(("KAFKA_CLIENT_CERT_FILE", "KAFKA_CLIENT_KEY_FILE", "KAFKA_CLIENT_KEY_PASSWORD"), "")
    tls_only = {"TIDEMARK_KAFKA_BOOTSTRAP": doors.at("SECURE"), "TIDEMARK_KAFKA_SECURITY_PROTOCOL": "PLAINTEXT"}
    stranger = str(doors.stranger.file)
    return {
        "wrong password": (doors.settings(KAFKA_PASSWORD=WRONG), "the login is refused", "KAFKA_PASSWORD"),
        "wrong user": (doors.settings(KAFKA_USERNAME="nobody"), "the login is refused", "KAFKA_USERNAME"),
        "wrong plain password": (
            doors.settings(KAFKA_SASL_MECHANISM="PLAIN", KAFKA_PASSWORD=WRONG), "login is refused", "KAFKA_PASSWORD",
        ),
        "mechanism not offered": (
            doors.settings("STRICT", KAFKA_SASL_MECHANISM="SCRAM-SHA-256"), "does not offer", "KAFKA_SASL_MECHANISM",
        ),
        "wrong authority": (doors.settings(KAFKA_CA_FILE=stranger), "signed by nobody we trust", "KAFKA_CA_FILE"),
        "system's authorities": (doors.settings(KAFKA_CA_FILE=""), "signed by nobody we trust", "KAFKA_CA_FILE"),
        "expired certificate": (doors.settings("EXPIRED"), "has expired", "KAFKA_CA_FILE is not to blame"),
        "another host": (doors.settings("ELSEWHERE"), "is for another host", "KAFKA_BOOTSTRAP"),
        "plain client, TLS listener": (tls_only, "wants TLS", "KAFKA_SECURITY_PROTOCOL"),
        "TLS client, plain listener": (
            doors.settings(KAFKA_BOOTSTRAP=plain), "is a plain listener", "KAFKA_SECURITY_PROTOCOL",
        ),
        "no login": (doors.certificate("SECURE"), "may want a login", "KAFKA_SECURITY_PROTOCOL"),
        "no client certificate": (
            doors.certificate(**no_certificate), "wants a client certificate", "KAFKA_CLIENT_CERT_FILE",
        ),
    }  # fmt: skip


def test_every_refusal_is_one_line_that_names_its_setting(place):
    """The client's answers, side by side since each takes its time; processes that show them come below."""
    cases = refusals(place.doors, place.platform.bootstrap_servers)
    with ThreadPoolExecutor(len(cases)) as pool:
        answers = {name: pool.submit(_refused, variables) for name, (variables, _, _) in cases.items()}
    for name, (_, says, setting) in cases.items():
        said, complaints = answers[name].result()
        place.search.saw(name, said + "".join(complaints))
        assert says in said, name
        assert f"TIDEMARK_{setting}" in said, name
        assert "\n" not in said, name
        assert len(complaints) <= 4, f"{name}: {complaints}"


def _refused(variables):
    complaints: list[str] = []
    with pytest.raises(BrokerRefused) as caught:
        KafkaBroker(Settings.from_environment(variables), on_log=complaints.append).topic(5.0)
    return str(caught.value), complaints


PROCESSES = ("wrong password", "wrong authority", "plain client, TLS listener", "TLS client, plain listener")


def test_a_refused_consumer_ends_with_code_3_and_its_line(place):
    cases = refusals(place.doors, place.platform.bootstrap_servers)
    started = {
        name: subprocess.Popen(
            [sys.executable, "-m", "streaming"],
            env=with_settings(place.platform, cases[name][0]) | {"TIDEMARK_MEMBER": f"refused-{number}"},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        for number, name in enumerate(PROCESSES)
    }  # fmt: skip
    for name, process in started.items():
        output, _ = process.communicate(timeout=PATIENCE_S)
        place.search.saw(name, output)
        *before, last = output.strip().splitlines()
        assert process.returncode == 3, output
        assert last.startswith("tidemark: "), output
        assert cases[name][1] in last
        assert all(line.startswith("{") for line in before), "only journal lines before it"
        assert len(before) < 20, output


def test_a_key_that_cannot_be_opened_is_a_wrong_setting(place):
    for changes, says in (
        ({"KAFKA_CLIENT_KEY_PASSWORD": WRONG}, "does TIDEMARK_KAFKA_CLIENT_KEY_PASSWORD open it?"),
        (
            {"KAFKA_CLIENT_KEY_FILE": str(place.doors.folder / "broker.key.pem")},
            "TIDEMARK_KAFKA_CLIENT_KEY_FILE cannot",
        ),
    ):
        variables = with_settings(place.platform, place.doors.certificate(**changes))
        ran = subprocess.run(
            [sys.executable, "-m", "streaming"], env=variables, capture_output=True, text=True, timeout=60, check=False
        )
        place.search.saw("key", ran.stdout + ran.stderr)
        assert (ran.returncode, len(ran.stderr.splitlines())) == (2, 1), ran.stderr
        assert says in ran.stderr


@pytest.mark.parametrize("way", ["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN", "certificate"])
def test_every_way_in_is_open(place, way):
    doors = place.doors
    chosen = doors.certificate() if way == "certificate" else doors.settings(KAFKA_SASL_MECHANISM=way)
    assert KafkaBroker(Settings.from_environment(chosen)).topic(30).partitions == 2


def test_a_thousand_payments_over_sasl_ssl(place):
    crew, state = place.crew(), ("--state", str(place.platform.state))
    crew.start()
    try:
        produced = place.tidemark("produce", *state, "--rate", "250", "--seconds", str(RECORDS / 250))
        assert produced.returncode == 0, produced.stderr
        eventually(lambda: crew.tend() or place.landed_up_to_the_end(), "everything landed")
        status = place.tidemark("status", *state)
        assert "member-1" in status.stdout
        _search_command_lines(place)
    finally:
        crew.terminate()
    assert _audited(place)["events"]["landed"] == RECORDS
    shown = place.tidemark("recover", "--partition", "0", "--from", "table", *state)
    assert "nothing is changed" in shown.stdout, shown.stderr


@pytest.mark.long
def test_locked_out_in_mid_run_it_says_so_and_goes_on_when_let_in(place):
    crew, state = place.crew(), ("--state", str(place.platform.state))
    crew.start()
    try:
        eventually(lambda: crew.tend() or crew.ready(), "a member at work")
        set_password(place.platform, OTHER)
        place.platform.restart_broker()  # connections outlive a change of password
        eventually(lambda: "the login is refused" in place.log(), "the member says why")
        commands = (("audit", *state), ("produce", *state), ("recover", "--partition", "0", *state))
        with ThreadPoolExecutor(len(commands)) as pool:  # each waits for an answer that does not come
            answers = list(pool.map(lambda words: place.tidemark(*words), commands))
        for refused in answers:
            assert refused.returncode == 2
            assert refused.stderr.strip().splitlines()[-1].startswith("tidemark: Kafka at"), refused.stderr
            assert "TIDEMARK_KAFKA_PASSWORD" in refused.stderr
        set_password(place.platform, PASSWORD)
        produced = place.tidemark("produce", *state, "--rate", "250", "--seconds", "1")
        assert produced.returncode == 0, produced.stderr
        eventually(lambda: crew.tend() or place.landed_up_to_the_end(), "everything landed")
        assert crew.members[0].starts == 1, "the member recovered by itself"
    finally:
        crew.terminate()
    assert _audited(place)["events"]["landed"] == RECORDS + 250


def test_nobody_said_a_secret(place):
    """Last: outputs of everything above, and every file under the state folder that is not made to hold a secret."""
    listed = place.tidemark("settings")
    assert "TIDEMARK_KAFKA_PASSWORD" in listed.stdout
    place.search.files(place.platform.state, besides={"mac.key", "password", "server.properties"})
    assert place.search.found == []
    assert place.search.texts > 20
    assert {"consumer-1.log", "member-1.json", "platform.json"} <= place.search.names


def test_the_client_at_its_most_talkative_hides_its_secrets(place):
    """It dumps its whole configuration then."""
    search = Search(CANARIES)
    with Lines(QUIET) as heard:
        talkative = KafkaBroker(
            Settings.from_environment(place.doors.settings()), client_config={"debug": "all", "log_level": 7}
        )
        talkative.topic(30)
        talkative.committed([0], 30)
        talkative._questions._admin.client.poll(0)
        talkative._questions._asker.client.poll(0)
    assert any("sasl.password" in line for line in heard.lines)
    search.saw("librdkafka", "\n".join(heard.lines))
    assert search.found == []


def _audited(place):
    said = place.tidemark("audit", "--state", str(place.platform.state), "--json")
    report = json.loads(said.stdout)
    assert report["verdict"] == "PASS", said.stdout
    return report


def _search_command_lines(place):
    """What `ps` shows of the broker, the emulator and the member."""
    for child in psutil.Process(os.getpid()).children(recursive=True):
        place.search.saw("ps", " ".join(child.cmdline()))
