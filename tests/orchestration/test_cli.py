"""The command line loads what its command needs, and its list of commands is true."""

import subprocess
import sys
from importlib import import_module

import pytest
import typer

from orchestration.cli import COMMAND_MODULES, COMMANDS, modules_for

HEAVY = ("polars", "confluent_kafka", "google.cloud", "grpc", "dagster", "pyarrow", "duckdb")


@pytest.mark.parametrize("module", COMMANDS)
def test_each_module_registers_the_commands_that_are_listed(module):
    app = typer.Typer(callback=lambda: None)
    import_module(f"orchestration.commands.{module}").register(app)
    assert tuple(typer.main.get_command(app).commands) == COMMANDS[module]


def test_no_command_is_of_two_modules():
    names = [name for listed in COMMANDS.values() for name in listed]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("words", "modules"),
    [
        (["cost", "--rate", "5000"], ("cost",)),
        (["settings"], ("consume",)),
        (["stream", "start"], ("stream",)),
        (["--help"], COMMAND_MODULES),
        (["fly"], COMMAND_MODULES),
        ([], COMMAND_MODULES),
        ([""], COMMAND_MODULES),
    ],
)
def test_a_command_loads_its_own_module_alone(words, modules):
    assert modules_for(words) == modules


@pytest.mark.integration
def test_the_bill_is_projected_without_the_stream_s_packages():
    code = (
        "import sys; sys.argv = ['tidemark', 'cost', '--rate', '5000']\n"
        "from orchestration import cli\n"
        "try:\n    cli.main()\nexcept SystemExit as ended:\n    assert not ended.code\n"
        f"print('LOADED', [name for name in {HEAVY} if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout.splitlines()[-1] == "LOADED []"
