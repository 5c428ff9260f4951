"""Limits of the plan that replaces the nightly batch: `plan.yaml`, proposals to agree on."""

from pathlib import Path
from typing import Final

import msgspec

from benchmarks.memo.figure import Figure

PATH: Final = Path(__file__).with_name("plan.yaml")
FILE: Final = "benchmarks/memo/plan.yaml"


class Limit(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One limit: a number of a unit, and why that many."""

    value: int
    unit: str
    what: str


class _File(msgspec.Struct, forbid_unknown_fields=True):
    proposed: dict[str, Limit]


def limits(path: Path = PATH) -> dict[str, Limit]:
    """All limits by name. Raises msgspec.ValidationError for an entry in another form."""
    return msgspec.yaml.decode(path.read_bytes(), type=_File).proposed


def collect(path: Path = PATH) -> dict[str, Figure]:
    """The limits as figures: `14 days`."""
    return {
        name: Figure(f"{limit.value} {limit.unit}", str(limit.value), FILE, f"proposed.{name}", "proposed")
        for name, limit in limits(path).items()
    }
