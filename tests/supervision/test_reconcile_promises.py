"""Over any course of deaths, hangs and outages, the supervisor keeps its promises (`supervised_world`)."""

from hypothesis import given
from hypothesis import strategies as st
from supervised_world import World


@given(st.randoms(use_true_random=False), st.integers(5, 100))
def test_no_course_of_events_breaks_a_promise(random, ticks):
    World(random.choice).run(ticks)
