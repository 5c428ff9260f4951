"""Kafka by four hosts, and bytes between zones and clouds: figures worked out by hand, each byte billed once."""

from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.cost import drivers
from assets.cost.components import KAFKA, kafka_confluent, kafka_google, kafka_traffic, network
from assets.cost.growth import Growth, inflow
from assets.cost.lines import Month
from assets.cost.model import priced
from assets.cost.scenario import CHOICES, Scenario
from assets.cost.units import GB, GIB, MB, MIB

ROUND = {
    "wire_bytes_plain": 400, "wire_bytes_compressed": 100, "arrow_bytes": 500, "kafka_reread_share": "0.25",
    "kafka_read_across_zones": "0.5", "peak_to_mean": 2, "kafka_mib_per_vcpu": 20, "kafka_local_days": 1,
    "kafka_disk_fill": "0.5", "confluent_least_ecku": 1, "confluent_billed_copies": 1,
}  # fmt: skip
ENGINES = ("tidemark-gke", "flink-managed", "flink-confluent")
"""One at Google, one at Amazon, one inside Confluent."""
SECONDS = 730 * 3600
FIGURES = drivers.read()
GOOGLES_PAGE = {Decimal(10): Decimal(1100), Decimal(100): Decimal(11000)}
"""Dollars a month by MiB/s that producers send: 24 hours kept, consumers as fast as producers, half busy."""


@pytest.fixture(scope="module")
def rounded():
    return FIGURES.replaced({name: Decimal(value) for name, value in ROUND.items()})


def month(figures, number=3, **choices):
    scenario = Scenario(**choices)
    return Month(scenario, figures, number, inflow(scenario.rate_per_s, scenario.growth, number))


def kafka(figures, **choices):
    return {use.key: use for use in KAFKA[choices.get("kafka", "google")](month(figures, **choices))}


def crossing(figures, **choices):
    return {use.key: use for use in network.uses(month(figures, **choices))}


def google(mib_written, mib_read, days=Decimal(1), **settings):
    uses = kafka_google.of_throughput(Decimal(mib_written) * MIB, Decimal(mib_read) * MIB, days, **settings)
    return {use.key: use for use in uses}


def dollars(uses, book, term=0):
    return sum(line.usd_by_term[term] for line in priced(uses.values(), book))


def test_the_smallest_cluster_of_google_costs_what_its_page_says(book):
    assert dollars(google(0, 0), book) == Decimal("248.10")


@pytest.mark.parametrize("rate", GOOGLES_PAGE)
def test_googles_own_examples_are_reproduced(rate, book):
    assert dollars(google(rate, rate), book) == pytest.approx(GOOGLES_PAGE[rate], rel=Decimal("0.15"))


def test_cores_follow_googles_planning_page():
    # 3 x 10 written, 10 + 2 x 10 read: 30 + 30 / 4 = 37.5 MiB/s, at half use 75, by 20 a core: 4
    assert google(10, 10)["kafka.compute"].quantity == 4 * 730
    assert google(10, 10, peak_to_mean=Decimal(4))["kafka.compute"].quantity == 8 * 730
    assert google(10, 10, mib_a_vcpu=Decimal(10))["kafka.compute"].quantity == 8 * 730
    assert google(10, 50)["kafka.compute"].quantity == 5 * 730


def test_disks_come_with_the_cores_and_tiered_storage_has_one_copy():
    uses = google(10, 10, days=Decimal(7))
    assert uses["kafka.local_storage"].quantity == 400
    assert uses["kafka.remote_storage"].quantity == Decimal(10) * 86400 * 7 / 1024


def test_two_copies_and_two_thirds_of_what_is_sent_cross_zones_at_google():
    written = Decimal(10) * SECONDS / 1024
    assert google(10, 20)["kafka.replication"].quantity == written * 2
    assert float(google(10, 20)["kafka.clients"].quantity) == pytest.approx(float(written) * 2 / 3)
    far = google(10, 20, read_across_zones=Decimal("0.5"))["kafka.clients"].quantity
    assert float(far) == pytest.approx(float(written) * (2 / 3 + 1))


def test_a_commitment_lowers_googles_compute_and_nothing_else(book):
    lines = {line.key: line for line in priced(google(10, 10).values(), book)}
    for key, line in lines.items():
        saved = [1 - usd / line.usd for usd in line.usd_by_term]
        assert saved == ([0, Decimal("0.2"), Decimal("0.4")] if key == "kafka.compute" else [0, 0, 0])


