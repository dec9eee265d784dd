"""`python -m rlrobo_tui.report.save RUN_DIR FILE`: what `rlrobo report` does, for the app, which goes on drawing."""

import sys
from pathlib import Path

from engine.messages import tell
from engine.protocol.errors import RlroboError
from engine.protocol.files import write_whole
from engine.protocol.run_dir import open_run
from rlrobo_tui.report.facts import gather
from rlrobo_tui.report.page import build


def main(arguments: list[str]) -> int:
    """Write the report; return the exit code."""
    run_dir, path = map(Path, arguments)
    try:
        write_whole(path, build(gather(open_run(run_dir), video=None)).encode())
    except RlroboError as err:
        tell(error=str(err))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
