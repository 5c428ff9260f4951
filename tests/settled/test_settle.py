"""The settled days: the view shows the same as over landing alone, at any moment, whatever dies where."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from settled_mutants import MUTANTS, alive
from settled_world import (
    AFTER,
    DAYS,
    NOON,
    TODAY,
    Died,
    constant,
    of_day,
    row,
    rows,
    settled,
    truth,
    view,
    warehouse,
)

from assets.payments.settled import first_open_day
from assets.payments.touched import LastLooks, whole_look
from assets.warehouse.ddl import NOTHING_SETTLED
from assets.warehouse.migrate import migrate, replace_view, settled_before

pytestmark = pytest.mark.integration  # a database in memory, not pure

OLD, OLDER, OPEN = DAYS[3], DAYS[0], TODAY
FEW = settings(max_examples=10, deadline=None)
LATELY = LastLooks(NOON, NOON)


def prove_any_rows_settle(landed, late):
    client = warehouse(*landed)
    before = view(client)
    assert before == truth(client), "nothing is settled: all from landing"
    settled(client)
    assert view(client) == before
    client.land(late)
    settled(client)
    assert view(client) == truth(client)


@given(rows(), rows())
@FEW
def test_any_rows_settle_and_late_ones_follow(landed, late):
    prove_any_rows_settle(landed, [r | {"kafka_partition": 1} for r in late])


@given(rows(), st.sampled_from(DAYS))
@FEW
def test_the_view_is_the_same_for_any_date_that_is_not_past_what_is_built(landed, between):
    client = warehouse(*landed)
    settled(client)
    replace_view(client, "p", "d", "payments", min(between, settled_before(client, "p.d")))
    assert view(client) == truth(client)


FEW_DAYS = [OLDER, OLD, OPEN]
DAYS_OF_TWO = [row(day, offset) for day in FEW_DAYS for offset in (1, 2)]
LATE = [row(OLDER, 3), row(OLD, 3), row(OPEN, 3), row(OLD, 1, revision=1), row(OLD, 4, event=2)]


def die():
    raise Died


def prove_death_at_any_query():
    """Died at each query in turn, then migrated, as a release does: each day is as it was or as it is."""
    alive = warehouse(*DAYS_OF_TWO)
    settled(alive)
    for number in range(len(alive.asked)):
        client = warehouse(*DAYS_OF_TWO)
        client.at[number] = die
        with pytest.raises(Died):
            settled(client)
        client.at.clear()
        assert view(client) == truth(client), f"died at query {number}"
        migrate(client, "p", "d", lambda _: None)
        assert view(client) == truth(client), f"migrated after query {number}"
        settled(client)
        assert view(client) == truth(client)
        assert constant(client) == constant(alive)


def prove_death_of_a_rebuild_at_any_query():
    alive = warehouse(*DAYS_OF_TWO)
    settled(alive)
    alive.land(LATE)
    settled(alive)
    for number in range(len(alive.asked)):
        client = warehouse(*DAYS_OF_TWO)
        settled(client)
        old = view(client)
        client.land(LATE)
        new = truth(client)
        client.asked.clear()
        client.at[number] = die
        with pytest.raises(Died):
            settled(client)
        client.at.clear()
        shown = view(client)
        for day in FEW_DAYS:
            assert of_day(shown, day) in (of_day(old, day), of_day(new, day)), (number, day)
        settled(client)
        assert view(client) == new


def prove_rows_that_land_during_a_run_show_after_the_next():
    for number in range(len(LANDED_WHILE.asked)):
        client = warehouse(*DAYS_OF_TWO)
        client.at[number] = lambda client=client: client.land(LATE)
        settled(client)
        client.at.clear()
        settled(client)
        assert view(client) == truth(client), f"landed before query {number}"


LANDED_WHILE = warehouse(*DAYS_OF_TWO)
settled(LANDED_WHILE)


def prove_what_the_tail_showed_does_not_vanish():
    """A row lands on a day right after its first build, before the view reads it from there."""
    first_build = next(n for n, sql in enumerate(LANDED_WHILE.asked) if sql.startswith("BEGIN"))
    client = warehouse(*DAYS_OF_TWO)
    client.at[first_build + 1] = lambda: client.land([row(OLDER, 9)])
    settled(client)
    assert view(client) == truth(client)


def prove_migrate_keeps_the_date():
    client = warehouse(*DAYS_OF_TWO)
    settled(client)
    reached = constant(client)
    migrate(client, "p", "d", lambda _: None)
    assert constant(client) == reached == TODAY - timedelta(AFTER)


def prove_a_day_whose_landing_rows_expired_is_kept():
    """A late row comes after them: all that landing has of the day now."""
    client = warehouse(*DAYS_OF_TWO)
    settled(client)
    kept = of_day(view(client), OLD)
    client.db.execute(f"DELETE FROM payments_landing WHERE business_date = DATE '{OLD}'")
    client.land([row(OLD, 9), row(OLDER, 9)])
    for _ in range(2):
        done = settled(client)
        assert of_day(view(client), OLD) == kept
        assert done.kept == (OLD,)
    assert len(of_day(view(client), OLDER)) == 3, "the other days follow"


def prove_late_rows_are_gathered_for_a_day():
    """A rebuild reads a whole day: each hour's few late rows do not pay for one."""
    client = warehouse(*DAYS_OF_TWO)
    settled(client)
    for hour in range(1, 24):
        client.land([row(OLD, 10 + hour), row(OLDER, 10 + hour)])
        assert settled(client, NOON + timedelta(hours=hour) / 2, looks=LATELY).rows == {}
    assert settled(client, looks=LastLooks(NOON, None)).rows == {OLD: 25, OLDER: 25}
    assert view(client) == truth(client)


