"""Log and heartbeat that cannot be written: payments go on, what is lost is counted, and it is said once."""

import errno
import fcntl
import json
import os
import resource
import threading
from datetime import UTC, datetime

import pytest

from streaming.adapters.clock import ManualClock
from streaming.adapters.heartbeat import Beat, HeartbeatFile
from streaming.adapters.journal import LONGEST_LINE, JsonJournal, MemoryJournal
from streaming.service import _heartbeat_file
from streaming.settings import Settings, SettingsError

pytestmark = pytest.mark.integration  # real files and pipes

NOW = datetime(2026, 1, 7, 12, tzinfo=UTC)
PIPE_BYTES = 4_096
PATIENCE_S = 10.0


def events(data):
    return [(line["event"], line.get("lost")) for line in map(json.loads, filter(None, data.decode().split("\n")))]


class TestJournal:
    def test_a_full_disk_loses_lines_and_the_first_after_it_says_how_many(self, tmp_path):
        full = os.open("/dev/full", os.O_WRONLY)
        journal = JsonJournal(ManualClock(NOW), full)
        for _ in range(3):
            journal.say("halt", level="error")
        assert journal.lost == 3
        file = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT)
        os.dup2(file, full)
        journal.say("recovered")
        journal.say("stopped")
        os.close(full)
        os.close(file)
        written = (tmp_path / "log").read_bytes()
        assert events(written) == [("journal_gap", 3), ("recovered", None), ("stopped", None)]
        assert journal.lost == 0

    def test_a_pipe_that_nobody_reads_does_not_hold_the_caller(self):
        reader, writer = os.pipe()
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        journal = JsonJournal(ManualClock(NOW), writer)
        said = 0
        while not journal.lost and said < 1_000:
            journal.say("call_failed", number=said)
            said += 1
        assert 0 < said < 1_000
        kept = os.read(reader, 65_536)
        journal.say("recovered")
        assert events(kept) == [("call_failed", None)] * (said - 1)
        assert events(os.read(reader, 65_536)) == [("journal_gap", 1), ("recovered", None)]
        os.close(reader)
        journal.say("stopped")
        assert journal.lost == 1, "a pipe whose reader is gone"
        os.close(writer)

    def test_a_line_cut_short_does_not_swallow_the_next(self, tmp_path):
        """A disk that fills up takes a part; a limit on the file's size does the same."""
        file = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT)
        journal = JsonJournal(ManualClock(NOW), file)
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
        try:
            journal.say("kafka", line="x" * 200)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert journal.lost == 1
        journal.say("halt")
        cut, *rest = (tmp_path / "log").read_bytes().split(b"\n", 1)
        assert len(cut) == 100
        assert events(rest[0]) == [("journal_gap", 1), ("halt", None)]
        os.close(file)

    def test_long_lines_on_a_pipe_that_nobody_reads_do_not_hold_the_caller(self):
        reader, writer = os.pipe()
        journal = JsonJournal(ManualClock(NOW), writer)

        def talk():
            for size in (20_000, 60_000) * 50:
                journal.say("text", why="x" * size, level="error")

        talking = threading.Thread(target=talk, daemon=True)
        talking.start()
        talking.join(PATIENCE_S)
        held = talking.is_alive()
        os.set_blocking(reader, False)
        first = os.read(reader, 65_536).split(b"\n")[0]
        os.close(reader)  # a writer that is held ends with an error
        talking.join(PATIENCE_S)
        os.close(writer)
        assert not held
        assert journal.lost > 0
        line = json.loads(first)
        assert (line["level"], line["event"]) == ("error", "text")
        assert line["why"] == "x" * 1_024 + "... (cut from 20000 characters)"

    @pytest.mark.parametrize(
        "facts",
        [
            {"why": "é" * 5_000},
            {"why": "\U0001f4b3" * 5_000},
            {"kinds": ["kind"] * 5_000, "partition": 3},
            {f"fact_{number}": "x" * 500 for number in range(30)},
            {f"fact_{number}": number for number in range(2_000)},
        ],
        ids=["two bytes", "pairs", "a list", "many", "too many"],
    )
    def test_a_line_with_its_gap_is_one_write_that_a_pipe_takes_at_once(self, facts):
        reader, writer = os.pipe()
        journal = JsonJournal(ManualClock(NOW), writer)
        journal.lost, journal._torn = 10**9, True
        journal.say("kafka", **facts)
        written = os.read(reader, 65_536)
        os.close(reader)
        os.close(writer)
        assert len(written) <= LONGEST_LINE
        assert events(written) == [("journal_gap", 10**9), ("kafka", None)]
        assert b"cut" in written

    def test_a_line_that_waited_in_vain_for_another_is_counted(self, tmp_path, monkeypatch):
        monkeypatch.setattr("streaming.adapters.journal.LONGEST_WRITE_S", 0.01)
        file = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT)
        journal = JsonJournal(ManualClock(NOW), file)
        with journal._lock:  # as held by a write to a disk that hangs
            journal.say("halt")
        assert journal.lost == 1
        journal.say("stopped")
        os.close(file)
        assert events((tmp_path / "log").read_bytes()) == [("journal_gap", 1), ("stopped", None)]
        assert journal.lost == 0


class TestHeartbeat:
    def test_a_write_that_fails_keeps_the_last_heartbeat_and_takes_no_space(self, tmp_path, monkeypatch):
        beats = HeartbeatFile(tmp_path, "member-0")
        beats.write(Beat("member-0", NOW, "running"))
        before = beats.path.read_text()

        def full(self, text):
            with self.open("w") as file:
                file.write(text[:10])
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(type(beats.path), "write_text", full)
        with pytest.raises(OSError, match="No space"):
            beats.write(Beat("member-0", NOW, "halted"))
        assert [path.name for path in beats.path.parent.iterdir()] == ["member-0.json"]
        assert beats.path.read_text() == before

    def test_a_start_without_space_goes_on_and_one_without_a_folder_does_not(self, tmp_path, monkeypatch):
        journal = MemoryJournal()
        (tmp_path / "file").touch()
        with pytest.raises(SettingsError, match=r"TIDEMARK_STATE_DIR: no heartbeat .*Not a directory"):
            _heartbeat_file(Settings(state_dir=str(tmp_path / "file")), journal)
        assert journal.events == []

        def full(self, text):
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(type(tmp_path), "write_text", full)
        _heartbeat_file(Settings(state_dir=str(tmp_path)), journal)
        assert [event for event, _ in journal.events] == ["heartbeat_not_written"]
