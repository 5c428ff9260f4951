"""The corpus through a real broker, a consumer process and the emulator, amid good neighbours: as in the walk alone."""

from collections import Counter

import pytest
from hostile import corpus
from outcome import Outcome, cards
from through_the_broker import run, show

pytestmark = [pytest.mark.integration, pytest.mark.timeout(420)]


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    done = run(tmp_path_factory.mktemp("corpus"), say=lambda line: None)
    show(done)
    return done


def test_as_many_live_rows_as_records_each_at_its_coordinates(outcome: Outcome) -> None:
    sent = {(record.partition, record.offset) for record in outcome.sent}
    assert len(sent) == len(outcome.sent) == 2 * len(corpus()) + 1
    assert Counter(len(rows) for rows in outcome.rows.values()) == {1: len(sent)}
    assert outcome.rows.keys() == sent


def test_counts_by_status_are_the_expected_ones(outcome: Outcome) -> None:
    assert outcome.by_status() == outcome.expected()


def test_every_row_is_what_the_contract_says(outcome: Outcome) -> None:
    assert outcome.wrong == []


def test_every_neighbour_is_good(outcome: Outcome) -> None:
    assert outcome.quarantined_neighbours() == []


def test_the_audit_passes(outcome: Outcome) -> None:
    failed = [check for check in outcome.audit["checks"] if not check["passed"]]
    assert (outcome.audit["verdict"], failed) == ("PASS", [])
    assert outcome.audit["events"]["acked"] == outcome.audit["events"]["landed"] == len(outcome.sent)


def test_no_card_number_anywhere_but_in_the_topic(outcome: Outcome) -> None:
    assert outcome.leaks == []
    assert outcome.in_the_topic == len(cards()), "the search must find what the producer sent"
    assert all(outcome.searched[what] > 0 for what in ("texts in tables", "files", "reports"))
