"""The line of an engine's output that tells why it died."""

import pytest

from rlrobo_tui.engine_output import cause_line

TRACEBACK = """loading
Traceback (most recent call last):
  File "a.py", line 1, in <module>
    raise ValueError("x")
ValueError: n_steps must be a number
some farewell"""


@pytest.mark.parametrize(
    ("output", "line"),
    [
        (TRACEBACK, "ValueError: n_steps must be a number"),
        ("ok\nKilled", "Killed"),
        ("rlrobo: /runs/x: cannot write: the disk is full", "rlrobo: /runs/x: cannot write: the disk is full"),
        ("torch.cuda.OutOfMemoryError: CUDA out of memory.\n", "torch.cuda.OutOfMemoryError: CUDA out of memory."),
        ("Segmentation fault (core dumped)", "Segmentation fault (core dumped)"),
        ("all is well\nno error here", ""),
        ("", ""),
    ],
)
def test_cause_is_found(output: str, line: str) -> None:
    assert cause_line(output) == line
