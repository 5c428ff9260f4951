"""The real broker and emulator: found by others, restarted in place, never outliving their owner."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition  # noqa: TID251 - another client judges the broker
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType  # noqa: TID251

from sandbox.platform.instance import PlatformDown, load, running
from sandbox.platform.processes import free_ports, is_alive
from sandbox.platform.status import status

TIDEMARK = Path(sys.executable).parent / "tidemark"
ENVIRONMENT = dict(os.environ)  # noqa: TID251 - what a shell would hand the command


def tidemark(*words, code=0):
    ran = subprocess.run([TIDEMARK, *words], capture_output=True, text=True, timeout=120, env=ENVIRONMENT, check=False)
    assert ran.returncode == code, ran.stderr + ran.stdout
    assert "Traceback" not in ran.stderr
    return ran


def now():
    return datetime.now(UTC)  # noqa: TID251 - heartbeats and probes are about this machine's present


def eventually(condition, within=15.0):
    ends = time.monotonic() + within  # noqa: TID251 - a deadline of the test itself
    while not condition():
        assert time.monotonic() < ends, "did not come true in time"  # noqa: TID251
        time.sleep(0.05)  # noqa: TID251 - between two looks at the condition


@pytest.fixture(scope="module")
def platform(tmp_path_factory):
    with running(tmp_path_factory.mktemp("platform"), partitions=3) as started:
        yield started


@pytest.mark.integration
def test_the_broker_stamps_records_and_keeps_them_all(platform):
    admin = AdminClient({"bootstrap.servers": platform.bootstrap_servers})
    resource = ConfigResource(ResourceType.TOPIC, platform.topic)
    config = admin.describe_configs([resource])[resource].result(10)
    assert config["message.timestamp.type"].value == "LogAppendTime"
    assert config["cleanup.policy"].value == "delete"
    assert len(admin.list_topics(platform.topic, timeout=10).topics[platform.topic].partitions) == 3


@pytest.mark.integration
def test_others_find_it_and_the_key_stays_out_of_the_shared_file(platform):
    facts = load(platform.state)
    environment = facts.environment()
    key = environment["TIDEMARK_MAC_KEY"]
    assert len(bytes.fromhex(key)) == 16
    assert key not in (platform.state / "platform.json").read_text()
    assert (platform.state / "mac.key").stat().st_mode & 0o777 == 0o600
    assert environment["TIDEMARK_KAFKA_BOOTSTRAP"] == platform.bootstrap_servers
    assert environment["TIDEMARK_STATE_DIR"] == str(platform.state)
    with urllib.request.urlopen(f"{facts.rest_endpoint}/bigquery/v2/projects/{facts.project}/datasets") as answer:
        datasets = json.load(answer)["datasets"]
    assert [each["datasetReference"]["datasetId"] for each in datasets] == [facts.dataset]


@pytest.mark.integration
def test_everything_listens_on_loopback_alone(platform):
    ports = {int(each.rsplit(":")[-1]) for each in (platform.bootstrap_servers, platform.rest_endpoint)}
    ports |= {int(platform.grpc_endpoint.rsplit(":")[-1])}
    outside = socket.gethostbyname(socket.gethostname())
    for port in ports if not outside.startswith("127.") else ():
        with socket.socket() as probe:
            assert probe.connect_ex((outside, port)) != 0


def produce(platform, value):
    told = []
    producer = Producer({"bootstrap.servers": platform.bootstrap_servers, "acks": "all", "enable.idempotence": True})
    producer.produce(platform.topic, value, partition=0, on_delivery=lambda error, _: told.append(error))
    producer.flush(30)
    assert told == [None]


def values(platform):
    consumer = Consumer(
        {"bootstrap.servers": platform.bootstrap_servers, "group.id": "look", "enable.auto.commit": False}
    )
    try:
        partition = TopicPartition(platform.topic, 0, 0)
        consumer.assign([partition])
        _, end = consumer.get_watermark_offsets(partition, timeout=10)
        return [consumer.poll(10).value() for _ in range(end)]
    finally:
        consumer.close()


@pytest.mark.fault
def test_killed_children_come_back_on_their_ports_with_their_data(platform):
    produce(platform, b"before")
    endpoints = platform.bootstrap_servers, platform.rest_endpoint, platform.grpc_endpoint
    old = platform.kafka_pid, platform.bigquery_pid
    for pid in old:
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: len(platform.dead()) == 2)
    assert {part["state"] for part in list(status(platform.state, now()).values())[:2]} == {"dead"}
    platform.restart_broker()
    platform.restart_emulator()
    facts = load(platform.state)
    assert (facts.bootstrap_servers, facts.rest_endpoint, facts.grpc_endpoint) == endpoints
    assert not {facts.kafka_pid, facts.bigquery_pid} & set(old)
    produce(platform, b"after")
    assert values(platform)[-2:] == [b"before", b"after"]


@pytest.mark.fault
def test_a_stopped_child_is_told_from_a_dead_one(platform):
    os.kill(platform.bigquery_pid, signal.SIGSTOP)
    try:
        assert status(platform.state, now())["bigquery"]["state"] == "unresponsive"
    finally:
        os.kill(platform.bigquery_pid, signal.SIGCONT)
    eventually(lambda: status(platform.state, now())["bigquery"]["state"] == "up")


OWNER = """
import sys
from pathlib import Path
from sandbox.platform.instance import running
with running(Path(sys.argv[1])):
    print("up", flush=True)
    sys.stdin.read()
