"""Values that must not be seen."""

from collections.abc import Callable
from typing import Final

MAX_BYTES: Final = 4_096
"""A secret's file is small; a larger one is another file."""


class Secret:
    """A value that shows itself only through `reveal`: never in a repr, a log, a traceback or a copy as data.

    Not a dataclass on purpose: `dataclasses.asdict` looks into those.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself, for the one place that needs it."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __repr__(self) -> str:
        return "Secret(***)" if self._value else "Secret(unset)"

    __str__ = __repr__


class Hidden(str):
    """A string for a library that wants one, in a mapping whose repr may end up in a traceback with locals."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "***"


class HiddenBytes(bytes):
    """Bytes for a library that wants them; as `Hidden`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "b'***'"

    __str__ = __repr__  # bytes show their content in both


def secret_from_file(path: str, read: Callable[[str], bytes]) -> str:
    """What the file holds, without the line end that editors add. Raises ValueError, whose text shows no content."""
    try:
        content = read(path)
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror or type(error).__name__}") from None
    if len(content) > MAX_BYTES:
        raise ValueError(f"{path} holds {len(content)} bytes, a secret has {MAX_BYTES} at most; is it the right file?")
    try:
        text = content.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not UTF-8 text; is it the right file?") from None
    if not text:
        raise ValueError(f"{path} is empty")
    return text
