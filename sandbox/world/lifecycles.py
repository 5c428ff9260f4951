"""Transactions as lifecycles: an authorization, then captures or a reversal, refunds, now and then a chargeback.

A lifecycle that takes weeks in life takes seconds here, so that half a minute shows every type of event.
"""

from dataclasses import dataclass
from heapq import heappop, heappush
from random import Random
from typing import Final

from sandbox.world.currencies import WITHOUT_RATE, in_units
from sandbox.world.events import Event, Instants
from sandbox.world.ids import CARDS, Minter, card_token
from sandbox.world.merchants import MerchantBook
from sandbox.world.places import PLACES
from sandbox.world.prices import draw_part, draw_price
from sandbox.world.published_cards import NUMBERS, spelled
from sandbox.world.trades import CHANNELS

UNKNOWN_MERCHANT: Final = 0.001
"""Share of transactions at a merchant that the dimension does not have."""
NO_RATE: Final = 0.001
"""Share of transactions in a currency that nobody publishes a rate for."""
_FOREIGN_CURRENCY: Final = 0.06
_FOREIGN_CARD: Final = 0.08
_VERIFICATION: Final = 0.01
"""Authorizations over nothing: a shop asks whether the card is alive."""
_DESCRIBED: Final = 0.2
_CARELESS: Final = 0.02
"""Descriptions into which somebody typed a card number."""
_TRAVEL: Final = ("EUR", "USD", "GBP")


@dataclass(slots=True)
class _Transaction:
    transaction_id: str
    merchant_id: str
    currency: str
    card: str
    channel: str
    country: str
    amount: int  # authorized, minor units
    captured: int = 0
    returned: int = 0
    sequence: int = 0


_Step = tuple[float, int, str, int, _Transaction]
"""(due in seconds of the run, tie-break, event type, amount in minor units, transaction)."""


class Lifecycles:
    """Well-formed events without end; the order of calls is the order in time."""

    def __init__(self, seed: int, run: str, book: MerchantBook) -> None:
        self._rng = Random(f"{seed}/events")
        self._seed = seed
        self._book = book
        self._minter = Minter(run)
        self._instants = Instants()
        self._events = 0
        self._transactions = 0
        self._due: list[_Step] = []

    def next(self, elapsed_s: float, occurred_at_us: int) -> Event:
        """The event for this moment: the oldest follow-up that is due, else a new transaction's authorization."""
        if self._due and self._due[0][0] <= elapsed_s:
            _, _, event_type, minor, transaction = heappop(self._due)
        else:
            transaction = self._open()
            event_type, minor = "authorization", transaction.amount
        self._follow(event_type, minor, transaction, elapsed_s)
        return self._event(event_type, minor, transaction, occurred_at_us)

    def stray(self, occurred_at_us: int) -> Event:
        """An authorization that nothing follows, with a channel, currency and merchant as usual: to be spoiled."""
        transaction = self._open()
        return self._event("authorization", transaction.amount, transaction, occurred_at_us)

    def _open(self) -> _Transaction:
        rng = self._rng
        index = self._book.draw(rng)
        place, trade = self._book.places[index], self._book.trades[index]
        merchant_id, currency, country = self._book.ids[index], place.currency, place.code
        odd = rng.random()
        if odd < UNKNOWN_MERCHANT:
            merchant_id = f"m_{country.lower()}_9{index:06d}"
        elif odd < UNKNOWN_MERCHANT + NO_RATE:
            currency = WITHOUT_RATE
        elif odd < UNKNOWN_MERCHANT + NO_RATE + _FOREIGN_CURRENCY:
            currency = _TRAVEL[int(rng.random() * len(_TRAVEL))]
        channel = rng.choices(CHANNELS, trade.channels)[0]
        if channel == "ecom" and rng.random() < _FOREIGN_CARD:
            country = PLACES[int(rng.random() * len(PLACES))].code
        amount = 0 if rng.random() < _VERIFICATION else draw_price(rng, trade, currency)
        self._transactions += 1
        transaction_id = self._minter.transaction_id(self._transactions)
        card = card_token(self._seed, int(rng.random() * CARDS))
        return _Transaction(transaction_id, merchant_id, currency, card, channel, country, amount)

    def _follow(self, event_type: str, minor: int, transaction: _Transaction, now: float) -> None:
        """Schedule what comes of an event. Never captures more than authorized, nor returns more than captured."""
        rng = self._rng
        if event_type == "authorization" and transaction.amount > 0:
            fate = rng.random()
            if fate < 0.78:
                self._plan(now + 0.3 + rng.expovariate(0.7), "capture", transaction.amount, transaction)
            elif fate < 0.88:
                self._capture_in_parts(now, transaction)
            elif fate < 0.94:
                self._plan(now + 0.5 + rng.expovariate(0.5), "reversal", transaction.amount, transaction)
        elif event_type == "capture":
            transaction.captured += minor
            left = transaction.captured - transaction.returned
            fate = rng.random()
            if left > 0 and fate < 0.07:
                part = left if fate < 0.02 else draw_part(rng, left, transaction.currency)
                transaction.returned += part
                self._plan(now + 1.0 + rng.expovariate(0.3), "refund", part, transaction)
            elif left > 0 and fate < 0.08:
                transaction.returned += left
                self._plan(now + 2.0 + rng.expovariate(0.25), "chargeback", left, transaction)

    def _capture_in_parts(self, now: float, transaction: _Transaction) -> None:
        """A partial capture, in half of the cases with a second one for the rest: goods sent in two parcels."""
        rng = self._rng
        first = draw_part(rng, transaction.amount, transaction.currency)
        at = now + 0.3 + rng.expovariate(0.7)
        self._plan(at, "capture", first, transaction)
        if first < transaction.amount and rng.random() < 0.5:
            self._plan(at + 0.5 + rng.expovariate(0.5), "capture", transaction.amount - first, transaction)

    def _plan(self, due: float, event_type: str, minor: int, transaction: _Transaction) -> None:
        heappush(self._due, (due, self._rng.getrandbits(60), event_type, minor, transaction))

    def _event(self, event_type: str, minor: int, transaction: _Transaction, occurred_at_us: int) -> Event:
        sequence = transaction.sequence
        transaction.sequence += 1
        self._events += 1
        return Event(
            schema_version=1,
            event_id=self._minter.event_id(self._events),
            transaction_id=transaction.transaction_id,
            event_type=event_type,
            sequence=sequence,
            merchant_id=transaction.merchant_id,
            amount=in_units(minor, transaction.currency),
            currency=transaction.currency,
            occurred_at=self._instants.text(occurred_at_us),
            card_token=transaction.card,
            channel=transaction.channel,
            country=transaction.country,
            description=self._description() if self._rng.random() < _DESCRIBED else None,
        )

    def _description(self) -> str:
        rng = self._rng
        if rng.random() < _CARELESS:
            return f"card {spelled(rng, rng.choice(NUMBERS))} read out by phone"
        word = ("Order", "Table", "Invoice", "Commande", "Bestellung", "ご注文", "Заказ")[int(rng.random() * 7)]
        return f"{word} {int(rng.random() * 99_999)}"
