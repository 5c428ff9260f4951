"""Looks for canaries in whatever was said or written."""

import base64
import logging
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote


class Search:
    """Canaries, also in the disguises in which libraries show values."""

    def __init__(self, canaries: Iterable[str]) -> None:
        self._needles = [needle for canary in canaries for needle in disguises(canary)]
        self.found: list[tuple[str, str]] = []
        self.texts = 0
        self.names: set[str] = set()

    def saw(self, where: str, text: str | bytes) -> None:
        """Search one text."""
        self.texts += 1
        content = text.encode() if isinstance(text, str) else text
        self.found += [(where, needle.decode()) for needle in self._needles if needle in content]

    def files(self, folder: Path, besides: set[str]) -> None:
        """Search every file under a folder but those of these names."""
        for path in folder.rglob("*"):
            if path.is_file() and path.name not in besides:
                self.names.add(path.name)
                self.saw(str(path.relative_to(folder)), path.read_bytes())


def disguises(secret: str) -> set[bytes]:
    """As it is, in base64, in hexadecimal, in a URL."""
    raw = secret.encode()
    return {raw, base64.b64encode(raw).rstrip(b"="), raw.hex().encode(), quote(secret, safe="").encode()}


class Lines(logging.Handler):
    """Collects what a logger says."""

    def __init__(self, logger: logging.Logger) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self._logger, self._level = logger, logger.level

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())

    def __enter__(self) -> "Lines":
        self._logger.addHandler(self)
        self._logger.setLevel(logging.DEBUG)
        return self

    def __exit__(self, *_: object) -> None:
        self._logger.removeHandler(self)
        self._logger.setLevel(self._level)
