"""Run a command of ours beside the app and wait for it without holding anything up; leaving a page ends it.

What needs physics or takes seconds is a child process, for the app loads neither.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import NamedTuple

from engine.protocol.settings import read_settings

ROOT = Path(__file__).parents[1]
"""Where our packages are. Python looks for modules in the working directory first: a user's must not shadow ours."""
_CLI = "import sys; sys.argv[0] = 'rlrobo'; from rlrobo_tui.cli import main; main()"


class Output(NamedTuple):
    """What a command said."""

    code: int
    """Its exit code."""
    stdout: str
    stderr: str

    @property
    def last_words(self) -> str:
        """The sentence that explains a failure."""
        lines = [line.strip() for line in self.stderr.splitlines() if line.strip()]
        return lines[-1].removeprefix("rlrobo: ") if lines else f"it ended with exit code {self.code}"


async def run_command(*arguments: str) -> Output:
    """Run `rlrobo` with these arguments, whose paths are absolute."""
    return await run_program(sys.executable, "-c", _CLI, *arguments)


async def run_module(module: str, *arguments: str) -> Output:
    """Run one of our modules."""
    return await run_program(sys.executable, "-m", module, *arguments)


async def run_program(*command: str) -> Output:
    """Run a program in our own folder; when this is cancelled, it and its children are killed. Raises OSError."""
    settings = read_settings()
    plugins = ":".join(os.path.abspath(name) for name in settings.plugins)
    starting = asyncio.create_task(
        asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=ROOT,
            env={**os.environ, "RLROBO_PLUGINS": plugins, "RLROBO_RUNS_DIR": str(settings.runs_dir)},
            start_new_session=True,
        )
    )
    try:
        # Cancelled while it starts, asyncio would kill it alone and wait for what its children hold open.
        process = await asyncio.shield(starting)
        stdout, stderr = await process.communicate()
    finally:
        process = await starting
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    return Output(process.returncode or 0, stdout.decode(errors="replace"), stderr.decode(errors="replace"))
