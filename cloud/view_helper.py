"""Print the lines of this machine's run from the one after the NUMBER that is asked for on, and go on as they come.

The only thing that the run's SSH key can do here: the forced command of its account. Part of the user data; needs
Python 3.7 alone. An empty line says that nothing is new.
"""

import contextlib
import os
import sys
import time

POLL_S, ALIVE_S = 0.1, 2.0
EVENTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "run", "events.jsonl")


def follow(number, out):
    with open(EVENTS, "rb") as file:
        for _ in range(number):
            file.readline()
        told_at, rest = time.monotonic(), b""
        while True:
            rest += file.read(1 << 16)
            whole, newline, rest = rest.rpartition(b"\n")
            if newline or time.monotonic() - told_at > ALIVE_S:
                out.write(whole + b"\n")
                out.flush()
                told_at = time.monotonic()
            else:
                time.sleep(POLL_S)


if __name__ == "__main__":
    asked = os.environ.get("SSH_ORIGINAL_COMMAND", "")
    if not (asked.isdecimal() and len(asked) < 10):
        sys.exit("This key reads the events of a run: give the number of lines to leave out.")
    with contextlib.suppress(OSError):  # the reader is gone
        follow(int(asked), sys.stdout.buffer)
