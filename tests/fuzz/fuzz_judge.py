"""The window is walked in a process of its own: one that hangs is killed, one that dies in native code is noticed."""

import multiprocessing
import signal
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection

from fuzz_inputs import Payload
from fuzz_verdict import Finding, Verdict, examine

HANG_S = 60.0
"""Wall clock: CPU_S stops what is slow, this what stands still, on a machine that is busy with other things."""
START_S = 120.0
READY = Verdict(None)

Examine = Callable[[Sequence[Payload]], Verdict]


class Judge:
    """`verdict` of windows, whatever they do to the process that looks at them. Close it."""

    def __init__(self, examiner: Examine = examine, hang_s: float = HANG_S) -> None:
        self._examiner, self._hang_s = examiner, hang_s
        self._start()

    def _start(self) -> None:
        spawning = multiprocessing.get_context("spawn")
        self._here, there = spawning.Pipe()
        self._process = spawning.Process(target=_serve, args=(there, self._examiner), daemon=True)
        self._process.start()
        there.close()
        if not self._here.poll(START_S) or self._here.recv() != READY:
            raise RuntimeError("the process that judges did not start")

    def verdict(self, payloads: Sequence[Payload]) -> Verdict:
        """What is wrong with the window; a process that is lost on it is replaced."""
        self._here.send(list(payloads))
        try:
            if self._here.poll(self._hang_s):
                answer: Verdict = self._here.recv()
                return answer
            finding = Finding("hang", f"no answer in {self._hang_s:g} s")
        except EOFError:
            finding = Finding("crash", "the process died")
        self.close()
        self._start()
        return Verdict(finding)

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.join()
        self._here.close()


def _serve(there: Connection, examiner: Examine) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's Ctrl-C is for the one that asks
    there.send(READY)
    while True:
        try:
            payloads = there.recv()
        except EOFError:
            return
        there.send(examiner(payloads))
