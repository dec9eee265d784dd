"""The process behind a tab: the command line, which ends when the server that started it is gone."""

import os
import signal
import threading
import time

from rlrobo_tui.cli import main

POLL_INTERVAL_S = 2.0


def run(server: int) -> None:
    """Run the command line as a child of the process `server`."""
    threading.Thread(target=_end_with, args=(server,), daemon=True).start()
    main()


def _end_with(server: int) -> None:
    """Ask this process to leave once it has another parent: a server that is killed cannot end its sessions."""
    while os.getppid() == server:
        time.sleep(POLL_INTERVAL_S)
    os.kill(os.getpid(), signal.SIGTERM)
