"""What whoever runs `python -m streaming` as a process must know: its command, environment, exit codes, last words."""

import os
import sys
from pathlib import Path
from typing import Final

MEMBER_COMMAND: Final = (sys.executable, "-m", "streaming")
EXIT_USAGE: Final = 2
"""A setting is wrong."""
EXIT_REFUSED: Final = 3
"""The start was refused, or every partition halted before it delivered anything."""
EXIT_LEASE_HELD: Final = 73
"""Another process plays this member on this machine (EX_CANTCREAT of sysexits.h): the settings are right."""
EXIT_UNAVAILABLE: Final = 75
"""A service does not answer: starting again later may help (EX_TEMPFAIL of sysexits.h)."""
FATAL_CODES: Final = {
    EXIT_USAGE: "a setting is wrong",
    EXIT_REFUSED: "it refused to start or every partition halted",
}
"""Exit codes after which another start would end the same way."""
ALLOCATOR: Final = {
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": "262144",
    "MALLOC_TRIM_THRESHOLD_": "1048576",
    "POLARS_MAX_THREADS": "1",
}
"""More arenas cost memory and bring nothing. A second Polars thread costs a tenth more CPU at any window size: a walk
is many small steps, between which the threads of its pool look for each other; more members use more cores. Fixed
thresholds give an append's megabytes back as soon as it is answered; glibc's own raise themselves until they stay
(37 MB less at the peak of a drain)."""
END_OF_LOG: Final = 65_536
"""Bytes of a log that are looked at for last words: hundreds of lines."""


def last_words(log: Path) -> str:
    """What a member said last: its own one-line message if there is one, else its log's last line."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - END_OF_LOG))
            text = file.read().decode(errors="replace")
    except OSError:
        return f"no log at {log}"
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    own = [line for line in lines[-20:] if line.startswith("tidemark: ")]
    return (own or lines or [f"{log} is empty"])[-1].removeprefix("tidemark: ")
