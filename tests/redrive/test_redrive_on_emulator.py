"""The command against the emulator: a setting is widened, and what it refused is on its own dates."""

import json
import re
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from redrive_world import DAY, OWN, REASON, merchants, payload, rates, reference, window

from assets.warehouse.publish import publish_fx_rates, publish_merchants
from streaming.adapters.bigquery import BigQueryWarehouse
from streaming.settings import Settings
from streaming.stages.plan import arrow_schema, serialise, split
from streaming.walk import Policy, Source, enrich

pytestmark = pytest.mark.integration

PUBLISHED = datetime(2026, 11, 20, 16, tzinfo=UTC)
RECORDS = (
    payload(event_id="e0"),
    payload(event_id="e1", description="card 4111 1111 1111 1111"),
    payload(event_id="e2", card_token="4111111111111111"),
    payload(event_id="e3", occurred_at="2026-10-01T00:00:00Z"),
    payload(event_id="e4", currency="EURO"),
)
ASKED = ("redrive", "--reason", REASON, "--from", "2026-11-01", "--to", "2026-11-30")


def tidemark(environment, *words):
    command = [sys.executable, "-m", "orchestration.cli", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def strict(client, redrive_environment):
    """Records landed by a consumer that was told to take nothing older than a day."""
    settings = Settings.from_environment(redrive_environment | {"TIDEMARK_MAX_PAST_DAYS": "1"})
    dataset = settings.bigquery_dataset
    publish_merchants(client, dataset, merchants(), "m1", PUBLISHED)
    publish_fx_rates(client, dataset, rates(), "f1", PUBLISHED)
    rows = enrich(window(*RECORDS), Source("payments", "topic-1"), reference(), Policy.of(settings)).rows
    live = BigQueryWarehouse(settings, arrow_schema())
    try:
        for block in split(rows, pl.Series(list(RECORDS), dtype=pl.Binary), 1_000):
            live.append(live.open_stream(30), 0, serialise(block, "epoch", PUBLISHED + timedelta(days=3)), 30)
    finally:
        live.close()
    return rows


def ask(client, environment, view, columns):
    sql = f"SELECT {columns} FROM `{environment['TIDEMARK_BIGQUERY_DATASET']}.{view}` "
    days = f"WHERE business_date BETWEEN DATE '{OWN}' AND DATE '{DAY}' ORDER BY 1, 2"
    return [tuple(row.values()) for row in client.query(sql + days).result()]


def test_what_a_wider_rule_accepts_becomes_payments_once(client, redrive_environment, strict):
    def views():
        shown = ask(client, redrive_environment, "payments", "event_id, business_date")
        return shown, ask(client, redrive_environment, "payments_quarantine", "reason, kafka_offset")

    before = ([], [("BAD_CURRENCY", 4), *((REASON, offset) for offset in range(4))])
    assert views() == before
    look = tidemark(redrive_environment, *ASKED, "--json")
    assert look.returncode == 0, look.stderr
    (day,) = json.loads(look.stdout)["days"]
    assert (day["quarantined"], day["accepted"], day["accepted_on"]) == (4, 2, [str(OWN)])
    assert day["refused"] == {"card number masked in a field": 1, REASON: 1}
    assert "41111" not in look.stdout
    assert views() == before

    published = tidemark(redrive_environment, *ASKED, "--publish")
    assert published.returncode == 0, published.stderr
    assert "2 of 4 accepted today, on 2026-11-20; 4 rows appended" in published.stdout
    after = ([("e0", OWN), ("e1", OWN)], [("BAD_CURRENCY", 4), (REASON, 2), (REASON, 3)])
    assert views() == after
    macs = dict(ask(client, redrive_environment, "payments", "kafka_offset, payload_mac"))
    assert macs == dict(strict.filter(pl.col("kafka_offset") < 2).select("kafka_offset", "payload_mac").iter_rows())

    name = re.search(r"redrive-\S+", published.stderr)[0]
    again = tidemark(redrive_environment, *ASKED, "--publish", "--redrive-id", name, "--json")
    new = tidemark(redrive_environment, *ASKED, "--publish", "--json")
    for repeated in (again, new):
        assert [day["appended"] for day in json.loads(repeated.stdout)["days"]] == [0]
    assert views() == after


def test_a_mistake_is_one_line(redrive_environment, strict):
    unset = {name: value for name, value in redrive_environment.items() if name != "TIDEMARK_MAC_KEY"}
    for environment, words in (
        (redrive_environment, ("redrive", "--reason", "NO_SUCH")),
        (redrive_environment, (*ASKED[:3], "--redrive-id", "x")),
        (unset, ASKED),
        (redrive_environment | {"TIDEMARK_BIGQUERY_DATASET": "nobody_made_it"}, ASKED),
    ):
        ran = tidemark(environment, *words)
        assert (ran.returncode, ran.stderr.count("\n")) == (2, 1), ran.stderr
        assert ran.stdout == ""


def test_ctrl_c_ends_it_without_a_traceback(redrive_environment, strict):
    command = [sys.executable, "-m", "orchestration.cli", *ASKED, "--publish"]
    process = subprocess.Popen(command, env=redrive_environment, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    said = process.stderr.readline()  # its id: from here on it works
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    assert said.startswith(f"re-drive redrive-{REASON}-")
    assert "Traceback" not in process.stderr.read()
