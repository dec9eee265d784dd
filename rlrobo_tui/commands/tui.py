"""`rlrobo tui`: the terminal app. It says itself where a terminal cannot show it."""

import os
from typing import Annotated

import typer

from engine.protocol.settings import read_settings
from rlrobo_tui.collecting import hold
from rlrobo_tui.commands.options import complete_runs, named_run

FRAMES_PER_S = "120"
"""What a key changes is drawn within 8 ms, not 17; nothing is drawn more often for it, for little changes by itself."""
FRAMES_PER_S_OVER_SSH = "15"
"""Each frame is a packet; a quarter of Textual's own rate still follows the keys."""


def tui(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Run to open first.", autocompletion=complete_runs)] = "",
    *,
    ascii_only: Annotated[bool, typer.Option("--ascii", help="Draw with ASCII characters only.")] = False,
    low_bandwidth: Annotated[
        bool, typer.Option("--low-bandwidth", help="Draw seldom: a chart every five seconds, no robot.")
    ] = False,
    read_only: Annotated[bool, typer.Option("--read-only", help="Start, steer and end nothing.")] = False,
) -> None:
    """Open the terminal app."""
    hold()
    settings = read_settings()
    opened = named_run(run) if run else None
    is_quiet = low_bandwidth or "SSH_CONNECTION" in os.environ
    rate = FRAMES_PER_S_OVER_SSH if is_quiet else FRAMES_PER_S
    os.environ.setdefault("TEXTUAL_FPS", rate)  # read once, when Textual is imported
    from rlrobo_tui.app import Options, run_app
    from rlrobo_tui.terminal import heed_real_size

    heed_real_size()
    run_app(settings, opened, Options(ascii=ascii_only, low_bandwidth=low_bandwidth, read_only=read_only))
