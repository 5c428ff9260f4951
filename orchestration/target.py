"""Which platform a command works on: the environment's, or a sandbox instance's. Never a mixture of both."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import typer

from orchestration.errors import UserError
from streaming.settings import PREFIX, Settings, SettingsError

DEFAULT_STATE = Path(".tidemark/sandbox")
CONNECTIONS: Final = tuple(
    PREFIX + name
    for name in (
        "KAFKA_BOOTSTRAP",
        "KAFKA_SECURITY_PROTOCOL",
        "BIGQUERY_PROJECT",
        "BIGQUERY_REST_ENDPOINT",
        "BIGQUERY_GRPC_ENDPOINT",
    )
)
"""Who sets one of these means a platform of their own."""

StateOption = Annotated[
    Path | None,
    typer.Option("--state", help=f"Folder of a sandbox instance. Default: {DEFAULT_STATE}, unless TIDEMARK_* is set."),
]


def resolve(state: Path | None) -> Settings:
    """Return settings of the instance in `state`, or of the environment if it names a connection and no state is given.

    Raises UserError if the instance is not running, a setting is wrong or missing, or both are named and differ.
    """
    environment = environment_of(state)
    try:
        return Settings.from_environment(environment).require("bigquery_project")
    except SettingsError as error:
        named = own_connections(os.environ)
        hint = f"; no sandbox is used while {named[0]} is set" if state is None and named else ""
        raise UserError(f"{error}{hint}") from None


def environment_of(state: Path | None) -> dict[str, str]:
    """Return this process's environment, overlaid with the instance's variables where `resolve` would take those.

    Raises UserError if the instance is not running or contradicts the environment.
    """
    from sandbox.platform.instance import PlatformDown, load

    environment = dict(os.environ)
    if state is None and own_connections(environment):
        return environment
    try:
        instance = load(state or DEFAULT_STATE).environment()
    except PlatformDown as error:
        raise UserError(str(error)) from None
    refuse_contradiction(environment, instance, state or DEFAULT_STATE)
    return environment | instance


def own_connections(environment: Mapping[str, str]) -> list[str]:
    """Return the variables with which the environment names a platform of its own."""
    return [name for name in CONNECTIONS if environment.get(name)]


def refuse_contradiction(environment: Mapping[str, str], instance: Mapping[str, str], state: Path) -> None:
    """Raise UserError if a variable is set to something else than the instance needs. No value is shown."""
    for name, value in instance.items():
        said = environment.get(name)
        if said and said != value and not (name == f"{PREFIX}STATE_DIR" and Path(said).absolute() == Path(value)):
            raise UserError(f"{name} is set, and the sandbox in {state} has another value: unset the variable")
