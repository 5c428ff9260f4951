"""Nobody is told to type what does not exist."""

import re
from importlib import import_module

import pytest
import typer
from readme_commands import ROOT, everyday, typed

from orchestration.cli import COMMAND_MODULES


@pytest.fixture(scope="module")
def commands():
    """Every command by name, as click sees it."""
    app = typer.Typer()
    for name in COMMAND_MODULES:
        import_module(f"orchestration.commands.{name}").register(app)
    return typer.main.get_command(app).commands


def unknown(words, commands):
    """What of `tidemark <words>` does not exist; empty if all does."""
    name, *rest = words
    if name == "--help":
        return []
    if name not in commands:
        return [name]
    if hasattr(commands[name], "commands") and rest and not rest[0].startswith("-"):
        return unknown(rest, commands[name].commands)
    options = {option for parameter in commands[name].params for option in parameter.opts}
    return [word for word in rest if word.startswith("-") and word.split("=")[0] not in options | {"--help"}]


def test_every_tidemark_command_and_option_exists(commands):
    told = typed("tidemark")
    assert len(told) > 15
    assert [(document, words) for document, words in told if unknown(words, commands)] == []


def test_every_make_target_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    told = [(document, words[0]) for document, words in typed("make")]
    assert len(told) > 5
    assert [each for each in told if each[1] not in targets] == []


@pytest.mark.parametrize(
    "words",
    [
        ["fly"],
        ["audit", "--fast"],
        ["produce", "--rate=5", "--sec", "3"],
        ["stream", "go"],
        ["stream", "start", "--member"],
    ],
)
def test_what_does_not_exist_is_found(commands, words):
    assert unknown(words, commands)


def test_the_everyday_block_is_read_without_its_remarks():
    block = everyday()
    assert block[0] == ["tidemark", "up"]
    assert all(words[0] == "tidemark" for words in block)
    assert not any("#" in word for words in block for word in words)


def test_every_command_module_adds_commands(commands):
    assert len(commands) >= len(COMMAND_MODULES)
