"""Named places where a test may let a process die as if it were killed, so that every half-done state is tried.

Armed by RLROBO_CRASH_AT=name or name:N (the N-th time the place is reached); without it, a look at a variable.
"""

import os
import signal
from collections import Counter

VARIABLE = "RLROBO_CRASH_AT"
_reached: Counter[str] = Counter()


def reach(name: str) -> None:
    """Die here by SIGKILL when this place is armed."""
    armed = os.environ.get(VARIABLE)
    if not armed:
        return
    wanted, _, count = armed.partition(":")
    _reached[name] += 1
    if wanted == name and _reached[name] == int(count or 1):
        os.kill(os.getpid(), signal.SIGKILL)
