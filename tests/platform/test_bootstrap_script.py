"""The bootstrap says in one line what is missing, and never leaves a stamp on something half done."""

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def bootstrap(tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("bootstrap_under_test", ROOT / "bootstrap.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    for name in (*module.LOCKS.values(), module.INSTALLER_LOCK, "pyproject.toml"):
        (tmp_path / name).write_text(name)
    (tmp_path / ".venv").mkdir()
    monkeypatch.setattr(module, "make_venv", lambda: None)
    monkeypatch.setattr(module, "check_machine", lambda: None)
    return module


def call(module, monkeypatch, profile, succeeds):
    """Run main with commands that are recorded and succeed as `succeeds(command)` says."""
    commands = []

    def runs(command):
        commands.append(" ".join(command))
        return succeeds(commands[-1])

    monkeypatch.setattr(module, "runs", runs)
    monkeypatch.setattr(sys, "argv", ["bootstrap.py", profile])
    return module.main(), commands


def test_a_second_run_installs_nothing(bootstrap, monkeypatch):
    assert call(bootstrap, monkeypatch, "demo", lambda command: True)[0] == 0
    code, commands = call(bootstrap, monkeypatch, "demo", lambda command: True)
    assert code == 0
    assert len(commands) == 1, "only the look at the jars"


def test_the_developers_install_serves_the_demo(bootstrap, monkeypatch):
    call(bootstrap, monkeypatch, "dev", lambda command: True)
    _, commands = call(bootstrap, monkeypatch, "demo", lambda command: True)
    assert len(commands) == 1


@pytest.mark.parametrize("changed", ["requirements.lock", "requirements-bootstrap.lock", "pyproject.toml"])
def test_a_changed_lock_installs_again(bootstrap, monkeypatch, changed):
    call(bootstrap, monkeypatch, "demo", lambda command: True)
    (bootstrap.ROOT / changed).write_text("changed")
    _, commands = call(bootstrap, monkeypatch, "demo", lambda command: True)
    assert len(commands) > 1


def test_every_install_is_held_to_hashes_and_the_project_comes_without_the_network(bootstrap, monkeypatch):
    _, commands = call(bootstrap, monkeypatch, "dev", lambda command: True)
    installs = [command for command in commands if " install " in command]
    assert all("--require-hashes" in command or ("--no-index" in command and "-e ." in command) for command in installs)
    assert any("requirements-dev.lock" in command for command in installs)


@pytest.mark.parametrize("failing", ["requirements.lock", "-e .", "sandbox.platform.jars"])
def test_a_failed_step_leaves_no_stamp(bootstrap, monkeypatch, capsys, failing):
    code, _ = call(bootstrap, monkeypatch, "demo", lambda command: failing not in command)
    assert code == 1
    assert not list(bootstrap.VENV.glob(".installed-*"))
    assert capsys.readouterr().err.count("\n") == 1


def test_an_interrupted_install_leaves_no_stamp_of_an_earlier_one(bootstrap, monkeypatch):
    call(bootstrap, monkeypatch, "demo", lambda command: True)
    (bootstrap.ROOT / "requirements.lock").write_text("changed")

    def interrupt(command):
        raise KeyboardInterrupt

    assert call(bootstrap, monkeypatch, "demo", interrupt)[0] == 130
    assert not list(bootstrap.VENV.glob(".installed-*"))


def test_pip_takes_over_where_uv_cannot(bootstrap, monkeypatch):
    code, commands = call(bootstrap, monkeypatch, "demo", lambda command: "/uv " not in command)
    assert code == 0
    assert any("-m pip" in command and "-r requirements.lock" in command for command in commands)


@pytest.fixture
def machine(bootstrap):
    """The real check, on a machine we describe."""
    spec = importlib.util.spec_from_file_location("bootstrap_fresh", ROOT / "bootstrap.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_an_old_python_is_one_line(machine, monkeypatch):
    monkeypatch.setattr(machine.sys, "version_info", (3, 10, 1))
    with pytest.raises(machine.Stop, match=r"too old: install 3\.11 or newer"):
        machine.check_machine()


@pytest.mark.parametrize(("system", "architecture"), [("darwin", "x86_64"), ("linux", "aarch64"), ("win32", "AMD64")])
def test_another_platform_is_one_line(machine, monkeypatch, system, architecture):
    monkeypatch.setattr(machine.sys, "platform", system)
    monkeypatch.setattr(machine.platform, "machine", lambda: architecture)
    with pytest.raises(machine.Stop, match="needs Linux on x86-64"):
        machine.check_machine()


@pytest.mark.parametrize("missing", ["venv", "ensurepip"])
def test_a_missing_module_is_one_line(machine, monkeypatch, missing):
    monkeypatch.setattr(machine.importlib.util, "find_spec", lambda name: None if name == missing else object())
    with pytest.raises(machine.Stop, match=rf"lacks the module {missing}: install it"):
        machine.check_machine()