def test_bytes_come_from_the_rate_the_size_and_the_compression(rounded):
    packed, plain = (kafka_traffic.of(month(rounded, message_size=Decimal(3), compressed=c)) for c in (True, False))
    assert packed.written_per_s == 500 * 100 * 3
    assert packed.read_per_s == 500 * 100 * 3 * Decimal("1.25")
    assert plain.written_per_s == packed.written_per_s * 4
    assert (packed.drivers[0], plain.drivers[0]) == ("wire_bytes_compressed", "wire_bytes_plain")


@pytest.mark.parametrize(("number", "retention", "days"), [(1, 7, 7), (1, 60, Decimal(365) / 24), (13, 60, 60)])
def test_no_more_is_kept_than_has_arrived(rounded, number, retention, days):
    kept = kafka_traffic.of(month(rounded, number=number, kafka_retention_days=Decimal(retention)))
    assert float(kept.kept_days) == pytest.approx(float(days))
    assert float(kept.kept_gib * GIB) == pytest.approx(500 * 100 * 86400 * float(days))


def test_while_payments_grow_older_days_weigh_less(rounded):
    growing = kafka_traffic.of(
        month(rounded, number=13, growth=Growth("compound", Decimal(1)), kafka_retention_days=Decimal(60))
    )
    assert 50 < growing.kept_days < 60


def test_google_is_sized_from_the_scenario(rounded):
    uses = kafka(rounded, rate_per_s=Decimal(200_000))
    # 20 MB/s: 60 written, 25 + 40 read, 76.25 in all, twice that at the peak = 145.4 MiB/s, by 20 a core: 8
    assert uses["kafka.compute"].quantity == 8 * 730
    assert float(uses["kafka.clients"].quantity) == pytest.approx(20e6 * SECONDS / 2**30 * (2 / 3 + 0.5 * 1.25))


@pytest.mark.parametrize(
    ("kind", "written", "read", "partitions", "units"),
    [
        (kafka_confluent.STANDARD, 50, 50, 6, 2),
        (kafka_confluent.STANDARD, 50, 300, 6, 4),
        (kafka_confluent.STANDARD, 1, 1, 750, 3),
        (kafka_confluent.ENTERPRISE, 1, 1, 750, Decimal("0.25")),
    ],
)
def test_the_busiest_dimension_decides_how_many_units_confluent_bills(kind, written, read, partitions, units):
    assert kafka_confluent.units(kind, Decimal(written) * MB, Decimal(read) * MB, partitions, Decimal(25)) == units


def test_confluent_bills_units_bytes_and_storage(rounded, book):
    uses = kafka(rounded, kafka="confluent-standard", rate_per_s=Decimal(300_000))
    written = Decimal(30 * MB) * SECONDS / GIB
    assert {key: use.quantity for key, use in uses.items()} == {
        "kafka.ecku": 2 * 730,
        "kafka.network_in": written,
        "kafka.network_out": written * Decimal("1.25"),
        "kafka.storage": pytest.approx(Decimal(30 * MB) * 86400 * 7 / GIB),
    }
    small = kafka(rounded, kafka="confluent-enterprise")
    assert dollars({"units": small["kafka.ecku"]}, book) == Decimal("1277.50")
    assert (
        kafka(rounded.replaced({"confluent_least_ecku": Decimal(2)}), kafka="confluent-enterprise")[
            "kafka.ecku"
        ].quantity
        == 2 * small["kafka.ecku"].quantity
    )


def test_copies_that_confluent_bills_are_a_figure_with_a_range(rounded):
    thrice = kafka(rounded.replaced({"confluent_billed_copies": Decimal(3)}), kafka="confluent-standard")
    once = kafka(rounded, kafka="confluent-standard")
    assert thrice["kafka.storage"].quantity == 3 * once["kafka.storage"].quantity
    billed = FIGURES.about("confluent_billed_copies")
    assert (billed.low, billed.high) == (1, 3)


def test_own_brokers_stand_in_three_zones_with_controllers_of_their_own(rounded):
    small, large = (kafka(rounded, kafka="self-run", rate_per_s=Decimal(rate)) for rate in (500, 200_000))
    assert [uses["kafka.brokers"].quantity / 730 for uses in (small, large)] == [3, 6]  # 8 vCPU: 4 x 2, in threes 6
    assert {uses["kafka.controllers"].quantity / 730 for uses in (small, large)} == {3}


