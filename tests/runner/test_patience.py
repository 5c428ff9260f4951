"""When a member that was assigned nothing gives its client up."""

from streaming.runner.patience import FIRST, FIRST_EVER, JOINS_UNSERVED, MOST, Patience


def served():
    """The patience of a member that once had partitions."""
    patience = Patience()
    patience.assigned()
    return patience


def waits(patience, answers):
    """At which of so many answers the patience ends, lost again each time."""
    ends = []
    for answer in range(answers):
        if patience.over(answer) is not None:
            ends.append(answer)
            patience.lost()
    return ends


def test_a_member_that_never_lost_anything_waits_for_ever():
    assert waits(served(), 10_000) == []


def test_a_member_that_never_had_anything_joins_anew_a_few_times_and_then_waits():
    ends = waits(Patience(), 10_000)
    assert ends[0] == FIRST_EVER
    assert len(ends) == JOINS_UNSERVED


def test_a_first_assignment_in_time_ends_that_wait():
    patience = Patience()
    assert patience.over(0) is None
    assert patience.over(FIRST_EVER - 1) is None
    patience.assigned()
    assert patience.over(10 * FIRST_EVER) is None


def test_an_assignment_ends_the_wait():
    patience = served()
    patience.lost()
    assert patience.over(5) is None
    patience.assigned()
    assert patience.over(5 + FIRST) is None


def test_answers_before_the_loss_do_not_count():
    patience = served()
    patience.over(1_000)
    patience.lost()
    assert patience.over(1_000) is None
    assert patience.over(1_000 + FIRST - 1) is None
    assert patience.over(1_000 + FIRST) == FIRST


def test_each_wait_in_vain_is_twice_as_long_up_to_a_limit():
    patience = served()
    patience.lost()
    ends = waits(patience, 2_500)
    lasted = [after - before for before, after in zip([0, *ends], ends, strict=False)]
    assert [wait - wait % FIRST for wait in lasted] == [15, 30, 60, 120, 240, MOST, MOST, MOST, MOST][: len(lasted)]
    assert len(lasted) > 5


def test_after_an_assignment_the_next_wait_is_short_again():
    patience = served()
    patience.lost()
    waits(patience, 200)
    patience.assigned()
    patience.lost()
    patience.over(200)
    assert patience.over(200 + FIRST) == FIRST
