"""Ports that are settled before anything starts: one each, and in use by nobody."""

import socket

import pytest

from sandbox.platform.instance import Ports, foreseen
from sandbox.platform.processes import PortTaken, free_ports


def test_settled_ports_are_all_there_and_all_different():
    settled = Ports(rest=free_ports(1)[0]).settled()
    assert len({settled.kafka, settled.rest, settled.grpc}) == 3
    assert settled.settled() == settled, "settled once is settled"


def test_a_wanted_port_that_is_in_use_is_refused_before_anything_starts():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", free_ports(1)[0]))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match=f"port {port} is in use.*--grpc-port"):
            Ports(grpc=port).settled()


def test_they_are_options_of_a_detached_platform():
    assert Ports(1, 2, 3).options() == ["--kafka-port", "1", "--rest-port", "2", "--grpc-port", "3"]
    assert Ports(rest=2).options() == ["--rest-port", "2"]
    assert Ports().options() == []


def test_what_a_platform_will_be_is_known_before_it_starts(tmp_path):
    found = foreseen(tmp_path / "state", "payments", Ports(1, 2, 3))
    assert found["TIDEMARK_KAFKA_BOOTSTRAP"] == "127.0.0.1:1"
    assert found["TIDEMARK_BIGQUERY_REST_ENDPOINT"] == "http://127.0.0.1:2"
    assert found["TIDEMARK_BIGQUERY_GRPC_ENDPOINT"] == "127.0.0.1:3"
    assert found["TIDEMARK_STATE_DIR"] == str(tmp_path / "state")
    assert found["TIDEMARK_MAC_KEY"] == (tmp_path / "state" / "mac.key").read_text()
    assert foreseen(tmp_path / "state", "payments", Ports(1, 2, 3)) == found, "the key is kept"
