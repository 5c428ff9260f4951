"""Which platform a command works on: the environment's, or a sandbox instance's."""

import os
from pathlib import Path
from typing import Annotated

import typer

from orchestration.errors import UserError
from streaming.settings import PREFIX, Settings, SettingsError

DEFAULT_STATE = Path(".tidemark/sandbox")

StateOption = Annotated[
    Path | None,
    typer.Option("--state", help=f"Folder of a sandbox instance. Default: {DEFAULT_STATE}, unless TIDEMARK_* is set."),
]


def resolve(state: Path | None) -> Settings:
    """Return settings of the instance in `state`, or of the environment if it names a project and no state is given.

    Raises UserError if the instance is not running or a setting is wrong.
    """
    try:
        return Settings.from_environment(environment_of(state)).require("bigquery_project")
    except SettingsError as error:
        raise UserError(str(error)) from None


def environment_of(state: Path | None) -> dict[str, str]:
    """Return this process's environment, overlaid with the instance's variables where `resolve` would take those.

    Raises UserError if the instance is not running.
    """
    from sandbox.platform.instance import PlatformDown, load

    environment = dict(os.environ)
    try:
        if state is not None or not environment.get(f"{PREFIX}BIGQUERY_PROJECT"):
            environment |= load(state or DEFAULT_STATE).environment()
    except PlatformDown as error:
        raise UserError(str(error)) from None
    return environment
