"""The demo's producer process: warms up, waits for the word, then produces and reports in JSON lines on stdout.

`python -m sandbox.demo.source <folder of the ledger>`. The first line on stdin is the order, a JSON object; its
arrival is the word to begin. A process of its own, so that CPU figures of the consumer and the screen stay apart.
"""

import json
import signal
import sys
import threading
from dataclasses import asdict
from pathlib import Path

from sandbox.producer.broker import ProducerError
from sandbox.producer.planning import Mix
from sandbox.producer.produce import produce
from sandbox.producer.run import Progress


def main() -> int:
    """Produce as ordered. Exit 0 if every record was acknowledged, 1 if not, 2 if it could not begin."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    _line({"kind": "ready"})
    order = json.loads(sys.stdin.readline() or "null")
    if order is None:  # the parent ended before it gave an order
        return 2
    mac_key = order.pop("mac_key")
    mix = Mix(**order.pop("mix"))
    try:
        summary = produce(ledger_dir=Path(sys.argv[1]), mac_key=mac_key, mix=mix, on_progress=_tell, stop=stop, **order)
    except (ProducerError, OSError, ValueError) as error:
        _line({"kind": "refused", "why": str(error)})
        return 2
    _line({"kind": "summary", **summary.to_json()})
    return 0 if summary.acked == summary.intents else 1


def _tell(progress: Progress) -> None:
    _line({"kind": "progress", **asdict(progress)})


def _line(content: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(content) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
