"""The first limit to break: the rate at which what is taken reaches the bound."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.cost import quotas
from assets.cost.growth import Growth
from assets.cost.limits import Break, Limit, by_component, first_to_break
from assets.cost.lines import COMPONENTS
from assets.cost.scenario import CHOICES, Scenario
from assets.payments import pending_bigquery
from assets.payments.replay import shadow
from streaming.adapters.bigquery_streams import MAX_REQUEST_BYTES

EVERYWHERE = [
    Scenario(kafka=kafka, engine=engine, warehouse=warehouse, warehouse_region=region)
    for kafka in CHOICES["kafka"]
    for engine in ("tidemark-gke", "dataflow")
    for warehouse in CHOICES["warehouse"]
    for region in ("us-central1", "us")
]


def limit(name="a", bound=100, taken=lambda month: month.rate, component="kafka", **more):
    return Limit(component, name, Decimal(bound), "x", taken, "how", "ours", "source", "way out", **more)


def breaks_of(figures, *limits, scenario=None):
    return first_to_break(scenario or Scenario(), figures, limits)


def rate_of(figures, name, scenario=None):
    found = [each for each in first_to_break(scenario or Scenario(), figures) if each.limit.name == name]
    assert len(found) == 1, name
    return found[0].rate_per_s


def test_it_breaks_where_what_is_taken_reaches_the_bound(figures):
    (found,) = breaks_of(figures, limit(taken=lambda month: month.rate * 4))
    assert found.rate_per_s == 25
    assert (found.share(Decimal(25)), found.share(Decimal(5))) == (1, Decimal("0.2"))


def test_the_rate_is_a_mean_and_the_peak_is_what_fills_a_bound(figures):
    (found,) = breaks_of(figures.replaced({"peak_to_mean": Decimal(4)}), limit(taken=lambda month: month.peak_rate))
    assert found.rate_per_s == 25


def test_the_lowest_comes_first_and_what_never_breaks_last(figures):
    found = breaks_of(
        figures, limit("far", 1000), limit("never", taken=lambda _: Decimal(0)), limit("near", 10), limit("middle")
    )
    assert [each.limit.name for each in found] == ["near", "middle", "far", "never"]
    assert found[-1].rate_per_s is None
    assert found[-1].share(Decimal(10**9)) == 0


@given(st.lists(st.integers(1, 10**6), min_size=1), st.integers(1, 10**6))
def test_at_its_rate_the_whole_bound_is_taken_and_not_before(bounds, rate):
    found = first_to_break(Scenario(), {"peak_to_mean": Decimal(2)}, [limit(str(n), n) for n in bounds])
    assert [each.rate_per_s for each in found] == sorted(map(Decimal, bounds))
    for each in found:
        assert (each.share(Decimal(rate)) >= 1) is (rate >= each.rate_per_s)


def test_a_limit_binds_only_whom_it_is_about(figures):
    about = limit(applies=lambda scenario: scenario.kafka == "google")
    assert breaks_of(figures, about)
    assert not breaks_of(figures, about, scenario=Scenario(kafka="self-run"))


def test_neither_the_scenario_s_rate_nor_its_growth_moves_a_limit(figures):
    growing = Scenario(rate_per_s=Decimal(9), growth=Growth("compound", Decimal(1)))
    assert first_to_break(growing, figures) == first_to_break(Scenario(), figures)


def test_the_first_of_each_component_in_the_order_of_a_bill(figures):
    found = by_component(
        breaks_of(figures, limit("w", 5, component="warehouse"), limit("b", 20), limit("a", 10), limit("c", 30))
    )
    assert list(found) == ["kafka", "warehouse"]
    assert found["kafka"].limit.name == "a"


@pytest.mark.parametrize("name", [each.name for each in quotas.LIMITS])
def test_every_limit_says_whose_it_is_where_it_is_from_and_the_way_out(name):
    for each in (each for each in quotas.LIMITS if each.name == name):
        assert each.component in COMPONENTS
        assert each.owner in ("ours", "theirs")
        assert each.bound > 0
        assert all((each.unit, each.how, each.source, each.way_out))


def test_every_scenario_has_its_limits_once_and_in_order(figures):
    for scenario in EVERYWHERE:
        found = first_to_break(scenario, figures)
        assert len({each.limit.name for each in found}) == len(found), scenario
        rates = [each.rate_per_s for each in found if each.rate_per_s is not None]
        assert rates == sorted(rates)
        assert all(rate > 0 for rate in rates)


def test_the_default_breaks_nothing_at_five_times_today_s_rate(figures):
    found = first_to_break(Scenario(), figures)
    assert not [each.limit.name for each in found if each.rate_per_s is not None and each.rate_per_s <= 2_500]
    assert set(by_component(found)) >= {"kafka", "engine", "warehouse", "orchestration"}


def test_load_jobs_by_hand(figures):
    """1,500 x 1,000,000 rows / 86,400 s = 17,361 rows/s."""
    assert int(rate_of(figures, "load jobs of a replayed day")) == 1_500 * 1_000_000 // 86_400 == 17_361


def test_write_streams_by_hand(figures):
    """Six streams of 10 MB/s, 555 bytes a row, a peak of twice the mean: 6 x 10^7 / 555 / 2 = 54,054/s."""
    known = figures.replaced({"arrow_bytes": Decimal(555), "peak_to_mean": Decimal(2)})
    assert int(rate_of(known, "what a write stream may carry")) == 54_054
    assert int(rate_of(known, "what a write stream is sure to carry")) == 5_405
    assert int(rate_of(known, "Storage Write API throughput")) == 270_270


def test_more_partitions_are_the_way_out_of_what_one_stream_carries(figures):
    name = "what a write stream may carry"
    assert rate_of(figures, name, Scenario(partitions=60)) == 10 * rate_of(figures, name)


def test_the_multi_region_takes_ten_times_as_much(figures):
    name = "Storage Write API throughput"
    assert rate_of(figures, name, Scenario(warehouse_region="us")) == 10 * rate_of(figures, name)


def test_kafka_by_hand(figures):
    """750 vCPU x 20 MiB/s / 250 bytes / (3 written + (1 + 2 read) / 4) / a peak of 2."""
    known = figures.replaced(
        {
            "wire_bytes_compressed": Decimal(250),
            "peak_to_mean": Decimal(2),
            "kafka_reread_share": Decimal(0),
            "kafka_mib_per_vcpu": Decimal(20),
        }
    )
    assert rate_of(known, "vCPUs of Managed Kafka") == pytest.approx(
        Decimal(750 * 20 * 2**20) / 250 / 2 / Decimal("3.75")
    )


def test_confluent_by_hand(figures):
    """10 units x 25 MB/s / 250 bytes / a peak of 2 = 500,000/s."""
    known = figures.replaced(
        {"wire_bytes_compressed": Decimal(250), "peak_to_mean": Decimal(2), "confluent_standard_mb_in": Decimal(25)}
    )
    found = first_to_break(Scenario(kafka="confluent-standard"), known)
    assert by_component(found)["kafka"].rate_per_s == 500_000


def test_the_constants_are_those_of_the_code_they_are_about():
    assert quotas.MOST_ROWS_PER_LOAD == shadow.MOST_ROWS_PER_LOAD
    assert pending_bigquery.MAXIMUM_BYTES_BILLED == quotas.WRITTEN_BEFORE_BYTES
    assert MAX_REQUEST_BYTES == 9 * 2**20


def test_a_break_without_a_rate_takes_nothing():
    assert Break(limit(), None).share(Decimal(500)) == 0