"""


@pytest.mark.long
@pytest.mark.fault
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=["crash", "ctrl-c"])
def test_children_end_with_their_owner(tmp_path, how):
    """SIGKILL gives the owner no chance to tidy up: the kernel ends the children."""
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, env=ENVIRONMENT,
    )  # fmt: skip
    assert owner.stdout.readline() == b"up\n"
    facts = load(tmp_path)
    assert is_alive(facts.kafka_pid)
    assert is_alive(facts.bigquery_pid)
    owner.send_signal(how)
    owner.communicate(timeout=40)
    eventually(lambda: not is_alive(facts.kafka_pid) and not is_alive(facts.bigquery_pid))
    with pytest.raises(PlatformDown):
        load(tmp_path)


@pytest.mark.long
@pytest.mark.fault
def test_up_and_down_twice_beside_another_instance(platform, tmp_path):
    state = str(tmp_path / "other")
    try:
        assert "the platform is up" in tidemark("up", "--no-ui", "--state", state).stdout
        facts = load(Path(state))
        assert facts.bootstrap_servers != platform.bootstrap_servers
        assert "already up" in tidemark("up", "--no-ui", "--state", state).stdout
        assert load(Path(state)).kafka_pid == facts.kafka_pid
        found = json.loads(tidemark("status", "--json", "--state", state).stdout)
        assert (found["kafka"]["state"], found["bigquery"]["state"], found["consumers"]) == ("up", "up", [])
        assert "Kafka up at" in tidemark("logs", "supervisor", "--state", state).stdout
    finally:
        assert "platform is down" in tidemark("down", "--state", state).stdout
    assert "no platform was running" in tidemark("down", "--state", state).stdout
    assert not is_alive(facts.kafka_pid)
    assert not is_alive(facts.bigquery_pid)
    assert status(platform.state, now())["kafka"]["state"] == "up", "the other instance goes on"
    tidemark("down", "--purge", "--state", state)
    assert not Path(state).exists()


@pytest.mark.long
@pytest.mark.integration
@pytest.mark.parametrize("option", ["--kafka-port", "--rest-port", "--grpc-port"])
def test_a_port_in_use_is_one_line(tmp_path, option):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", free_ports(1)[0]))
        taken.listen()
        port = taken.getsockname()[1]
        ran = tidemark("up", "--state", str(tmp_path / "state"), option, str(port), code=2)
    said = ran.stderr
    assert said.startswith(f"tidemark: port {port} is in use: ")
    assert option in said
    assert said.count("\n") == 1
    assert "in use" not in ran.stdout, "the line is printed once"
    assert not (tmp_path / "state").exists(), "nothing is left of a platform that never began"
    assert "no platform was running" in tidemark("down", "--state", str(tmp_path / "state")).stdout
