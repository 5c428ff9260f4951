"""RFC 3339 times: strict, exact to the microsecond.

Accepted: `YYYY-MM-DD`, `T`, `hh:mm:ss`, at most six decimals, `Z` or `+hh:mm`/`-hh:mm`; `t` and `z` in lower case as
the RFC's section 5.6 allows. Refused: no zone, a space for the `T`, the year 0, a second 60 (no clock of a broker
can be compared with one), more than six decimals (they would have to be cut).
"""

import re
from datetime import date
from typing import Final

CLOCK: Final = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"
"""Hours and minutes, of the day or of a zone's offset."""
_TIME: Final = re.compile(
    rf"([0-9]{{4}})-([0-9]{{2}})-([0-9]{{2}})[Tt]({CLOCK}):([0-5][0-9])(?:\.([0-9]{{1,6}}))?([Zz]|[+-]{CLOCK})"
)
_EPOCH: Final = date(1970, 1, 1).toordinal()
DAY_US: Final = 86_400_000_000


def micros(text: str) -> int | None:
    """Microseconds since 1970, UTC; None for text that is not such a time (30 February included)."""
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    year, month, day, clock, second, fraction, zone = match.groups(default="")
    try:
        days = date(int(year), int(month), int(day)).toordinal() - _EPOCH
    except ValueError:
        return None
    seconds = _minutes(clock) * 60 + int(second)
    offset = 0 if zone in "Zz" else _minutes(zone[1:]) * (-1 if zone[0] == "-" else 1)
    return days * DAY_US + (seconds - offset * 60) * 1_000_000 + int(fraction.ljust(6, "0"))


def _minutes(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])
