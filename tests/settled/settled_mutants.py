"""The settled days with one tempting shortcut each; each with the proofs of test_settle that must see it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from assets.payments import settled
from assets.payments.touched import Look, days_to_look_at
from assets.warehouse import migrate
from assets.warehouse.ddl import NOTHING_SETTLED, statements

_build_sql, _build, _changed = settled.build_sql, settled._build, settled.changed


def without_the_delete(*args: Any) -> str:
    """Appends the day's payments to those that stand."""
    sql = _build_sql(*args)
    gone = sql.index("DELETE FROM `p.d.payments_settled`")
    return sql[:gone] + sql[sql.index(";\n", gone) + 2 :]


def the_date_first(ask: Any, days: Any, unsettled: Any, now: Any) -> Any:
    """Lets the view read the days before they are built."""
    settled.replace_view(ask._client, "p", "d", "payments", max(unsettled))
    return _build(ask, days, unsettled, now)


def newest_first(landed: Any, built: Any) -> Any:
    return _changed(landed, built)[::-1]


def by_the_newest_alone(landed: Any, built: Any) -> Any:
    """A late row has a later loaded_at, surely."""
    return sorted(day for day in landed if day not in built or landed[day].newest > built[day].newest)


def one_look(ask: Any, days: Any, unsettled: Any, now: Any) -> Any:
    """The look before the builds will do."""
    return _build(ask, days, unsettled, now) if days or ask.bytes < 4 else {}


def none_shrinks(landed: Any, built: Any) -> Any:
    """Landing is append-only, surely."""
    return set()


def both_arms_have_the_day(*args: Any) -> Any:
    return [
        replace(s, sql=s.sql.replace("business_date < DATE", "business_date <= DATE")) if s.name == "payments" else s
        for s in statements(*args)
    ]


def all_from_landing(*args: Any) -> Any:
    return NOTHING_SETTLED


def whole_each_hour(*asked: Any, **named: Any) -> Look:
    return replace(days_to_look_at(*asked, **named), whole=True)


MUTANTS: dict[str, tuple[tuple[Any, str, Callable[..., Any]], list[str]]] = {
    "a rebuild forgets the DELETE": ((settled, "build_sql", without_the_delete), ["late_rows_follow"]),
    "the date moves before the days are built": ((settled, "_build", the_date_first), ["death_at_any_query"]),
    "newest day first": ((settled, "changed", newest_first), ["death_at_any_query"]),
    "a newer clock alone says changed": (
        (settled, "changed", by_the_newest_alone),
        ["late_rows_follow", "rows_that_land_during_a_run_show_after_the_next"],
    ),
    "each hour looks at all days": (
        (settled, "days_to_look_at", whole_each_hour),
        ["late_rows_are_gathered_for_a_day"],
    ),
    "no second look": ((settled, "_build", one_look), ["what_the_tail_showed_does_not_vanish"]),
    "the arms overlap on the day of the date": (
        (migrate, "statements", both_arms_have_the_day),
        ["death_at_any_query"],
    ),
    "a day is built from the rest of its rows": (
        (settled, "shrunk", none_shrinks),
        ["a_day_whose_landing_rows_expired_is_kept"],
    ),
    "migrate resets the date": ((migrate, "settled_before", all_from_landing), ["migrate_keeps_the_date"]),
}


@contextmanager
def alive(name: str) -> Iterator[None]:
    (module, place, mutant), _ = MUTANTS[name]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, place, mutant)
        yield
