"""The checks' own SQL on a small warehouse in memory: all pass on the good one, each defect is found by its check."""

import pytest
from checks_world import DEFECTS, NOW, DuckWarehouse, defect

from assets.checks import completeness, gaps
from assets.checks.catalogue import Cadence

pytestmark = pytest.mark.integration  # a database in memory, not pure


@pytest.fixture(scope="module")
def warehouse():
    return DuckWarehouse()


def test_nothing_is_found_in_a_good_warehouse(warehouse):
    assert warehouse.failing() == set()


@pytest.mark.parametrize("one", DEFECTS, ids=lambda one: one.name)
def test_a_defect_is_found_by_its_check_and_no_other(warehouse, one):
    try:
        warehouse.apply(one)
        assert warehouse.failing() == one.found_by
    finally:
        warehouse.undo()


def looked_at(warehouse, statement):
    """Partitions of the gaps that are looked at, where one partition has nearly all of the newest."""
    days = Cadence.HOURLY.days(NOW)
    rows = completeness.short(warehouse.rows(completeness.statement("p.d", days)))
    return {partition for _, partition in gaps.by_lane(warehouse.rows(statement("p.d", days, rows, 3)))}


def test_a_partition_with_many_gaps_does_not_use_up_those_of_the_others(warehouse, monkeypatch):
    monkeypatch.setattr(gaps, "MOST", 6)
    many = "kafka_partition = 0 AND kafka_offset > 600 AND MOD(kafka_offset, 2) = 0"
    landing = "DELETE FROM payments_landing WHERE"

    def newest_of_all(*args):
        return gaps.statement(*args).partition("QUALIFY")[0] + "ORDER BY kafka_offset DESC LIMIT 6"

    try:
        one = f"{landing} kafka_partition = 1 AND kafka_offset = 560"
        warehouse.apply(defect("gaps", "", f"{landing} {many}", one))
        assert {0, 1} <= looked_at(warehouse, gaps.statement)
        assert 1 not in looked_at(warehouse, newest_of_all), "the mutant"
    finally:
        warehouse.undo()
