"""Reads the facts about engines and warehouses; what is not in form is refused."""

from pathlib import Path
from typing import Final, Literal

import msgspec

from assets.cost.tradeoffs.options import Option

FOLDER: Final = Path(__file__).parent
Family = Literal["engine", "warehouse"]
FILES: Final[dict[Family, str]] = {"engine": "engines.yaml", "warehouse": "warehouses.yaml"}


class _File(msgspec.Struct, forbid_unknown_fields=True):
    ours: str
    recommended: str
    options: tuple[Option, ...]


class Facts(msgspec.Struct, frozen=True):
    """One family's options, in the order of the file."""

    family: Family
    ours: str
    """Name of the option that is recommended and built."""
    recommended: str
    """The set-up of it that is recommended: a choice of the cost model, not always its cheapest."""
    options: tuple[Option, ...]

    def option(self, name: str) -> Option:
        """One option. Raises KeyError."""
        return {option.name: option for option in self.options}[name]


def read(family: Family, folder: Path = FOLDER) -> Facts:
    """Read one family. Raises ValueError (also msgspec.ValidationError) naming what is not in its form."""
    path = folder / FILES[family]
    try:
        found = msgspec.yaml.decode(path.read_bytes(), type=_File)
    except msgspec.MsgspecError as error:
        raise ValueError(f"{path.name}: {error}") from None
    names = [option.name for option in found.options]
    if len(set(names)) < len(names) or found.ours not in names:
        raise ValueError(f"{path.name}: names are not unique, or {found.ours} is none of them")
    facts = Facts(family, found.ours, found.recommended, found.options)
    if facts.recommended not in facts.option(facts.ours).choices:
        raise ValueError(f"{path.name}: {facts.recommended} is no set-up of {facts.ours}")
    return facts
