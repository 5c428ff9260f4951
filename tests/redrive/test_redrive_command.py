"""What `tidemark redrive` says, and one line for each mistake."""

import json
from collections import Counter
from datetime import UTC, date, datetime

import pytest
import typer

from assets.payments.correct import MAX_ROWS
from assets.payments.pages import TooManyBytes, TooManyRows
from assets.payments.redrive import DayRedriven
from orchestration.commands import redrive as command
from orchestration.commands.redrive import Asked, as_dict, ended, id_of, known_reason, lines, span, stopped
from orchestration.errors import UserError

FRIDAY, MONDAY = date(2026, 11, 20), date(2026, 11, 23)
LOOK = Asked("BAD_CURRENCY", "redrive-BAD_CURRENCY-1", FRIDAY, MONDAY, publish=False)
PUBLISHED = Asked("BAD_CURRENCY", "redrive-BAD_CURRENCY-1", FRIDAY, MONDAY, publish=True)
DONE = [
    DayRedriven(FRIDAY, 1_000, 1_000, (FRIDAY,), appended=1_000),
    DayRedriven(MONDAY, 5, 2, (FRIDAY, MONDAY), Counter(BAD_AMOUNT=3), {"BAD_AMOUNT": ["partition 0 offset 7"]}, 3),
]


def test_a_look_says_what_would_be_accepted_and_why_the_rest_is_not():
    assert lines(LOOK, DONE) == [
        "2026-11-20: 1,000 of 1,000 accepted today",
        "2026-11-23: 2 of 5 accepted today, on 2026-11-20, 2026-11-23",
        "still refused, BAD_AMOUNT: 3, such as partition 0 offset 7",
        "nothing is changed; add --publish to do it",
    ]


def test_a_published_one_says_what_it_appended():
    assert lines(PUBLISHED, DONE)[1] == "2026-11-23: 2 of 5 accepted today, on 2026-11-20, 2026-11-23; 3 rows appended"
    assert len(lines(PUBLISHED, DONE)) == 3


def test_no_records_is_one_line():
    assert lines(LOOK, []) == ["nothing was quarantined as BAD_CURRENCY from 2026-11-20 to 2026-11-23"]


def test_programs_get_the_same():
    told = as_dict(PUBLISHED, DONE)
    assert (told["redrive_id"], told["published"]) == (PUBLISHED.name, True)
    assert told["days"][1] == {
        "business_date": "2026-11-23",
        "quarantined": 5,
        "accepted": 2,
        "accepted_on": ["2026-11-20", "2026-11-23"],
        "refused": {"BAD_AMOUNT": 3},
        "examples": {"BAD_AMOUNT": ["partition 0 offset 7"]},
        "appended": 3,
    }
    assert as_dict(LOOK, DONE)["redrive_id"] is None


def test_one_that_stopped_says_how_to_go_on():
    assert stopped(PUBLISHED, DONE[:1], "no answer") == (
        "stopped after 2026-11-20: no answer; repeat it with --publish --redrive-id redrive-BAD_CURRENCY-1"
    )
    assert stopped(PUBLISHED, [], "no answer").startswith("stopped after no day: no answer; ")


MANY = TooManyRows("2026-11-23: more than 500,000 rows change")


def test_one_that_meets_a_mistake_after_days_were_written_says_which():
    assert ended(MANY, PUBLISHED, DONE[:1]) == stopped(PUBLISHED, DONE[:1], str(MANY))


@pytest.mark.parametrize(("asked", "done"), [(PUBLISHED, []), (LOOK, []), (LOOK, DONE)])
def test_a_mistake_before_anything_is_written_is_not_possible_like_this(asked, done):
    with pytest.raises(UserError, match=str(MANY)):
        ended(MANY, asked, done)


def test_a_query_that_may_not_read_so_much_is_a_mistake_that_names_the_option():
    dear = TooManyBytes("the query would read more than 64 GiB, which is the limit of this run: raise max_gib")
    with pytest.raises(UserError, match="raise max_gib"):
        ended(dear, PUBLISHED, [])


def test_a_look_that_fails_says_so():
    with pytest.raises(UserError, match="the look at the quarantine failed: no answer"):
        ended(OSError("no answer"), LOOK, DONE)


def test_the_limits_are_those_of_corrections():
    assert (LOOK.max_rows, LOOK.max_gib) == (MAX_ROWS, 0)


def test_one_that_stops_tells_programs_what_it_wrote(monkeypatch, capsys):
    def two_days(*_):
        yield DONE[0]
        raise OSError("no answer")

    monkeypatch.setattr(command, "_redriven", two_days)
    monkeypatch.setattr(command, "resolve", lambda state: None)
    with pytest.raises(typer.Exit) as stop:
        command.redrive(reason="BAD_CURRENCY", publish=True, as_json=True)
    told = capsys.readouterr()
    assert stop.value.exit_code == 1
    assert "stopped after 2026-11-20: no answer" in told.err
    assert [day["business_date"] for day in json.loads(told.out)["days"]] == ["2026-11-20"]


def test_an_unknown_reason_names_those_there_are():
    with pytest.raises(UserError, match=r"no reason 'BAD_CURENCY'; the reasons are TOMBSTONE, .*BAD_CURRENCY"):
        known_reason("BAD_CURENCY")


@pytest.mark.parametrize("reason", ["TOMBSTONE", "INTERNAL", "PAN_IN_CARD_TOKEN", "PAN_IN_EVENT_ID"])
def test_a_reason_that_cannot_be_mended_says_why(reason):
    with pytest.raises(UserError, match=rf"^records quarantined as {reason} cannot be re-driven: "):
        known_reason(reason)


def test_a_reason_that_can_be_mended_is_taken():
    for reason in ("BAD_CURRENCY", "OVERSIZED", "NOT_JSON", "WAREHOUSE_REJECTED"):
        known_reason(reason)


def test_an_id_is_of_its_reason_and_repeats_a_published_one():
    new = id_of("BAD_CURRENCY", "", publish=True)
    assert new != id_of("BAD_CURRENCY", "", publish=True)
    assert id_of("BAD_CURRENCY", new, publish=True) == new
    with pytest.raises(UserError, match="begins with redrive-BAD_AMOUNT-"):
        id_of("BAD_AMOUNT", new, publish=True)
    with pytest.raises(UserError, match="add --publish"):
        id_of("BAD_CURRENCY", new, publish=False)


def test_progress_is_silent_for_two_seconds_and_then_speaks_every_two(monkeypatch, capsys):
    clock = iter([0.0, 1.9, 2.0, 2.0, 3.9, 4.1, 4.1])
    monkeypatch.setattr(command.time, "monotonic", lambda: next(clock))
    say = command._progress()
    for line in ("early", "first", "soon", "second"):
        say(line)
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "first\nsecond\n")


def test_days_default_to_a_month_and_come_in_order():
    assert span(None, None, MONDAY) == (date(2026, 10, 22), date(2026, 11, 24))
    assert span(datetime(2026, 12, 1, tzinfo=UTC), None, MONDAY) == (date(2026, 12, 1), date(2026, 12, 1))
    early = datetime(2026, 3, 10, tzinfo=UTC)
    assert span(None, early, MONDAY) == (date(2026, 2, 6), date(2026, 3, 10))  # nobody gave a --from to be after it
    with pytest.raises(UserError, match="--from 2026-11-23 is after --to 2026-11-20"):
        span(datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 11, 20, tzinfo=UTC), MONDAY)
