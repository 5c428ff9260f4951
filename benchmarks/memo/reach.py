"""Where our own engine ends: beyond that rate its bill is of something that cannot run, so nothing is compared."""

from decimal import Decimal

from assets.cost.asked import Asked
from assets.cost.limits import first_to_break


def ours(asked: Asked) -> Decimal | None:
    """Events a second of the first limit of our engine that is our own constant; None: there is none.

    Today that is one member a partition (`assets/cost/quotas.py`), which rests on the driver `member_events_per_s`.
    """
    breaks = first_to_break(asked.scenario, asked.drivers)
    found = (each for each in breaks if each.limit.component == "engine" and each.limit.owner == "ours")
    return next((each.rate_per_s for each in found), None)


def within(text: str, most: Decimal | None, shown: str) -> str:
    """A crossover's text (`Crossover.text`) without the changes above `most`; `shown` is how that rate is printed.

    `from 133,000/s, up to 141,000/s` with 110,000/s: `only above our own limit of 110,000/s`.
    """
    parts = [part for part in text.split(", ") if part.endswith("/s")]
    kept = [part for part in parts if most is None or _rate(part) <= most]
    if len(kept) == len(parts):
        return text
    if kept:
        return f"{', '.join(kept)} (seen as far as our own limit of {shown})"
    return f"{'only above' if parts[0].startswith('from') else 'up to'} our own limit of {shown}"


def _rate(part: str) -> Decimal:
    """Of one change, such as `up to 141,000/s`."""
    return Decimal(part.rpartition(" ")[2].removesuffix("/s").replace(",", ""))
