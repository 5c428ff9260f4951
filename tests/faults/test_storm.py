"""Kills and stops of everything, then the audit: nothing lost, nothing doubled. The large storm: `storm.py --help`."""

import pytest
import storm

pytestmark = [pytest.mark.long, pytest.mark.integration, pytest.mark.fault, pytest.mark.timeout(300)]


def test_two_members_survive_kills_and_stops(tmp_path):
    plan = storm.Plan(seconds=40, rate=300, members=2, kills=3, stops=1, stop_seconds=6, seed=11)
    figures = storm.run(plan, tmp_path, say=lambda line: None)
    assert len(figures.kills) == plan.kills
    assert len(figures.stops) == 4 * plan.stops
    assert figures.audit["verdict"] == "PASS", figures.audit
    events = figures.audit["events"]
    assert events["acked"] == events["landed"] == plan.rate * plan.seconds
    assert (events["lost"], events["duplicate_coordinates"], events["phantom"]) == (0, 0, 0)
    assert len(figures.recovery_seconds()) == plan.kills, "every killed member came back"
