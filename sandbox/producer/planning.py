"""The stream as planned: which record is sent when, with which bytes, and what must become of it. Pure and seeded."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

import msgspec

from sandbox.producer.bad import spoil
from sandbox.producer.bad_fields import REQUIRED
from sandbox.producer.ledger import Intent, payload_mac
from sandbox.world.events import EPOCH, Event, Instants, micros_of
from sandbox.world.lifecycles import Lifecycles
from sandbox.world.merchants import MerchantBook

_HOUR_US: Final = 3_600_000_000
LATE_US: Final = (_HOUR_US, 29 * 24 * _HOUR_US)
"""Late means one hour to 29 days: a day less than the contract takes, so that no outage can push one over."""

_REPEATABLE: Final = 1_000
"""A duplicate repeats one of this many latest records."""
_OFFSETS: Final = (-300, -60, 60, 120, 330, 540)
"""Zones in minutes, for times that are not spelled in UTC."""

OK: Final = "OK"


@dataclass(frozen=True, slots=True)
class Mix:
    """Shares of odd records, each from 0 to 1, together at most 1."""

    bad: float = 0.001
    duplicates: float = 0.001
    late: float = 0.001

    def __post_init__(self) -> None:
        shares = {"bad": self.bad, "duplicates": self.duplicates, "late": self.late}
        for name, share in shares.items():
            if not 0 <= share <= 1:
                raise ValueError(f"{name} is a share from 0 to 1, not {share:g}")
        if sum(shares.values()) > 1:
            raise ValueError("bad, duplicates and late are shares of one stream: together at most 1")


class Planned(msgspec.Struct, gc=False):
    """A record to send: due at microseconds since 1970, its Kafka key and value, its intent."""

    due_us: int
    key: str
    payload: bytes | None
    intent: Intent


class Plan:
    """Records 0, 1, 2, ... of a run, evenly spaced from `start`. The same arguments give the same records."""

    def __init__(
        self, *, seed: int, run: str, start: datetime, rate: float, mix: Mix, mac_key: str, book: MerchantBook
    ) -> None:
        self._rng = Random(f"{seed}/mix")
        self._lifecycles = Lifecycles(seed, run, book)
        self._start_us = micros_of(start)
        self._rate = rate
        self._bad = mix.bad
        self._late = mix.bad + mix.late
        self._duplicate = mix.bad + mix.late + mix.duplicates
        self._key = mac_key
        self._instants = Instants()
        self._recent: deque[Planned] = deque(maxlen=_REPEATABLE)
        self._next = 0
        self._encode = msgspec.json.Encoder().encode

    def due_us(self, number: int) -> int:
        """When record `number` is due, microseconds since 1970."""
        return self._start_us + int(number * 1_000_000 / self._rate)

    def next(self) -> Planned:
        """The next record."""
        number = self._next
        self._next += 1
        due = self.due_us(number)
        kind = self._rng.random()
        if kind < self._bad:
            return self._spoiled(number, due)
        if self._late <= kind < self._duplicate and self._recent:
            return self._repeated(number, due)
        planned = self._sound(number, due, late=kind < self._late)
        self._recent.append(planned)
        return planned

    def _sound(self, number: int, due: int, *, late: bool) -> Planned:
        occurred = due - self._rng.randint(*LATE_US) if late else due
        event = self._lifecycles.next((due - self._start_us) / 1e6, occurred)
        payload = self._encode(event)
        if self._rng.random() < 0.05:
            payload = self._encode(self._respelled(event, occurred))
        intent = self._intent(number, event, "late" if late else "normal", payload)
        return Planned(due, event.transaction_id, payload, intent)

    def _repeated(self, number: int, due: int) -> Planned:
        original = self._rng.choice(self._recent)
        intent = msgspec.structs.replace(original.intent, n=number, label="duplicate", of=original.intent.n)
        return Planned(due, original.key, original.payload, intent)

    def _spoiled(self, number: int, due: int) -> Planned:
        event = self._lifecycles.stray(due)
        bad = spoil(self._rng, event, due)
        expect = f"QUARANTINED_{bad.reason}"
        intent = self._intent(number, event, "bad", bad.payload, expect)
        spoiled = REQUIRED if bad.spoiled is None else (bad.spoiled,)
        for field in spoiled:
            if field in REQUIRED:
                setattr(intent, field, None)
        if intent.occurred_at is None:
            intent.business_date = None
        return Planned(due, event.transaction_id, bad.payload, intent)

    def _intent(self, number: int, event: Event, label: Any, payload: bytes | None, expect: str = OK) -> Intent:
        return Intent(
            n=number,
            event_id=event.event_id,
            transaction_id=event.transaction_id,
            event_type=event.event_type,
            sequence=event.sequence,
            merchant_id=event.merchant_id,
            amount=event.amount,
            currency=event.currency,
            occurred_at=event.occurred_at,
            card_token=event.card_token,
            channel=event.channel,
            country=event.country,
            business_date=event.occurred_at[:10],
            label=label,
            of=None,
            expect=expect,
            mac=payload_mac(self._key, payload),
        )

    def _respelled(self, event: Event, occurred_us: int) -> dict[str, Any]:
        """The same payment as another producer might write it: local time, no idle zeros, a field of its own."""
        fields: dict[str, Any] = msgspec.to_builtins(event)
        choice = self._rng.random()
        if choice < 0.5:
            fields["occurred_at"] = self._local(occurred_us)
        elif choice < 0.8 and "." in event.amount:
            fields["amount"] = event.amount.rstrip("0").rstrip(".")
        else:
            fields["terminal"] = {"model": "T-800", "firmware": [1, 2, int(choice * 100)]}
        return fields

    def _local(self, micros: int) -> str:
        minutes = self._rng.choice(_OFFSETS)
        at = EPOCH + timedelta(microseconds=micros, minutes=minutes)
        hours, rest = divmod(abs(minutes), 60)
        zone = f"{'-' if minutes < 0 else '+'}{hours:02d}:{rest:02d}"
        return at.strftime("%Y-%m-%dT%H:%M:%S.%f") + zone
