"""Make this machine ready: `python3 bootstrap.py demo` or `dev`. Called by the Makefile; standard library alone.

Builds .venv from the hash-pinned lock and fetches Kafka's jars. Every step is skipped when its result is there,
and a step that fails or is interrupted leaves nothing that looks finished.
"""

import argparse
import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
LOCKS = {"demo": "requirements.lock", "dev": "requirements-dev.lock"}
INSTALLER_LOCK = "requirements-bootstrap.lock"
OLDEST = (3, 11)
RUNNING = ".".join(map(str, sys.version_info[:2]))


class Stop(Exception):
    """One line that says what is missing and what to do."""


def check_machine() -> None:
    """Raise Stop for a platform or interpreter this cannot run on."""
    if sys.version_info[:2] < OLDEST:
        raise Stop(
            f"Python {RUNNING} is too old: install 3.11 or newer, or name one: `make PYTHON=/path/to/python3.12 demo`"
        )
    if sys.platform != "linux" or platform.machine() not in ("x86_64", "AMD64"):
        raise Stop(f"this needs Linux on x86-64, not {platform.system()} on {platform.machine()}: use such a machine")
    for module in ("venv", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            raise Stop(
                f"Python lacks the module {module}: install it (Debian, Ubuntu: apt install python{RUNNING}-venv)"
            )


def fingerprint(profile: str) -> str:
    """What an installation was made from: lock, project metadata, interpreter."""
    digest = hashlib.sha256(sys.version.encode())
    for name in (LOCKS[profile], INSTALLER_LOCK, "pyproject.toml"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def stamp(profile: str) -> Path:
    """The file that says an installation is whole."""
    return VENV / f".installed-{profile}"


def is_installed(profile: str) -> bool:
    """Whether the stamp matches what would be installed now."""
    try:
        return stamp(profile).read_text().strip() == fingerprint(profile)
    except OSError:
        return False


def make_venv() -> None:
    """Create .venv unless a whole one of this interpreter's version is there."""
    probe = f"import sys, pip; sys.exit(sys.version_info[:2] != {tuple(sys.version_info[:2])})"
    python = VENV / "bin" / "python"
    if python.exists() and subprocess.run([str(python), "-c", probe], capture_output=True, check=False).returncode == 0:
        return
    say("creating .venv")
    shutil.rmtree(VENV, ignore_errors=True)
    if subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=False).returncode:
        raise Stop("the virtual environment could not be made (see above): install Python's venv and try again")


def install(profile: str) -> None:
    """Install the lock with uv, itself pinned by hash; with pip where uv cannot (pip's own configuration)."""
    for other in LOCKS:
        stamp(other).unlink(missing_ok=True)
    python = str(VENV / "bin" / "python")
    pinned = ["--require-hashes", "--only-binary", ":all:", "-r"]
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "--no-input"]
    uv = [str(VENV / "bin" / "uv"), "pip", "install", "--python", python]
    say(f"installing {LOCKS[profile]}")
    with_uv = runs([*pip, "-q", *pinned, INSTALLER_LOCK]) and runs([*uv, *pinned, LOCKS[profile]])
    if not with_uv:
        say("that did not work with uv: trying pip")
        if not runs([*pip, *pinned, LOCKS[profile]]):
            raise Stop("packages could not be installed (see above): connect to the network and run the same again")
    # Offline: setuptools comes from the lock.
    if not runs([*pip, "-q", "--no-deps", "--no-build-isolation", "--no-index", "-e", "."]):
        raise Stop("the project could not be installed into .venv (see above): remove .venv and run the same again")


def fetch_jars() -> None:
    """Download Kafka's jars into the per-user cache unless they are there."""
    if not runs([str(VENV / "bin" / "python"), "-m", "sandbox.platform.jars"]):
        raise Stop("Kafka is not complete (see above)")


def runs(command: "list[str]") -> bool:
    """Run a command in the project's folder, its output shown."""
    return subprocess.run(command, cwd=ROOT, check=False, stdin=subprocess.DEVNULL).returncode == 0


def say(line: str) -> None:
    """Progress, at once."""
    print(f"bootstrap: {line}", flush=True)  # noqa: T201 - this is a command


def main() -> int:
    """Exit code 0 when everything is in place."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("profile", choices=sorted(LOCKS))
    profile = parser.parse_args().profile
    try:
        check_machine()
        # Whoever has the developers' packages has the demo's too.
        if not (is_installed(profile) or (profile == "demo" and is_installed("dev"))):
            make_venv()
            install(profile)
        fetch_jars()
        write_stamp(profile)
    except Stop as stop:
        print(f"bootstrap: {stop}", file=sys.stderr)  # noqa: T201 - this is a command
        return 1
    except KeyboardInterrupt:
        print("bootstrap: interrupted; run the same again to go on", file=sys.stderr)  # noqa: T201
        return 130
    return 0


def write_stamp(profile: str) -> None:
    """Last of all, and atomically."""
    temporary = VENV / f".stamp-{os.getpid()}"
    temporary.write_text(fingerprint(profile) + "\n")
    os.replace(temporary, stamp(profile))


if __name__ == "__main__":
    sys.exit(main())
