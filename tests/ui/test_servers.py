"""Dagster's processes for real: started together, found again, started anew where one died, ended without a trace."""

import json
import os
import signal
from urllib.request import Request, urlopen

import pytest

from orchestration.ui import servers
from orchestration.ui.home import Home

pytestmark = [pytest.mark.integration, pytest.mark.fault]


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path)
    yield home
    servers.stop(home)


def environment(home):
    own = {name: value for name, value in os.environ.items() if not name.startswith("TIDEMARK_")}  # noqa: TID251
    return own | {"TIDEMARK_STATE_DIR": str(home.state), "TIDEMARK_BIGQUERY_PROJECT": "nobody"}


def asked(running, query):
    """An answer of the pages' own interface."""
    request = Request(f"{servers.address(running)}/graphql", json.dumps({"query": query}).encode())
    request.add_header("Content-Type", "application/json")
    with urlopen(request, timeout=30) as answer:
        return json.loads(answer.read())["data"]


ASSETS = "{ assetNodes { assetKey { path } groupName } }"


def loaded(running):
    return {node["assetKey"]["path"][0] for node in asked(running, ASSETS)["assetNodes"]}


def test_they_serve_survive_each_other_and_end(home, tmp_path):
    said = []
    first = servers.start(home, environment(home), said.append)
    assert {"payments", "merchants", "fx_rates", "payments_daily"} <= loaded(first), said
    assert servers.start(home, environment(home), said.append) == first, "a repeat starts nothing"

    os.kill(first["webserver"].pid, signal.SIGKILL)
    os.waitpid(first["webserver"].pid, 0)
    second = servers.start(home, environment(home), said.append)
    assert second["webserver"].pid != first["webserver"].pid
    assert second["webserver"].port == first["webserver"].port, "the address stays"
    assert (second["code-server"], second["daemon"]) == (first["code-server"], first["daemon"])

    assert servers.stop(home) == list(servers.NAMES)
    assert not any(server.alive for server in second.values())
    assert servers.found(home) == {}
    assert servers.stop(home) == [], "and again, nothing to do"


@pytest.mark.long
def test_code_that_does_not_load_is_one_line_that_says_why(home):
    broken = environment(home) | {"TIDEMARK_NO_SUCH_SETTING": "1"}
    with pytest.raises(servers.DidNotServe, match="NO_SUCH_SETTING") as raised:
        servers.start(home, broken, lambda line: None)
    assert "\n" not in str(raised.value)
