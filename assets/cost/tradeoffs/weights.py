"""The reader's weights: `latency=3,jvm=0` or a YAML file of the same; what is not named keeps its default."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, Final

import yaml

from assets.cost.tradeoffs.rubric import CRITERIA, SKILLS


class BadWeights(ValueError):
    """Weights that are not in their form. The text is one line for the reader."""


@dataclass(frozen=True)
class Weights:
    """Weights as the reader gave them; `shares` are those of the criteria, adding up to 1."""

    criteria: Mapping[str, float]
    skills: Mapping[str, float]

    @property
    def shares(self) -> dict[str, float]:
        """Normalised weights of the criteria."""
        total = sum(self.criteria.values())
        return {name: weight / total for name, weight in self.criteria.items()}

    def having(self, criterion: str, weight: float) -> "Weights":
        """The same with another weight of one criterion."""
        return Weights({**self.criteria, criterion: weight}, self.skills)


DEFAULT: Final = Weights(
    {name: weight for name, (weight, _) in CRITERIA.items()}, {name: weight for name, (weight, _) in SKILLS.items()}
)


def parse(text: str | None) -> Weights:
    """Read the text of `--weights`: None, pairs, or the path of a YAML file. Raises BadWeights."""
    if not text:
        return DEFAULT
    given = _file(Path(text)) if text.endswith((".yaml", ".yml")) else _pairs(text)
    weights = {name: _number(name, value) for name, value in given.items()}
    made = Weights(
        {name: weights.get(name, weight) for name, weight in DEFAULT.criteria.items()},
        {name: weights.get(name, weight) for name, weight in DEFAULT.skills.items()},
    )
    if sum(made.criteria.values()) == 0:
        raise BadWeights("all weights are 0: give at least one criterion a weight")
    return made


def _pairs(text: str) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for pair in text.split(","):
        name, equals, value = pair.partition("=")
        if not equals:
            raise BadWeights(f"--weights {pair.strip()!r} is no pair: write criterion=number, as in latency=3,jvm=0")
        if name.strip() in given:
            raise BadWeights(f"--weights names {name.strip()} twice: give it one number")
        given[name.strip()] = value.strip()
    return given


def _file(path: Path) -> dict[str, Any]:
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        raise BadWeights(
            f"no file {path}: give a YAML file of criterion: number, or pairs as in latency=3,jvm=0"
        ) from None
    except yaml.YAMLError as error:
        raise BadWeights(f"{path.name} is not YAML: {str(error).splitlines()[0]}") from None
    if not isinstance(found, dict):
        raise BadWeights(f"{path.name} is no mapping: write one criterion: number a line")
    return {str(name): value for name, value in found.items()}


def _number(name: str, value: Any) -> float:
    if name not in DEFAULT.criteria and name not in DEFAULT.skills:
        known = f"{', '.join(DEFAULT.criteria)}; for skills {', '.join(DEFAULT.skills)}"
        raise BadWeights(f"no criterion {name}: it may be {known}")
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if isinstance(value, bool) or not isfinite(number) or number < 0:
        raise BadWeights(f"the weight of {name} is {value!r}: it is a number, 0 or more")
    return number
