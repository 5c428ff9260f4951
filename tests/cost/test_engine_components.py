"""Engines: each one's arithmetic, by hand."""

from decimal import Decimal

import pytest

from assets.cost.components import ENGINES, dataflow, relay, tidemark
from assets.cost.units import GIB, KIB
from tests.cost.engine_bills import having, lines, month, usd


def test_two_small_pods_carry_500_a_second():
    # peak 1,000/s on 2 = 500/s each; (0.086 + 500 x 10.7e-6) / 0.6 = 0.152 vCPU, sold as 0.25; 0.36 GiB sold as 0.5
    # 2 x 0.25 x 730 = 365 vCPU h x 0.0445 = 16.2425; 2 x 0.5 x 730 = 730 GiB h x 0.0049225 = 3.593425; the fee is free
    bill = lines("tidemark-gke", 500)
    assert bill["members_vcpu"].use.quantity == 365
    assert bill["members_memory"].use.quantity == 730
    assert bill["cluster"].usd == 0
    assert usd("tidemark-gke", 500) == Decimal("16.2425") + Decimal("3.593425")


def test_members_are_added_when_one_has_its_fill():
    # peak 100,000/s; one lands 36,805/s, at most 0.6 of it = 22,083/s: 4.53, so 5
    # each (0.086 + 22,083 x 10.7e-6) / 0.6 = 0.537 vCPU, sold as 0.75
    bill = lines("tidemark-gke", 50_000)
    assert bill["members_vcpu"].use.quantity == Decimal("5") * Decimal("0.75") * 730
    assert tidemark.members(month(50_000)).count == 5
    assert "22,083" in bill["members_vcpu"].use.how


def test_a_service_of_cloud_run_has_a_whole_vcpu_and_an_instance_a_member():
    # 2 x 1 vCPU x 2,628,000 s = 5,256,000, 240,000 of them free, x 0.000018 = 90.288
    bill = lines("tidemark-cloud-run", 500)
    assert bill["members_vcpu"].use.quantity == 5_256_000
    assert bill["members_vcpu"].usd == Decimal("90.288")
    assert bill["members_memory"].use.quantity == 2_628_000
    assert not any("worker_pool" in line.price.sku for line in bill.values())


def test_machines_are_the_smallest_that_stay_below_the_ceiling():
    # 2 x e2-small x 730 h x 0.016752855 = 24.4591683; 2 x 10 GiB x 0.1 = 2
    assert usd("tidemark-vm", 500) == Decimal("24.4591683") + 2
    assert lines("tidemark-vm", 50_000)["machines"].price.sku == "gcp.gce.e2-medium"


def test_dataproc_has_three_masters_and_two_workers():
    # 5 x 730 x 0.06701142 = 244.591683; 10 vCPU x 730 x 0.01 = 73; 250 GiB x 0.1 = 25;
    # 2 files each 5 s = 1,051,200 writes x 0.005 / 1,000 = 5.256
    assert usd("spark-dataproc", 500) == Decimal("244.591683") + 73 + 25 + Decimal("5.256")
    # peak 400,000/s x 23.1e-6 / 0.6 = 15.4 vCPU: 8 workers of 2
    assert lines("spark-dataproc", 200_000)["machines"].use.quantity == (8 + 3) * 730


def test_serverless_spark_takes_12_dcus_at_the_least():
    # 12 x 730 = 8,760 x 0.06 = 525.60; 15.4 vCPU are 4 executors: 20 DCU
    assert lines("spark-dataproc-serverless", 1)["dcus"].usd == Decimal("525.60")
    assert lines("spark-dataproc-serverless", 200_000)["dcus"].use.quantity == 20 * 730


def test_amazon_bills_one_kpu_more_that_holds_no_storage():
    # 1 + 1 KPU x 730 x 0.11 = 160.60; 50 GB x 0.1 = 5; at 50,000/s 100,000 x 17e-6 / 0.6 = 2.83: 3 + 1
    assert usd("flink-managed", 500) == Decimal("160.60") + 5
    assert lines("flink-managed", 50_000)["kpus"].use.quantity == 4 * 730
    assert lines("flink-managed", 50_000)["running_storage"].use.quantity == 150


