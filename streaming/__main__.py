"""`python -m streaming`: one member of the consumer group, settings from the environment (TIDEMARK_*)."""

import os
import signal
import threading

from streaming.member_process import EXIT_USAGE
from streaming.service import StartRefused, last_words, leave, run
from streaming.settings import Settings, SettingsError


def main() -> int:
    """Run until SIGTERM or SIGINT, then drain. Exit 2: a setting is wrong; 3: refused to start or
    halted; 73: another process plays this member; 75: a service does not answer."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        return run(Settings.from_environment(os.environ), stop)
    except SettingsError as error:
        last_words(str(error))
        return EXIT_USAGE
    except StartRefused as error:
        last_words(str(error))
        return error.code


if __name__ == "__main__":
    leave(main())
