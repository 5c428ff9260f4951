"""What the documents tell people to type, taken from the documents."""

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
_CODE = re.compile(r"```\w*\n(.*?)```|`([^`\n]+)`", re.DOTALL)


def everyday() -> list[list[str]]:
    """Words of every command of the README's block, in order, without its remarks."""
    text = (ROOT / "README.md").read_text()
    block = text.split("## Everyday commands", 1)[1].split("```")[1]
    return [shlex.split(line, comments=True) for line in block.strip().splitlines()]


def typed(program: str) -> list[tuple[str, list[str]]]:
    """Every (document, words after `program`) that stands as code in a document."""
    found = []
    for document in DOCUMENTS:
        for block, inline in _CODE.findall(document.read_text()):
            for line in (block or inline).splitlines():
                words = _words(line)
                while words and re.fullmatch(r"[A-Z]+=\S*", words[0]):
                    words = words[1:]
                if words[:1] == [program] and len(words) > 1:
                    found.append((document.name, words[1:]))
    return found


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line, comments=True)
    except ValueError:  # a drawing, not a command
        return []