PROOFS = {
    name.removeprefix("prove_"): proof
    for name, proof in list(globals().items())
    if name.startswith("prove_") and name != "prove_any_rows_settle"
}
PROOFS["late_rows_follow"] = lambda: prove_any_rows_settle(DAYS_OF_TWO, LATE)


@pytest.mark.parametrize("name", PROOFS)
def test_it_holds(name):
    PROOFS[name]()


@pytest.mark.parametrize(("mutant", "proof"), [(m, p) for m, (_, proofs) in MUTANTS.items() for p in proofs])
def test_a_proof_sees_the_mutant(mutant, proof):
    with alive(mutant), pytest.raises(AssertionError):
        PROOFS[proof]()


class TestTheDate:
    def test_a_new_dataset_is_all_tail(self):
        assert constant(warehouse()) == NOTHING_SETTLED

    def test_it_is_the_first_of_the_days_that_stay_open(self):
        client = warehouse(*DAYS_OF_TWO)
        done = settled(client)
        assert done.settled_before == constant(client) == first_open_day(NOON, AFTER) == date(2026, 11, 23)
        assert done.rows == {OLDER: 2, OLD: 2}

    def test_it_moves_forward_alone_also_when_more_days_are_to_stay_open(self):
        client = warehouse(*DAYS_OF_TWO, row(date(2026, 11, 23), 1))
        dates = [settled(client, NOON + timedelta(day)).settled_before for day in (0, 1, 1, 0)]
        assert dates == [date(2026, 11, day) for day in (23, 24, 24, 24)]
        assert view(client) == truth(client)

    def test_it_waits_where_no_rows_are(self):
        client = warehouse(row(DAYS[1], 1), row(TODAY, 2))
        assert settled(client).settled_before == DAYS[2]
        assert settled(client).settled_before == DAYS[2]
        client.land([row(DAYS[2], 3)])
        assert view(client) == truth(client), "a day without rows is still open"
        assert settled(client).settled_before == DAYS[3]


class TestWhatIsLookedAt:
    def test_a_day_is_built_of_fewer_rows_once_nobody_remembers_more(self):
        client = warehouse(*DAYS_OF_TWO)
        settled(client)
        client.db.execute(f"DELETE FROM payments_landing WHERE business_date = DATE '{OLDER}' AND kafka_offset = 2")
        assert settled(client).rows == {}
        client.db.execute(f"DELETE FROM payments_settled_builds WHERE business_date = DATE '{OLDER}'")
        assert settled(client).rows == {OLDER: 1}
        assert view(client) == truth(client)

    def test_a_repeat_builds_nothing(self):
        client = warehouse(*DAYS_OF_TWO)
        settled(client)
        assert settled(client).rows == {}

    def test_a_late_row_builds_its_day_alone(self):
        client = warehouse(*DAYS_OF_TWO)
        settled(client)
        client.land([row(OLD, 3)])
        assert settled(client).rows == {OLD: 3}

    def test_an_old_day_is_looked_at_once_a_day_or_when_a_batch_write_names_it(self):
        ancient = TODAY - timedelta(300)
        client = warehouse(row(ancient, 1), *DAYS_OF_TWO)
        settled(client)
        client.land([row(OLDER, 3), row(ancient, 1, revision=1)])
        assert settled(client, looks=LATELY).rows == {}
        assert settled(client, looks=LastLooks(NOON, None)).rows == {OLDER: 3}
        write = f"'r', DATE '{TODAY}', 's', 2, TIMESTAMP '{NOON}', 'replay', DATE '{ancient}'"
        client.db.execute(f"INSERT INTO batch_writes VALUES ({write})")
        assert settled(client, looks=LATELY).rows == {ancient: 1}
        assert view(client) == truth(client)

    @pytest.mark.parametrize(("max_past_days", "ago"), [(30, 44), (400, 414)])
    def test_the_oldest_day_that_a_payment_may_land_on_is_looked_at_once_a_day(self, max_past_days, ago):
        """As late as the setting lets it be, and two weeks in Kafka."""
        day = TODAY - timedelta(ago)
        client = warehouse(row(day, 1), *DAYS_OF_TWO)
        settled(client)
        client.land([row(day, 2)])
        assert settled(client, looks=LATELY, all_days=whole_look(max_past_days)).rows == {}
        assert settled(client, looks=LastLooks(NOON, None), all_days=whole_look(max_past_days)).rows == {day: 2}
        assert view(client) == truth(client)

    def test_every_look_at_landing_names_its_dates(self):
        client = warehouse(*DAYS_OF_TWO)
        settled(client)
        for sql in client.asked:
            if "FROM `p.d.payments_landing`" in sql and "CREATE" not in sql:
                assert (
                    "business_date IN (DATE" in sql or "business_date >= DATE" in sql or "business_date = DATE" in sql
                )
        settled(client, looks=LATELY)
        assert not any("BETWEEN" in sql or NOTHING_SETTLED.isoformat() in sql for sql in client.asked)
