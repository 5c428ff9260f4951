"""The two assets as Dagster runs them, on the emulator."""

from datetime import date

import dagster as dg  # noqa: TID251 - the assets as it runs them
import pytest
from merchant_days import day, frame

from assets.fx.asset import FxRatesConfig, fx_rates
from assets.fx.source import bundled, feed
from assets.merchants.asset import merchants
from assets.warehouse.client import connect
from assets.warehouse.standing import published_versions, standing_rates

pytestmark = pytest.mark.integration

PEOPLE = {f"m{number}": "low" for number in range(10)}
BUNDLED_END = "2026-10-30"


class Place(dg.ConfigurableResource):
    """What the control plane hands to an asset, as far as these two need it."""

    project: str
    dataset: str
    rest_endpoint: str

    def client(self):
        return connect(self.project, self.rest_endpoint)


@pytest.fixture
def place(client, dataset, emulator_node):
    return Place(project=client.project, dataset=dataset, rest_endpoint=emulator_node.rest_endpoint)


def run_merchants(place, snapshot, wanted: str):
    return dg.materialize(
        [merchants],
        resources={"warehouse": place, "merchant_source": lambda _: frame(snapshot)},
        run_config={"ops": {"merchants": {"config": {"day": wanted}}}},
        raise_on_error=False,
    )


def run_fx(place, partition: str, source=bundled, accepted=()):
    return dg.materialize(
        [fx_rates],
        resources={"warehouse": place, "fx_source": source},
        partition_key=partition,
        run_config={"ops": {"fx_rates": {"config": {"accepted": list(accepted)}}}},
        raise_on_error=False,
    )


def told(result, node: str):
    (materialization,) = result.asset_materializations_for_node(node)
    return {name: value.value for name, value in materialization.metadata.items()}, materialization.tags or {}


def failure(result):
    (event,) = result.get_step_failure_events()
    return event.event_specific_data.user_failure_data


def test_the_merchants_have_the_contents_hash_as_their_version(place):
    metadata, tags = told(run_merchants(place, PEOPLE, day(0).isoformat()), "merchants")
    assert (metadata["dagster/row_count"], metadata["open_merchants"], metadata["published"]) == (10, 10, True)
    assert "| inserted | 10 |" in metadata["fold"]
    again, same_tags = told(run_merchants(place, PEOPLE, day(1).isoformat()), "merchants")
    assert (again["published"], again["version"]) == (False, metadata["version"])
    assert same_tags["dagster/data_version"] == tags["dagster/data_version"]
    _, other = told(run_merchants(place, {**PEOPLE, "m0": "high"}, day(2).isoformat()), "merchants")
    assert other["dagster/data_version"] != tags["dagster/data_version"]


def test_a_rejected_snapshot_fails_the_run_in_one_line(place):
    result = run_merchants(place, {}, day(0).isoformat())
    assert not result.success
    said = failure(result)
    assert said.description == "snapshot of the merchants is empty: 0 rows"


def test_a_day_that_is_none_fails_the_run_in_one_line(place):
    said = failure(run_merchants(place, PEOPLE, "yesterday"))
    assert said.description == "day must be an ISO date (2026-11-20), not 'yesterday'"


def test_a_days_partition_publishes_that_day(place, client, dataset):
    metadata, _ = told(run_fx(place, BUNDLED_END), "fx_rates")
    assert metadata["new_revisions"] == {BUNDLED_END: 1}
    assert metadata["dagster/partition_row_count"] == len(standing_rates(client, dataset)) == 29
    assert "| USD | 1.1172 | ecb-bundled |" in metadata["rates"]
    again, _ = told(run_fx(place, BUNDLED_END), "fx_rates")
    assert again["new_revisions"] == {}
    assert published_versions(client, dataset, "fx_rates") == [metadata["version"]]


def test_a_day_without_target_materializes_with_a_note(place, client, dataset):
    metadata, _ = told(run_fx(place, "2026-10-31"), "fx_rates")
    assert metadata["note"] == "TARGET is closed on this day"
    assert standing_rates(client, dataset).is_empty()


def test_a_day_not_published_yet_fails_and_may_be_tried_again(place, client, dataset):
    run_fx(place, BUNDLED_END)
    result = run_fx(place, "2026-11-02", feed("http://127.0.0.1:9/eurofxref-daily.xml"))
    assert not result.success
    said = failure(result)
    assert "EMPTY 2026-11-02: no rates at all; the newest published day is 2026-10-30, 1 TARGET day" in said.description
    assert "does not answer" in said.metadata["note"].value
    assert standing_rates(client, dataset)["rate_date"].unique().to_list() == [date(2026, 10, 30)]


def test_a_rejection_says_what_a_person_could_accept(place):
    def half(first, last):
        fetched = bundled(first, last)
        return type(fetched)(fetched.rates.filter(currency="USD"))

    run_fx(place, "2026-10-29")
    said = failure(run_fx(place, BUNDLED_END, half))
    acceptable = said.metadata["to_accept"].value["accepted"]
    assert "MISSING_CURRENCY:JPY" in acceptable
    assert len(acceptable) == 28
    assert told(run_fx(place, BUNDLED_END, half, acceptable), "fx_rates")[0]["new_revisions"] == {BUNDLED_END: 1}


@pytest.mark.parametrize(("partition", "again"), [("2026-11-02", True), (BUNDLED_END, False)])
def test_only_a_day_that_may_still_come_is_worth_a_retry(place, partition, again):
    def doubtful(first, last):
        fetched = bundled(first, last)
        return type(fetched)(fetched.rates.with_columns(-fetched.rates["rate"]))

    with pytest.raises(dg.Failure) as failed:
        fx_rates(dg.build_asset_context(partition_key=partition), FxRatesConfig(), place, doubtful)
    assert failed.value.allow_retries is again