def test_own_disks_hold_three_copies_of_the_local_days_and_never_less_than_the_floor(rounded):
    small, large = (kafka(rounded, kafka="self-run", rate_per_s=Decimal(rate)) for rate in (500, 200_000))
    assert small["kafka.disks"].quantity == 3 * 100 + 3 * 64
    a_day = Decimal(20 * MB) * 86400 / GIB
    assert large["kafka.disks"].quantity == pytest.approx(a_day * 3 * 2 + 3 * 64)
    assert large["kafka.remote_storage"].quantity == pytest.approx(a_day * 7)
    short = kafka(rounded, kafka="self-run", rate_per_s=Decimal(200_000), kafka_retention_days=Decimal("0.5"))
    assert short["kafka.disks"].quantity == pytest.approx(a_day * 3 + 3 * 64)


@pytest.mark.parametrize(
    ("choices", "keys"),
    [
        ({}, {"network.endpoint"}),
        ({"kafka": "confluent-enterprise"}, {"network.endpoint"}),
        ({"kafka": "confluent-standard"}, {"network.to_brokers"}),
        ({"kafka": "self-run"}, {"network.clients"}),
        ({"warehouse": "snowflake"}, {"network.endpoint", "network.to_warehouse"}),
        ({"engine": "flink-managed"}, {"network.endpoint", "network.to_engine", "network.to_warehouse"}),
        ({"engine": "flink-managed", "kafka": "confluent-standard"}, {"network.to_brokers", "network.to_warehouse"}),
        ({"engine": "flink-confluent", "kafka": "confluent-standard"}, {"network.to_brokers"}),
    ],
)
def test_what_crosses_a_border_depends_on_where_things_run(rounded, choices, keys):
    assert set(crossing(rounded, **choices)) == keys


def test_each_crossing_is_on_one_bill(rounded):
    bytes_written = Decimal(50_000) * SECONDS
    at_google = kafka(rounded)["kafka.clients"].quantity
    assert crossing(rounded, kafka="self-run")["network.clients"].quantity == at_google
    assert not any(use.sku.endswith("inter_zone") for use in crossing(rounded).values())
    assert crossing(rounded)["network.endpoint"].quantity == bytes_written / GIB * Decimal("2.25")
    assert crossing(rounded, kafka="confluent-standard")["network.to_brokers"].quantity == bytes_written / GIB


def test_an_engine_at_amazon_reads_across_clouds_and_not_across_zones(rounded):
    away = {"engine": "flink-managed"}
    written = Decimal(50_000) * SECONDS / GIB
    assert kafka(rounded, **away)["kafka.clients"].quantity == written * kafka_traffic.OTHER_ZONES
    assert crossing(rounded, **away)["network.endpoint"].quantity == written
    assert crossing(rounded, **away)["network.to_engine"].quantity == written * Decimal("1.25")
    assert crossing(rounded, **away)["network.to_warehouse"].quantity == Decimal(500 * 500) * SECONDS / GB
    assert (
        crossing(rounded, kafka="self-run", **away)["network.clients"].quantity == written * kafka_traffic.OTHER_ZONES
    )


@given(
    rates=st.tuples(*[st.integers(1, 200_000)] * 2).map(sorted),
    kind=st.sampled_from(list(product(CHOICES["kafka"], CHOICES["engine"], CHOICES["warehouse"]))),
    size=st.integers(1, 5),
    number=st.sampled_from((1, 3, 13)),
)
def test_no_line_falls_when_the_rate_rises_and_none_is_below_zero(rates, kind, size, number):
    choices = dict(zip(("kafka", "engine", "warehouse"), kind, strict=True), message_size=Decimal(size))
    low, high = (
        {
            use.key: use
            for f in (KAFKA[kind[0]], network.uses)
            for use in f(month(FIGURES, number, rate_per_s=Decimal(r), **choices))
        }
        for r in rates
    )
    assert low.keys() == high.keys()
    assert all(0 <= low[key].quantity <= high[key].quantity for key in low)


@pytest.mark.parametrize("kind", list(product(CHOICES["kafka"], ENGINES, CHOICES["warehouse"])))
def test_every_line_is_priced_explained_and_names_figures_that_exist(kind, figures, book):
    choices = dict(zip(("kafka", "engine", "warehouse"), kind, strict=True))
    uses = [*KAFKA[kind[0]](month(figures, **choices)), *network.uses(month(figures, **choices))]
    assert len(priced(uses, book)) == len(uses)
    for use in uses:
        assert use.component == use.key.partition(".")[0]
        assert any(letter.isdigit() for letter in use.how)
        assert len(use.how) < 200
        assert {figures.about(name).name for name in use.drivers} == set(use.drivers)
