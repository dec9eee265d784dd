"""One browser tab's app: a process of its own, which ends with the tab. Runs that it started go on without it."""

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import WSMessage, WSMsgType, web
from textual_serve.app_service import AppService
from textual_serve.download_manager import DownloadManager

# fmt: off
PASSED_ON = frozenset((
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR", "NO_COLOR",
    "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME",
    "VIRTUAL_ENV", "PYTHONPATH", "LD_LIBRARY_PATH", "CC",
    "CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS",
))
# fmt: on
"""What the app and the engines that it starts may need; credentials, agents and displays are not among them."""
PASSED_ON_PREFIXES = ("LC_", "RLROBO_")
TOLD_BY_SERVER = ("TEXTUAL_DRIVER", "TEXTUAL_FPS", "TEXTUAL_COLOR_SYSTEM", "COLUMNS", "ROWS")
"""What textual-serve tells the app about its screen."""
# `-c` puts the working directory first on sys.path; a user's own engine/ folder must not shadow this package.
START = "import sys; sys.path.remove(''); from rlrobo_tui.web.child import run; run({server})"
QUIT_PATIENCE_S = 5.0
MAX_CELLS = 1000
"""Columns or lines of a screen that a browser may ask for."""


def app_command(*, may_steer: bool) -> list[str]:
    """Return the arguments of the process that is the app."""
    return [sys.executable, "-c", START.format(server=os.getpid()), "tui", *([] if may_steer else ["--read-only"])]


def passed_on(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the part of `environment` that a session gets."""
    return {
        name: value for name, value in environment.items() if name in PASSED_ON or name.startswith(PASSED_ON_PREFIXES)
    }


class Session(AppService):
    """The app's process behind one WebSocket."""

    def __init__(
        self,
        command: list[str],
        socket: web.WebSocketResponse,
        *,
        environment: Mapping[str, str],
        downloads: DownloadManager,
    ) -> None:
        super().__init__(
            "rlrobo tui",
            write_bytes=_ignoring_loss(socket.send_bytes),
            write_str=_ignoring_loss(socket.send_str),
            close=_closing(socket),
            download_manager=downloads,
        )
        self._arguments = command
        self._socket = socket
        self._inherited = environment

    async def serve(self, width: int, height: int) -> None:
        """Run the app until it ends, the tab closes or this is cancelled; the process is gone then."""
        await self.start(_cells(width), _cells(height))
        try:
            async for message in self._socket:
                await self._take(message)
        finally:
            await self._quit()

    async def run(self) -> None:
        """Pass on what the app draws until it ends, in whatever way, and close the tab's socket then."""
        try:
            # textual-serve takes a cancellation for an end, but lets out that of its reader of stderr where the app
            # ended before the reader had begun; `stop` would then take it for its own.
            with contextlib.suppress(asyncio.CancelledError):
                await super().run()
        finally:
            await self.remote_close()

    def _build_environment(self, width: int = 80, height: int = 24) -> dict[str, str]:
        told = super()._build_environment(width, height)
        return {
            **passed_on(self._inherited),
            **{name: told[name] for name in TOLD_BY_SERVER},
            "TERM": "xterm-256color",
            "PYTHONUTF8": "1",  # a browser shows Unicode whatever the locale is
        }

    async def _open_app_process(self, width: int = 80, height: int = 24) -> Process:
        """Start the app without a shell, in a session of its own: Ctrl-C reaches the server, which ends it in order."""
        process = await asyncio.create_subprocess_exec(
            *self._arguments,
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env=self._build_environment(width, height),
            start_new_session=True,
        )
        self._process, self._stdin = process, process.stdin
        return process

    async def _take(self, message: WSMessage) -> None:
        """Do what the page asks for; what no page of ours would send is dropped."""
        if message.type is not WSMsgType.TEXT:
            return
        with contextlib.suppress(ValueError, TypeError, KeyError):
            kind, value = message.json()
            if kind == "stdin":
                await self.send_bytes(str(value).encode())
            elif kind == "resize":
                await self.set_terminal_size(_cells(value["width"]), _cells(value["height"]))
            elif kind == "ping":
                await self._socket.send_json(["pong", value])
            elif kind == "focus":
                await self.focus()
            elif kind == "blur":
                await self.blur()

    async def _quit(self) -> None:
        """Ask the app to leave, and kill it if it does not, or if this is cancelled."""
        process = self._process
        assert process is not None
        try:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self.stop(), QUIT_PATIENCE_S)
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(process.wait(), QUIT_PATIENCE_S)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


def _cells(number: object) -> int:
    """Return columns or lines within reason. Raises TypeError or ValueError."""
    return max(1, min(MAX_CELLS, int(number)))  # type: ignore[call-overload]


def _ignoring_loss(send: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """Return `send` for a tab that may be gone already; the app's last words need no reader."""

    async def send_if_open(data: bytes | str) -> None:
        with contextlib.suppress(ConnectionError, RuntimeError):
            await send(data)

    return send_if_open


def _closing(socket: web.WebSocketResponse) -> Callable[[], Awaitable[None]]:
    async def close() -> None:
        await socket.close()

    return close
