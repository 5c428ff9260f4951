"""Seeded schedules of the whole consumer: every record has exactly one live row, whatever happened."""

import json
from collections import Counter

import pytest
import simulation_table
from runner_rig import Rig
from schedules import Schedule

SEEDS = range(8)


def test_every_record_has_exactly_one_row():
    happened: Counter[str] = Counter()
    for seed in SEEDS:
        schedule = Schedule(seed)
        rig = schedule.run()
        schedule.assert_exactly_once()
        assert rig.halts() == [], f"seed {seed}"
        happened += schedule.happened + Counter(event for event, _ in rig.journal.events)
    expected = {step.__name__ for step in schedule.steps}
    expected |= {"fence_again", "rejoin", "lost", "revoked", "recovered", "access_denied"}
    assert expected <= set(happened), f"never happened: {expected - set(happened)}"


def test_the_seed_decides_everything():
    first, again, other = (Schedule(seed) for seed in (3, 3, 4))
    for schedule in (first, again, other):
        schedule.run()
    assert first.fingerprint() == again.fingerprint() != other.fingerprint()


def lose(rig: Rig):
    landed = rig.landed()
    del landed[next(iter(landed))]
    rig.landed = lambda: landed


def double(rig: Rig):
    landed = rig.landed()
    landed[next(iter(landed))] += 1
    rig.landed = lambda: landed


def invent(rig: Rig):
    landed = rig.landed() + Counter({(0, 10**6): 1})
    rig.landed = lambda: landed


def halt(rig: Rig):
    rig.halts = lambda: ["halted"]


@pytest.mark.parametrize("harm", [lose, double, invent, halt])
def test_harm_fails_the_command(harm, monkeypatch, capsys):
    run = Schedule.run

    def harmed(self):
        harm(run(self))

    monkeypatch.setattr(Schedule, "run", harmed)
    monkeypatch.setattr("schedules.STEPS", 4)
    assert simulation_table.main(["1", "--json"]) == 1
    assert [outcome["seed"] for outcome in json.loads(capsys.readouterr().out)["failed"]] == [0]


def test_a_schedule_that_never_ends_well_fails_the_command(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr("schedules.STEPS", 4)
    monkeypatch.setattr("schedules.SETTLING", 1)
    assert simulation_table.main(["1", "--out", str(tmp_path / "simulation.json")]) == 1
    assert "not at the end after 1 turns" in capsys.readouterr().out
    assert json.loads((tmp_path / "simulation.json").read_text())["schedules"] == 1
