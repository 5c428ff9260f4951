"""Dozens of seeded schedules of the whole consumer: every record has exactly one live row, whatever happened."""

from collections import Counter

from schedules import Schedule

SEEDS = range(8)


def test_every_record_has_exactly_one_row():
    happened: Counter[str] = Counter()
    for seed in SEEDS:
        schedule = Schedule(seed)
        rig = schedule.run()
        rig.assert_exactly_once()
        assert rig.halts() == [], f"seed {seed}"
        happened += schedule.happened + Counter(event for event, _ in rig.journal.events)
    expected = {step.__name__ for step in schedule.steps}
    expected |= {"fence_again", "rejoin", "lost", "revoked", "recovered"}
    assert expected <= set(happened), f"never happened: {expected - set(happened)}"
