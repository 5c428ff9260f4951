"""One process per member and machine: the second is refused with its own code, and any death frees the lease."""

# ruff: noqa: TID251 - real processes live by the real clock

import errno
import fcntl
import os
import signal
import subprocess
import sys
import time

import pytest

from streaming.adapters.journal import MemoryJournal
from streaming.adapters.lease import Holder, LeaseHeld, holder, lease_path, take
from streaming.member_process import EXIT_LEASE_HELD, FATAL_CODES
from streaming.service import StartRefused, _hold_lease
from streaming.settings import Settings, SettingsError

pytestmark = pytest.mark.integration  # real files

NOBODY = "127.0.0.1:1"
"""Nothing listens there: a start asks again for 20 s, and holds its lease meanwhile."""


def waits_for_nothing(seconds):
    pass


@pytest.fixture
def lease(tmp_path):
    descriptor = take(tmp_path, "member-1")
    yield descriptor
    os.close(descriptor)


@pytest.mark.usefixtures("lease")
class TestHeld:
    def test_the_file_names_the_holder(self, tmp_path):
        assert holder(tmp_path, "member-1") == Holder(os.getpid())
        assert lease_path(tmp_path, "member-1").read_text() == f"{os.getpid()}\n"

    def test_a_second_process_is_refused_in_one_line(self, tmp_path):
        with pytest.raises(
            LeaseHeld, match=rf"^member-1 is already run by process {os.getpid()} on .*\.lock\); stop it"
        ):
            take(tmp_path, "member-1", waits_for_nothing)
        assert holder(tmp_path, "member-1") == Holder(os.getpid())

    def test_another_member_is_not(self, tmp_path):
        os.close(take(tmp_path, "member-2", waits_for_nothing))

    def test_a_member_refuses_to_start_with_a_code_that_is_not_fatal(self, tmp_path):
        with pytest.raises(StartRefused) as refused:
            _hold_lease(Settings(state_dir=str(tmp_path), member="member-1"), MemoryJournal())
        assert refused.value.code == EXIT_LEASE_HELD
        assert EXIT_LEASE_HELD not in FATAL_CODES

    def test_children_do_not_inherit_it(self, lease):
        assert not os.get_inheritable(lease)


def test_an_unused_lease_is_held_by_nobody(tmp_path):
    assert holder(tmp_path, "member-1") is None
    os.close(take(tmp_path, "member-1", waits_for_nothing))
    assert lease_path(tmp_path, "member-1").exists()
    assert holder(tmp_path, "member-1") is None


def test_who_only_looks_delays_a_start_and_does_not_refuse_it(tmp_path):
    os.close(take(tmp_path, "member-1"))
    looking = os.open(lease_path(tmp_path, "member-1"), os.O_RDONLY)
    fcntl.flock(looking, fcntl.LOCK_SH)
    assert holder(tmp_path, "member-1") is None, "two who look do not take each other for the holder"
    os.close(take(tmp_path, "member-1", lambda _: os.close(looking)))


def test_a_child_that_outlives_its_parent_frees_the_lease_with_the_parents_death(tmp_path):
    script = (
        "import pathlib, subprocess, sys; from streaming.adapters.lease import take\n"
        "take(pathlib.Path(sys.argv[1]), 'member-1')\n"
        "child = subprocess.Popen(['/bin/sleep', '60'], close_fds=False)\n"
        "print(child.pid, flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        child = int(parent.stdout.readline())
        try:
            assert holder(tmp_path, "member-1") == Holder(parent.pid)
            parent.kill()
            parent.wait()
            assert holder(tmp_path, "member-1") is None
        finally:
            os.kill(child, signal.SIGKILL)


def test_a_folder_that_cannot_be_written_is_a_wrong_setting(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match=r"TIDEMARK_STATE_DIR: no heartbeat can be written to .*Not a directory"):
        _hold_lease(Settings(state_dir=str(tmp_path / "file")), MemoryJournal())


def test_a_full_disk_is_no_reason_not_to_start(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    journal = MemoryJournal()
    monkeypatch.setattr(os, "open", full)
    _hold_lease(Settings(state_dir=str(tmp_path)), journal)
    assert [event for event, _ in journal.events] == ["lease_not_taken"]


@pytest.mark.fault
def test_the_consumer_is_refused_beside_itself_and_starts_after_its_own_kill(tmp_path):
    settings = {"KAFKA_BOOTSTRAP": NOBODY, "BIGQUERY_PROJECT": "p", "BIGQUERY_REST_ENDPOINT": f"http://{NOBODY}"}
    settings |= {"BIGQUERY_GRPC_ENDPOINT": NOBODY, "MAC_KEY": "k" * 32, "STATE_DIR": str(tmp_path)}
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TIDEMARK_")}
    environment = clean | {f"TIDEMARK_{name}": value for name, value in settings.items()}
    command = [sys.executable, "-m", "streaming"]

    def started():
        member = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while holder(tmp_path, "member-0") != Holder(member.pid):
            assert member.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return member

    first = started()
    second = subprocess.run(command, env=environment, check=False, capture_output=True, text=True, timeout=60)
    assert second.returncode == EXIT_LEASE_HELD
    (line,) = second.stderr.splitlines()
    assert line.startswith(f"tidemark: member-0 is already run by process {first.pid} on this machine")
    first.kill()
    first.wait()
    again = started()
    again.kill()
    again.wait()
