"""How a page's words are read, without a browser; the tempting ways to read them are told apart."""

import pytest
from chromium import ABSENT, strangers
from dagster_pages import ENDED, stands_for

HERE = "http://127.0.0.1:3000"
DRAWN = [
    ("payments", "payments", True),
    ("payments", "payments_daily", False),
    ("payme…_corrections", "payments_corrections", True),
    ("paymen…_quarantine", "payments_corrections", False),
    ("paymen…_daily", "merchants_daily", False),
    ("abc…cde", "abcde", False),  # nothing left out, and head and tail share a letter
]
MUTANTS = {
    "the head alone": lambda drawn, name: name.startswith(drawn.partition("…")[0]),
    "the tail alone": lambda drawn, name: name.endswith(drawn.rpartition("…")[2]),
    "whole names alone": lambda drawn, name: drawn == name,
    "head and tail that overlap": lambda drawn, name: (
        name.startswith(drawn.partition("…")[0]) and name.endswith(drawn.rpartition("…")[2])
    ),
}


@pytest.mark.parametrize(("drawn", "name", "same"), DRAWN)
def test_a_name_is_known_also_with_its_middle_left_out(drawn, name, same):
    assert stands_for(drawn, name) is same


@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=MUTANTS.keys())
def test_each_tempting_way_to_know_it_is_found_out(mutant):
    assert any(mutant(drawn, name) is not same for drawn, name, same in DRAWN)


def test_another_host_is_a_stranger_whatever_it_begins_with():
    own = [f"{HERE}/assets", f"{HERE}/graphql", "data:image/png;base64,", "blob:x"]
    others = ["https://telemetry.example/", "http://127.0.0.1:30001/", f"{HERE}.example/"]
    assert strangers([*own, *others], HERE) == others


@pytest.mark.parametrize("text", ["Started", "Succeeded", "STEP_SUCCESS", "Success rate"])
def test_a_run_that_goes_on_has_not_ended(text):
    assert not ENDED.search(text)


def test_the_reason_of_the_skip_says_what_to_type():
    assert "`apt-get install --no-install-recommends chromium`" in ABSENT
