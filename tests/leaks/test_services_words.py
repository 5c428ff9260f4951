"""What services say comes to a person or to Dagster without the values that they quote."""

import ast
import os
import subprocess
import sys
import traceback
from pathlib import Path

import pytest
from canaries import CARD, SECRETS, cards_in, secrets_in
from talkative_service import GROUPED, SAID, talkative

from assets.checks.ask import CheckNotAsked, ask
from assets.fx.source import Fetched, feed
from assets.payments.pages import pages
from assets.payments.replay.ask import ask as ask_of_a_replay
from assets.warehouse.client import connect
from assets.warehouse.migrate import migrate
from assets.warehouse.refusals import first_line, said_by, typed_refusals
from audit.bigquery import BigQueryReader
from audit.model import AuditError
from orchestration.checks.three_ways import _timeline
from streaming.ports import WarehouseError

pytestmark = pytest.mark.integration  # Google's packages and Dagster, seconds to import

ROOT = Path(__file__).parents[2]
FROM_SERVICES = {"GoogleAPICallError", "GoogleAPIError", "RetryError", "GoogleAuthError", "RequestException"}
MADE_HARMLESS_BY = {"rest_error", "rpc_error", "said_by", "no_credentials", "_no_credentials", "_line", "mask"}
"""Functions that take an error and give words without values; `_line` is the auditor's own."""


@pytest.fixture(scope="module")
def service():
    with talkative() as made:
        yield made


@pytest.fixture(params=[400, 403, 404])
def client(service, request):
    service[1].status = request.param
    return connect("p", service[0])


def migrated(client):
    with typed_refusals("migrate"):
        migrate(client, "p", "d")


ASKED = {
    "check": lambda client: ask(client, "SELECT 1", 10, 5.0),
    "timeline": lambda client: _timeline(client, "d", None, None),
    "replay": lambda client: list(ask_of_a_replay(client, "reference versions", "SELECT 1")),
    "pages": lambda client: list(pages(client, "SELECT 1", {}, 10)),
    "whatever an asset does": migrated,
}


@pytest.mark.parametrize("way", ASKED)
def test_a_refusal_has_no_value_in_its_words_nor_in_those_of_its_causes(client, way):
    with pytest.raises((CheckNotAsked, WarehouseError)) as caught:
        ASKED[way](client)
    told = "".join(traceback.TracebackException.from_exception(caught.value).format())
    assert cards_in(told) + secrets_in(told) == []
    assert "coffees" not in told


def test_the_auditors_as_well(service):
    reader = BigQueryReader("p", "d", service[0])
    with pytest.raises(AuditError, match=r"Could not cast \(value\) or \(value\) to INT64") as caught:
        reader.query("SELECT 1")
    told = "".join(traceback.TracebackException.from_exception(caught.value).format())
    assert cards_in(told) + secrets_in(told) == []


def test_what_the_rates_feed_answers_instead_is_no_part_of_the_note(service):
    source = feed(service[0], lambda first, last: Fetched(None))
    note = source(None, None).note
    assert note.startswith("the ECB's feed does not answer (Could not cast (number)")
    assert cards_in(note) + secrets_in(note) == []


def test_an_address_of_dagsters_storage_that_cannot_be_read_is_not_quoted(tmp_path):
    """A storage whose driver fails as SQLAlchemy does: with the address, its password included."""
    address = f"postgresql://dagster:{SECRETS['kafka_password']}@db:5432x/dagster"
    (tmp_path / "careless.py").write_text(
        f"raise ValueError(\"Could not parse SQLAlchemy URL from string '{address}'\")"
    )
    (tmp_path / "dagster.yaml").write_text("run_storage: {module: careless, class: Storage, config: {}}\n")
    ran = subprocess.run(
        [sys.executable, "-m", "orchestration.ui.storage", str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=False, timeout=60,  # noqa: TID251 - a process needs it
    )  # fmt: skip
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == "ValueError: Could not parse SQLAlchemy URL from string (quoted)\n"


def test_an_error_without_words_is_called_by_its_kind():
    assert (said_by(TimeoutError()), first_line(TimeoutError())) == ("TimeoutError", "TimeoutError")
    assert said_by(ValueError(f"no table p.d.t; reason: {SAID}")) == "no table p.d.t"


def passed_on(source: str) -> list[int]:
    """Lines that use a service's error for anything but to make its words harmless."""
    tree = ast.parse(source)
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    caught = [node for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler) and node.type and node.name]
    of_services = [
        node for node in caught if FROM_SERVICES & {n.id for n in ast.walk(node.type) if type(n) is ast.Name}
    ]
    return [use.lineno for node in of_services for use in ast.walk(node) if _is_used(use, node.name, parents)]


def _is_used(use: ast.AST, name: str, parents: dict) -> bool:
    if not (isinstance(use, ast.Name) and use.id == name):
        return False
    around = parents[use]
    while isinstance(around, ast.Call | ast.Attribute):
        if isinstance(around, ast.Attribute):
            return around.attr not in ("errors", "retryable")
        if isinstance(around.func, ast.Name) and around.func.id in MADE_HARMLESS_BY:
            return False
        around = parents[around]
    return True


def test_no_module_passes_a_services_words_on():
    modules = [
        path for folder in ("assets", "orchestration", "sandbox", "audit") for path in (ROOT / folder).rglob("*.py")
    ]
    handling = [path for path in modules if "GoogleAPI" in path.read_text()]
    assert len(handling) > 8
    assert {path.name: lines for path in modules if (lines := passed_on(path.read_text()))} == {}


@pytest.mark.parametrize(
    ("body", "harmless"),
    [
        ("raise X(str(error)) from None", False),
        ("raise X(f'no: {error}') from None", False),
        ("raise X('no') from error", False),
        ("raise X(error.message) from None", False),
        ("raise X(first_line(error)) from None", False),
        ("raise X(f'no: {said_by(error)}') from None", True),
        ("raise X(mask(first_line(error))) from None", True),
        ("raise X('no') from None", True),
        ("raise", True),
    ],
)
def test_the_search_for_such_modules_finds_one(body, harmless):
    source = f"try:\n    f()\nexcept (OSError, RetryError) as error:\n    {body}\n"
    assert (passed_on(source) == []) is harmless


def test_the_service_says_what_is_sought():
    assert cards_in(SAID) == [CARD]
    assert secrets_in(SAID) == list(SECRETS.values())
    assert GROUPED in SAID
