"""Peak memory is the measuring process's own, not that of the process that started it."""

import subprocess
import sys

import pytest

PARENT = """
import subprocess, sys
held = bytearray(400 * 2**20)
held[::4096] = b"x" * len(held[::4096])
child = "from benchmarks.core import peak_rss_mb; print(peak_rss_mb())"
print(subprocess.run([sys.executable, "-c", child], check=True, capture_output=True, text=True).stdout)
"""


@pytest.mark.integration
def test_a_large_parent_does_not_show(tmp_path):
    from benchmarks.machine import ROOT

    ran = subprocess.run([sys.executable, "-c", PARENT], check=True, capture_output=True, text=True, cwd=ROOT)
    assert 20 < int(ran.stdout) < 390
