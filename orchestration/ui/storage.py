"""`python -m orchestration.ui.storage <DAGSTER_HOME>`: make a home's databases, before three processes do it at once.

A process of its own, so that whoever starts Dagster need not load it.
"""

import sys

from streaming.adapters.bigquery_errors import redacted


def main() -> int:
    """Open each storage once, which makes it. Exit 0 if it can be used, 1 with one line if not."""
    from dagster import DagsterInstance

    home = sys.argv[1]
    try:
        with DagsterInstance.from_config(home) as instance:
            made = instance.run_storage, instance.event_log_storage, instance.schedule_storage
    except Exception as error:  # whatever a database's driver raises: the page would show it as a traceback
        # redacted: a driver that cannot read an address quotes it with its password
        _say(f"{type(error).__name__}: {redacted((str(error).splitlines() or [''])[0])}")
        return 1
    if None in made:
        _say(f"Dagster has no storage: look at {home}/dagster.yaml")
        return 1
    return 0


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
