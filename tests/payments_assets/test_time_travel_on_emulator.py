"""The queries of docs/time-travel.md, before and after an FX revision and a late merchant."""

import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from batch_landing import land
from correction_world import PUBLISHED, merchants, payments, rates
from superseding_world import AT, DAY

from assets.payments.correct import correct, todays_reference
from assets.warehouse.publish import publish_fx_rates, publish_merchants
from streaming.adapters.bigquery import BigQueryWarehouse
from streaming.stages.plan import arrow_schema

pytestmark = pytest.mark.integration

PAGE = Path(__file__).parents[2] / "docs" / "time-travel.md"
NOW = f"TIMESTAMP '{(AT + timedelta(days=1)).isoformat(sep=' ')}'"


def documented() -> list[str]:
    return re.findall(r"^```sql\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)


def table_of_the_page() -> list[list[str]]:
    """Rows of the page's first table."""
    rows = [line.strip("| \n").split(" | ") for line in PAGE.read_text().splitlines() if line.startswith("| e")]
    return [row for row in rows if len(row) == 7][1:]


@pytest.fixture
def corrected(client, batch_settings, batch_warehouse):
    """Landed on the 23rd, corrected on the 24th."""
    dataset, later = batch_settings.bigquery_dataset, PUBLISHED + timedelta(hours=1)
    live = BigQueryWarehouse(batch_settings, arrow_schema())
    publish_merchants(client, dataset, merchants("m1"), "m1", PUBLISHED)
    publish_fx_rates(client, dataset, rates("1.0000"), "f1", PUBLISHED)
    land(batch_settings, payments(todays_reference(live)))
    publish_merchants(client, dataset, merchants("m1", "late"), "m2", later)
    publish_fx_rates(client, dataset, rates("1.2500"), "f2", later)
    named = {"replay_id": "c1", "reporting_currency": "EUR", "at": AT}
    correct(client, f"{client.project}.{dataset}", batch_warehouse, todays_reference(live), [DAY], **named)
    live.close()

    def ask(sql):
        asked = sql.replace("payments.payments_as", f"{dataset}.payments_as").replace("CURRENT_TIMESTAMP()", NOW)
        return [tuple(row.values()) for row in client.query(asked).result()]

    return ask


def test_the_page_shows_what_its_queries_answer(corrected):
    report, changes = documented()
    yen, dollars = Decimal("0.59"), Decimal(100)
    assert corrected(report) == [("EUR", 1, Decimal(100)), ("JPY", 1, yen), ("USD", 1, dollars)]
    assert corrected(report.replace("2026-11-24 00:00", "2026-11-24 10:00")) == [
        ("EUR", 1, Decimal(100)),
        ("JPY", 1, yen),
        ("USD", 1, Decimal(80)),
    ]
    told = [
        [f"{value:.2f}" if isinstance(value, Decimal) else str(value) for value in row] for row in corrected(changes)
    ]
    assert told == table_of_the_page()


def test_as_of_now_it_is_the_view(corrected, batch_settings):
    where = f"WHERE business_date = DATE '{DAY}' ORDER BY kafka_offset"
    columns = "kafka_offset, enrichment_revision, reporting_amount, merchant_status"
    known = corrected(f"SELECT {columns} FROM payments.payments_as_known_at(CURRENT_TIMESTAMP()) {where}")
    assert known == corrected(f"SELECT {columns} FROM {batch_settings.bigquery_dataset}.payments {where}")
    assert len(known) == 3
