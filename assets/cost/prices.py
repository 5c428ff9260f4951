"""The price book: what one unit of each thing costs, where the figure is from, how far to trust it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal, get_args

from assets.cost.tiers import Tier, check
from assets.cost.yaml_file import read_yaml

PATH: Final = Path(__file__).with_name("price_book.yaml")
OLD_AFTER: Final = timedelta(days=180)
"""Cloud list prices change about once a year: half a year after it was read a price is worth reading again."""
Grade = Literal["A", "B", "C", "X"]
Term = Literal["none", "1y", "3y"]
TERMS: Final[tuple[Term, ...]] = ("none", "1y", "3y")
MULTI_REGION: Final = {"us": "us_multi"}
"""Suffix of the prices of a region that are not those of us-central1."""
HOME_REGION: Final = "us-central1"
SPELLED: Final = {"us": "US"}
"""How the book's `region` spells a region, where it does so in its own way."""
ANYWHERE: Final = ("global", "all", "entry price", "Basic")
"""What `region` begins with where the vendor lists one price: Confluent's are by type of cluster."""
MULTIPLIED: Final = "region multiplier"
"""Part of `region` where the vendor says that a region may cost more than the price listed."""
AWS: Final = "aws."
_WORD: Final = re.compile(r"[\w-]+")


class PriceMissing(LookupError):
    """A scenario needs a price that nobody found. The text names it and says where to look it up."""


@dataclass(frozen=True)
class Price:
    """One line of the book. Amounts are US dollars a unit, or credits where `currency` says so."""

    sku: str
    unit: str
    price: Decimal | None
    """None: not found."""
    region: str
    as_of: date | None
    """None: the source carries no date."""
    grade: Grade
    source: str
    via: str = ""
    notes: str = ""
    currency: str = "USD"
    free: Decimal = Decimal(0)
    """Units a month that cost nothing, once an account."""
    tiers: tuple[Tier, ...] = ()
    """Above the free part; empty: one price for all."""
    committed: Mapping[str, Decimal] | None = None
    """Share saved, by term: `{"1y": 0.2}`."""
    vcpu: int | None = None
    memory_gib: int | None = None
    least_bytes_a_row: int = 0

    def saved(self, term: Term) -> Decimal:
        """Share of the list price that a commitment saves; 0 where none is sold."""
        return (self.committed or {}).get(term, Decimal(0))

    def holds_in(self, region: str) -> bool:
        """Whether it is listed for that region, or for all; what AWS sells is bought in the region it is listed for."""
        if self.sku.startswith(AWS) or SPELLED.get(region, region) in _WORD.findall(self.region):
            return True
        return self.region.startswith(ANYWHERE) and MULTIPLIED not in self.region

    def weak(self, on: date) -> tuple[str, ...]:
        """Reasons not to rest a decision on it, on that day; empty if there are none."""
        reasons = []
        if self.as_of is None:
            reasons.append("its source carries no date")
        elif on - self.as_of > OLD_AFTER:
            reasons.append(f"read {(on - self.as_of).days} days ago")
        if self.grade == "C":
            reasons.append("a weak source (grade C)")
        return tuple(reasons)


@dataclass(frozen=True)
class PriceBook:
    """All prices, by SKU."""

    prices: tuple[Price, ...]

    @cached_property
    def _by_sku(self) -> dict[str, Price]:
        return {price.sku: price for price in self.prices}

    def find(self, sku: str) -> Price:
        """Return an entry, also one whose price was not found. Raises PriceMissing if the book has no such line."""
        try:
            return self._by_sku[sku]
        except KeyError:
            raise PriceMissing(f"the price book has no line {sku}: add it to {PATH.name} with its source") from None

    def get(self, sku: str, region: str = HOME_REGION) -> Price:
        """Return the price of a thing in a region. Raises PriceMissing with the name of what nobody found.

        Prices are those of us-central1 or hold everywhere; the US multi-region has lines of its own for some, and the
        price of us-central1 stands for the rest, marked weak by `stands_in`.
        """
        found = self.find(sku)
        suffix = MULTI_REGION.get(region)
        if suffix is not None and f"{sku}.{suffix}" in self._by_sku:
            found = self._by_sku[f"{sku}.{suffix}"]
        elif region not in (HOME_REGION, *MULTI_REGION):
            raise PriceMissing(
                f"no price of {sku} in {region}: the book holds {HOME_REGION} and {', '.join(MULTI_REGION)}"
            )
        if found.price is None:
            raise PriceMissing(
                f"the price of {found.sku} in {found.region} was not found: look it up at {found.source} and put it "
                f"into {PATH.name} with its date"
            )
        return found

    def stands_in(self, sku: str, region: str) -> bool:
        """Whether `get` gave the price of another region. Raises PriceMissing."""
        return not self.get(sku, region).holds_in(region)


def read(path: Path = PATH) -> PriceBook:
    """Read the book. Raises ValueError naming the line that is not in its form."""
    lines = read_yaml(path)["prices"]
    prices = tuple(map(_price, lines))
    twice = sorted({p.sku for p in prices if sum(q.sku == p.sku for q in prices) > 1}) if _repeats(prices) else []
    if twice:
        raise ValueError(f"{path.name}: more than one line for {', '.join(twice)}")
    return PriceBook(prices)


def _repeats(prices: tuple[Price, ...]) -> bool:
    return len({price.sku for price in prices}) < len(prices)


def _price(line: dict[str, Any]) -> Price:
    try:
        fields = dict(line)
        fields["price"] = None if line["price"] is None else _number(line["price"])
        as_of = line["as_of"]
        fields["as_of"] = None if as_of in (None, "unknown") else date.fromisoformat(str(as_of))
        fields["free"] = _number(line.get("free", 0))
        fields["tiers"] = tuple(map(_tier, line.get("tiers", ())))
        if "committed" in line:
            fields["committed"] = {term: _number(share) for term, share in line["committed"].items()}
        price = Price(**fields)
        _check(price)
        return price
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"price_book.yaml: {line.get('sku', line)}: {error}") from None


def _number(text: Any) -> Decimal:
    try:
        number = Decimal(str(text))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number < 0:
        raise ValueError(f"{text!r} is not a number from 0 on")
    return number


def _tier(line: dict[str, Any]) -> Tier:
    return Tier(None if line["up_to"] is None else _number(line["up_to"]), _number(line["price"]))


def _check(price: Price) -> None:
    if price.grade not in get_args(Grade):
        raise ValueError(f"grade {price.grade} is none of {', '.join(get_args(Grade))}")
    if (price.price is None) != (price.grade == "X"):
        raise ValueError("grade X is for prices not found, and for those alone")
    if price.tiers:
        check(price.tiers)
    for term, share in (price.committed or {}).items():
        if term not in TERMS or share > 1:
            raise ValueError(f"committed is a share of 1 by {' or '.join(TERMS[1:])}, not {term}: {share}")
