"""A sample of what `make torture` tries: see docs/reliability.md."""

import shutil

import pytest

from tests import torture


@pytest.mark.all
def test_a_change_that_is_broken_anywhere_leaves_a_whole_release(capsys: pytest.CaptureFixture[str]) -> None:
    if not shutil.which("strace"):
        pytest.skip("strace is not installed: faults at system calls are not tried")
    assert torture.main(["--sample", "300"]) == 0, capsys.readouterr().out
