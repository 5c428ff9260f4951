"""What holds for the bill of every engine, ours and theirs."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.cost.components import ENGINES, autopilot, sizing, tidemark
from tests.cost.engine_bills import FIGURES, having, lines, month, usd

RATES = st.integers(1, 2_000_000).map(Decimal)
ON_GKE = ("tidemark-gke", "flink-self-run", "flink-confluent", "kafka-streams-gke")


@pytest.mark.parametrize("engine", ENGINES)
@given(start=st.integers(1, 20_000).map(Decimal))
def test_no_line_falls_when_the_rate_rises(engine, start):
    low = lines(engine, start)
    for rate in (start * Decimal("1.4") ** step for step in range(1, 8)):
        high = lines(engine, rate)
        for key, line in low.items():
            same = line.price.sku == high[key].price.sku
            assert line.use.quantity <= high[key].use.quantity or not same
            assert line.usd <= high[key].usd
        low = high


@pytest.mark.parametrize("engine", ENGINES)
@given(rate=RATES)
def test_a_higher_peak_and_a_lower_ceiling_make_nothing_cheaper(engine, rate):
    assert usd(engine, rate, having(peak_to_mean=4)) >= usd(engine, rate)
    assert usd(engine, rate, having(cpu_ceiling="0.5")) >= usd(engine, rate)


@given(rate=RATES)
def test_messages_of_twice_the_size_are_as_many_again(rate):
    for engine in ("tidemark-gke", "spark-dataproc", "flink-managed", "dataflow"):
        assert usd(engine, rate, message_size=Decimal(2)) == usd(engine, 2 * rate)


@given(rate=RATES, ceiling=st.sampled_from(("0.5", "0.6", "0.75")))
def test_ours_is_never_busier_than_the_ceiling_nor_alone(rate, ceiling):
    now = month(rate, having(cpu_ceiling=ceiling))
    need = tidemark.members(now)
    busy = need.count * FIGURES["engine_fixed_cores"] + now.peak_rate * FIGURES["engine_cpu_s_per_million"] / 10**6
    assert need.count >= 2
    assert busy <= autopilot.accepted(need).vcpu * need.count * Decimal(ceiling) * Decimal("1.000001")
    assert now.peak_rate <= need.count * FIGURES["member_events_per_s"] * Decimal(ceiling) * Decimal("1.000001")


@given(
    vcpu=st.integers(0, 9_000).map(lambda m: Decimal(m) / 1000),
    gib=st.integers(0, 20_000).map(lambda m: Decimal(m) / 1000),
)
def test_pods_are_of_sizes_that_autopilot_accepts(vcpu, gib):
    pod = autopilot.accepted(sizing.Fleet(Decimal(2), vcpu, gib, ""))
    assert pod.vcpu >= max(vcpu, Decimal("0.25"))
    assert pod.vcpu % Decimal("0.25") == 0
    assert pod.gib >= max(gib, Decimal("0.5"))
    assert pod.vcpu <= pod.gib <= pod.vcpu * Decimal("6.5")


def test_a_size_that_nobody_offers_is_refused():
    assert sizing.smallest(Decimal("0.6"), (Decimal(1), Decimal("0.5"), Decimal(2))) == 1
    with pytest.raises(ValueError, match=r"no machine of 3\.00 vCPU is offered, the largest has 2"):
        sizing.smallest(Decimal(3), (Decimal(1), Decimal(2)))
    with pytest.raises(ValueError, match="leave nothing"):
        sizing.Load(Decimal(1), Decimal(10), Decimal("0.5"), Decimal("0.2")).full(Decimal("0.25"))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_line_says_how_and_names_its_figures(engine):
    for line in lines(engine, 5_000).values():
        assert line.use.component == "engine"
        assert any(sign.isdigit() for sign in line.use.how)
        assert line.use.region == "us-central1"
        assert set(line.use.drivers) <= set(FIGURES)
    assert len({line.use.label for line in lines(engine, 5_000).values()}) == len(lines(engine, 5_000))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_line_names_every_figure_that_moves_it(engine):
    at = 150_000
    before = lines(engine, at)
    for name in FIGURES:
        for value in (FIGURES.about(name).low, FIGURES.about(name).high):
            after = lines(engine, at, FIGURES.replaced({name: value}))
            moved = [key for key in before if after[key].use.quantity != before[key].use.quantity]
            assert all(name in before[key].use.drivers for key in moved), (name, moved)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_commitment_never_costs_more(engine):
    for line in lines(engine, 5_000).values():
        list_price, one, three = line.usd_by_term
        assert list_price >= one >= three
    if engine in ON_GKE:
        assert lines(engine, 5_000)["cluster"].free == 730
