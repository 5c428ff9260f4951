"""A new home gets a copy of an empty set of databases; one with settings of its own makes its own."""

from pathlib import Path

import pytest

from orchestration.ui import databases
from orchestration.ui.home import Home

ENVIRONMENT = {"HOME": "/nonexistent"}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "state")
    home.prepare(21_000)
    return home


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Folders in which databases were made, in place of the seconds that Dagster takes."""
    folders: list[Path] = []

    def make(folder: Path, environment: dict[str, str]) -> None:
        folders.append(folder)
        for name in ("history", "schedules"):
            (folder / name).mkdir()
            (folder / name / "empty.db").write_text(str(len(folders)))

    monkeypatch.setattr(databases, "_make", make)
    return folders


def test_they_are_made_once_and_copied_from_then_on(home: Home, made: list[Path], tmp_path: Path):
    environment = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    databases.prepare(home, environment)
    other = Home(tmp_path / "other")
    other.prepare(21_001)
    databases.prepare(other, environment)
    assert len(made) == 1
    assert made[0] != home.folder
    for each in (home, other):
        assert (each.folder / "history" / "empty.db").read_text() == "1"
        assert (each.folder / "schedules" / "empty.db").read_text() == "1"
    assert [path.name[0] for path in (tmp_path / "cache" / "tidemark").iterdir()] == ["d"], "nothing half made is left"


def test_a_home_with_a_history_keeps_it(home: Home, made: list[Path], tmp_path: Path):
    (home.folder / "schedules").mkdir()
    databases.prepare(home, {"XDG_CACHE_HOME": str(tmp_path / "cache")})
    assert made == []


def test_a_storage_of_somebodys_own_is_never_copied_over(home: Home, made: list[Path], tmp_path: Path):
    home.settings.write_text("storage: {postgres: {}}\n")
    databases.prepare(home, {"XDG_CACHE_HOME": str(tmp_path / "cache")})
    assert made == [home.folder]
    assert not (tmp_path / "cache").exists()


def test_a_cache_that_cannot_be_written_costs_only_time(home: Home, made: list[Path], tmp_path: Path):
    (tmp_path / "file").write_text("")
    databases.prepare(home, {"XDG_CACHE_HOME": str(tmp_path / "file")})
    assert made == [home.folder]


@pytest.mark.integration
def test_dagster_takes_what_was_made_and_says_in_one_line_why_it_cannot(home: Home, tmp_path: Path):
    import os

    environment = dict(os.environ) | {"XDG_CACHE_HOME": str(tmp_path / "cache")}  # noqa: TID251 - a process needs it
    databases.prepare(home, environment)
    databases._make(home.folder, environment)  # opens them again: a schema that it could not read would end it
    home.settings.write_text("storage: nonsense\n")
    with pytest.raises(databases.NoDatabases, match="cannot be made: ") as raised:
        databases._make(home.folder, environment)
    assert "\n" not in str(raised.value)