def test_self_run_flink_has_a_pair_of_each():
    # task managers 2 x 0.5 vCPU (1.6875 GiB needs 0.26), JobManagers 2 x 0.5
    bill = lines("flink-self-run", 500)
    assert bill["task_managers_vcpu"].use.quantity == bill["job_managers_vcpu"].use.quantity == 730
    assert bill["task_managers_memory"].use.quantity == 2 * Decimal("1.6875") * 730
    assert bill["job_managers_memory"].use.quantity == 2 * Decimal("1.5625") * 730
    full = lines("flink-self-run", 200_000)["task_managers_memory"].use.quantity / 730
    assert full == pytest.approx(6 * Decimal(3_400_000_000) / GIB)


def test_a_cfu_is_the_least_of_confluent_and_the_mean_is_billed():
    assert lines("flink-confluent", 500)["cfus"].usd == Decimal("153.30")
    # 100,000 x 13.9e-6 / 0.6 = 2.3167 cores
    assert lines("flink-confluent", 100_000)["cfus"].use.quantity == pytest.approx(Decimal("2.316667") * 730)


def test_dataflow_gives_what_googles_own_example_gives():
    # its page: a tenth of 1 GiB/s takes 6.3 workers and 5.8 compute units
    alike = having(wire_bytes_plain=KIB, cpu_ceiling="0.7")
    bill = lines("dataflow", GIB / 10 / KIB, alike)
    assert bill["workers_vcpu"].use.quantity / 730 / dataflow.WORKER_VCPU == pytest.approx(Decimal("6.3"))
    assert bill["streaming_engine"].use.quantity / 730 == pytest.approx(Decimal("5.8"))


def test_what_writes_to_kafka_pays_for_a_topic_and_a_sink():
    for engine in ("kafka-streams-gke", "flink-confluent"):
        assert {"topic_brokers", "topic_storage", "sink_vcpu", "sink_memory"} <= set(lines(engine, 500))
    others = set(ENGINES) - {"kafka-streams-gke", "flink-confluent"}
    assert not any(key.startswith("topic") for engine in others for key in lines(engine, 500))


@pytest.mark.parametrize(
    ("kafka", "sku"),
    [
        ("google", "gcp.managed_kafka.dcu"),
        ("confluent-standard", "confluent.standard.ecku"),
        ("confluent-enterprise", "confluent.enterprise.ecku"),
        ("self-run", "gcp.pd.balanced"),
    ],
)
def test_the_topic_is_on_the_scenarios_kafka(kafka, sku):
    bill = lines("kafka-streams-gke", 500, kafka=kafka)
    assert sku in {line.price.sku for line in bill.values() if line.key.startswith("engine.topic")}


def test_confluents_flink_has_its_topic_at_confluent_whatever_the_scenario_says():
    assert lines("flink-confluent", 500, kafka="google")["topic_brokers"].price.sku == "confluent.standard.ecku"


def test_bytes_of_the_topic_by_hand():
    # 555 B a row packed like a payment, 46 to 25; 2,628,000 s x 500/s
    figures = having(arrow_bytes=460, wire_bytes_plain=460, wire_bytes_compressed=250, kafka_read_across_zones="0.5")
    assert relay.record_bytes(month(500, figures)) == 250
    assert relay.record_bytes(month(500, figures, compressed=False)) == 460
    gib = 500 * 2_628_000 * 250 / GIB
    bill = lines("kafka-streams-gke", 500, figures)
    assert bill["topic_zones"].use.quantity == pytest.approx(gib * (2 + Decimal(2) / 3 + Decimal("0.5")))
    assert bill["topic_storage"].use.quantity == pytest.approx(500 * 86_400 * 250 / GIB)
    assert bill["topic_endpoint"].use.quantity == pytest.approx(2 * gib)
    inside = lines("flink-confluent", 500, figures, kafka="confluent-enterprise")
    assert inside["topic_endpoint"].use.quantity == pytest.approx(gib)
