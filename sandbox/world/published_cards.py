"""Card numbers that the schemes and payment processors publish for tests: no such card was ever issued."""

from random import Random
from typing import Final

NUMBERS: Final = (
    "4111111111111111",
    "4012888888881881",
    "4222222222222",
    "5555555555554444",
    "5105105105105100",
    "2223003122003222",
    "378282246310005",
    "371449635398431",
    "6011111111111117",
    "3530111333300000",
    "30569309025904",
)


def spelled(rng: Random, number: str) -> str:
    """The number as people type it: plain, in groups of four with spaces, or with dashes."""
    groups = [number[at : at + 4] for at in range(0, len(number), 4)]
    return rng.choice(("", " ", "-")).join(groups)
