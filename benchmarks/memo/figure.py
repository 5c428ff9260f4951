"""One figure of the memo: what is printed, and the file and place that it is from."""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, Final, Literal

Kind = Literal["measured", "computed", "cited", "assumed", "proposed"]
"""Those of `assets.cost.drivers`, and `proposed`: a limit that somebody has to agree to (`plan.yaml`)."""


@dataclass(frozen=True, slots=True)
class Figure:
    """The only way by which a number comes into the memo."""

    shown: str
    """As printed, rounded to what it is worth."""
    value: str
    """As the file has it, or as it was computed."""
    file: str
    """From the repository's root; several are separated by commas."""
    key: str
    """Place in the file, or the function that computes it and of what."""
    kind: Kind = "measured"


Tree = Any
"""Mappings and lists of figures and of words; words carry no number that is not part of a name."""
_FIELDS: Final = frozenset(Figure.__dataclass_fields__)


def plain(tree: Tree) -> Tree:
    """The tree as JSON has it: figures become mappings of their fields."""
    if isinstance(tree, Figure):
        return asdict(tree)
    if isinstance(tree, dict):
        return {name: plain(part) for name, part in tree.items()}
    if isinstance(tree, list | tuple):
        return [plain(part) for part in tree]
    return tree


def text(tree: Tree, indent: str = "\n") -> str:
    """A tree in its JSON form as JSON text, a figure or a list of plain values on one line: differs well."""
    deeper = f"{indent} "
    if isinstance(tree, dict) and tree.keys() != _FIELDS and tree:
        parts = [f"{json.dumps(name)}: {text(part, deeper)}" for name, part in tree.items()]
        return f"{{{deeper}{f',{deeper}'.join(parts)}{indent}}}"
    if isinstance(tree, list) and any(isinstance(part, dict | list) for part in tree):
        return f"[{deeper}{f',{deeper}'.join(text(part, deeper) for part in tree)}{indent}]"
    return json.dumps(tree, ensure_ascii=False)


def leaves(tree: Tree, place: str = "") -> Iterator[tuple[str, dict[str, str]]]:
    """Every figure of a tree in its JSON form, with its place: `bill.rows.0.total`."""
    if isinstance(tree, dict):
        if tree.keys() == _FIELDS:
            yield place, tree
            return
        for name, part in tree.items():
            yield from leaves(part, f"{place}.{name}" if place else name)
    elif isinstance(tree, list):
        for number, part in enumerate(tree):
            yield from leaves(part, f"{place}.{number}")


def differences(left: Tree, right: Tree, place: str = "") -> Iterator[str]:
    """Places at which two trees in their JSON form differ, each with both sides."""
    if isinstance(left, dict) and isinstance(right, dict) and _FIELDS not in (left.keys(), right.keys()):
        for name in dict.fromkeys([*left, *right]):
            yield from differences(left.get(name), right.get(name), f"{place}.{name}" if place else name)
    elif isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        for number, (one, other) in enumerate(zip(left, right, strict=True)):
            yield from differences(one, other, f"{place}.{number}")
    elif left != right:
        yield f"{place}: {_short(left)} is {_short(right)} now"


def _short(side: Tree) -> str:
    if isinstance(side, dict) and side.keys() == _FIELDS:
        return f"{side['shown']} ({side['value']})"
    text = "nothing" if side is None else str(side)
    return text if len(text) <= 80 else f"{text[:80]}..."


@dataclass(frozen=True, slots=True)
class Document:
    """A file of a run, read; gives figures by their place in it."""

    file: str
    content: Any

    def at(self, key: str) -> Any:
        """A value by its place, such as `steady.0.p95_ms.median`. Raises KeyError, IndexError."""
        found = self.content
        for part in key.split("."):
            found = found[int(part)] if isinstance(found, list) else found[part]
        return found

    def figure(self, key: str, show: Callable[[Any], str] = str) -> Figure:
        """The value at a place as a figure. Raises KeyError, IndexError."""
        value = self.at(key)
        return Figure(show(value), str(value), self.file, key)

    def computed(self, value: object, how: str, show: Callable[[Any], str] = str) -> Figure:
        """What follows from several values of the file; `how` says from which."""
        return Figure(show(value), str(value), self.file, how, "computed")


def whole(value: float | Decimal) -> str:
    """`12,346`."""
    return f"{value:,.0f}"


def tenth(value: float | Decimal) -> str:
    """`1,234.5`."""
    return f"{value:,.1f}"


def hundredth(value: float | Decimal) -> str:
    """`0.09`."""
    return f"{value:,.2f}"


def percent(share: float | Decimal) -> str:
    """A share of one: `12 %`."""
    return f"{share * 100:,.0f} %"
