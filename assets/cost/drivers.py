"""What the bill is driven by: bytes, seconds of CPU and shares, each with its range and where it is from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final, Literal

from assets.cost.yaml_file import read_yaml

FOLDER: Final = Path(__file__).with_name("measured")
"""One file a family: wire, engine, warehouse, control."""
Kind = Literal["measured", "computed", "cited", "assumed"]
KINDS: Final[tuple[Kind, ...]] = ("measured", "computed", "cited", "assumed")


@dataclass(frozen=True)
class Driver:
    """One figure. `low` and `high` bound what is believable: the projection's bands draw from between them."""

    name: str
    unit: str
    value: Decimal
    low: Decimal
    high: Decimal
    kind: Kind
    """measured: by a run of this pipeline; computed: from types or settings; cited: somebody else's measurement or
    documentation; assumed: nobody's, shown in another style everywhere."""
    source: str
    """The run's file, the page, or for an assumption the reason."""
    what: str
    run: str = ""
    """Commit or digest of what was measured."""
    machine: str = ""
    date: str = ""
    """Day of the measurement, or on which the page was read."""

    @property
    def assumed(self) -> bool:
        """Whether nobody measured it."""
        return self.kind == "assumed"


class Drivers(Mapping[str, Decimal]):
    """The figures by name, as the model reads them; `about` has where each is from."""

    def __init__(self, drivers: Mapping[str, Driver], values: Mapping[str, Decimal] | None = None) -> None:
        self._drivers = drivers
        self._values = values or {name: driver.value for name, driver in drivers.items()}

    def __getitem__(self, name: str) -> Decimal:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def about(self, name: str) -> Driver:
        """Where a figure is from. Raises KeyError."""
        return self._drivers[name]

    def range_of(self, name: str) -> tuple[Decimal, Decimal]:
        """Low and high, widened to the value in use where a live measurement has left them. Raises KeyError."""
        about, value = self._drivers[name], self._values[name]
        return min(about.low, value), max(about.high, value)

    def replaced(self, values: Mapping[str, Decimal]) -> "Drivers":
        """The same figures with some values changed. Raises KeyError for a name that is not one."""
        for name in values:
            self._drivers[name]
        return Drivers(self._drivers, {**self._values, **values})


def read(folder: Path = FOLDER) -> Drivers:
    """Read every file of the folder. Raises ValueError naming the driver that is not in its form, or is there twice."""
    found: dict[str, Driver] = {}
    for path in sorted(folder.glob("*.yaml")):
        for name, line in read_yaml(path)["drivers"].items():
            if name in found:
                raise ValueError(f"{path.name}: {name} is in another file as well")
            found[name] = _driver(name, line, path.name)
    return Drivers(found)


def _driver(name: str, line: dict[str, Any], file: str) -> Driver:
    try:
        numbers = {key: _number(key, line[key]) for key in ("value", "low", "high")}
        rest = {key: str(text) for key, text in line.items() if key not in numbers}
        driver = Driver(name=name, **numbers, **rest)  # type: ignore[arg-type]  # kinds are checked below
        if not driver.low <= driver.value <= driver.high:
            raise ValueError(f"value {driver.value} is not between {driver.low} and {driver.high}")
        if driver.kind not in KINDS:
            raise ValueError(f"kind {driver.kind} is none of {', '.join(KINDS)}")
        if driver.kind == "measured" and not (driver.run and driver.machine and driver.date):
            raise ValueError("a measured figure names its run, machine and date")
        return driver
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{file}: {name}: {error}") from None


def _number(key: str, text: Any) -> Decimal:
    try:
        number = Decimal(str(text))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise ValueError(f"{key} is {text!r}, not a number")
    return number
