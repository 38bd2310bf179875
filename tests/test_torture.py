"""A sample of what `make torture` tries: see docs/reliability.md."""

import shutil
import subprocess
import sys

import pytest

from tests.support import ROOT


@pytest.mark.all
def test_a_change_that_is_broken_anywhere_leaves_a_whole_release() -> None:
    if not shutil.which("strace"):
        pytest.skip("strace is not installed: faults at system calls are not tried")
    # a process of its own: what its children say must not be caught by the tests' runner
    command = [sys.executable, "-m", "tests.torture", "--sample", "300"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
