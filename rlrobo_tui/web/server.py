"""Serve the app on this machine's loopback address: pages, the socket of each tab, and an end in order.

textual-serve brings the terminal for the browser (xterm.js) and the protocol to the app's process. Its own server has
no authentication, so this one takes its place; guard.py says who may come in.
"""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

import textual_serve
from aiohttp import web
from textual_serve.download_manager import DownloadManager

from engine.protocol.errors import UsageError
from rlrobo_tui.web.guard import HOST, Guard
from rlrobo_tui.web.session import QUIT_PATIENCE_S, Session, app_command

MAX_SESSIONS = 2
MAX_MESSAGE_BYTES = 256 * 1024
"""Of one message of a tab: a long text that is pasted."""
_OURS = Path(__file__).with_name("static")
_XTERM = Path(textual_serve.__file__).with_name("static")
ASSETS = {
    "page.css": _OURS / "page.css",
    "page.js": _OURS / "page.js",
    "terminal.js": _XTERM / "js" / "textual.js",
    "terminal.css": _XTERM / "css" / "xterm.css",
    "mono.ttf": _XTERM / "fonts" / "RobotoMono-VariableFont_wght.ttf",
}
"""Every file that can be asked for, by its name below static/; there is no listing and no other."""


@dataclass(frozen=True, kw_only=True)
class Serving:
    """What to serve."""

    port: int
    """TCP port; 0: one that is free."""
    command: list[str] = field(default_factory=lambda: app_command(may_steer=False))
    """Arguments of a session's process."""
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    """What sessions get the allow-listed part of."""


def serve_until_interrupted(serving: Serving, announce: Callable[[str], None]) -> None:
    """Serve until Ctrl-C or SIGTERM, and end every session then. Raises UsageError where the port is not free.

    `announce` is given the address, token included, as soon as it works.
    """

    async def serve() -> None:
        is_over = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, is_over.set)
        async with run_server(serving) as server:
            announce(server.url)
            with contextlib.redirect_stdout(sys.stderr):  # textual-serve prints an app's last words
                await is_over.wait()

    asyncio.run(serve())


@contextlib.asynccontextmanager
async def run_server(serving: Serving) -> AsyncIterator["Server"]:
    """Yield a server that answers; on leaving, it and its sessions end. Raises UsageError for a port that is in use."""
    with _listen(serving.port) as listener:
        server = Server(serving, Guard(listener.getsockname()[1]))
        runner = web.AppRunner(server.application(), access_log=None, shutdown_timeout=QUIT_PATIENCE_S * 2)
        await runner.setup()
        try:
            await web.SockSite(runner, listener).start()
            yield server
        finally:
            await runner.cleanup()


class Server:
    """Answers requests that its guard lets through."""

    def __init__(self, serving: Serving, guard: Guard) -> None:
        self.guard = guard
        self._serving = serving
        self._downloads = DownloadManager()
        self._sockets: set[web.WebSocketResponse] = set()
        """Of the tabs whose app has not ended."""

    @property
    def url(self) -> str:
        """The address to open. Browsers send what is behind the # to nobody."""
        return f"{self.guard.origin}/#{self.guard.token}"

    def application(self) -> web.Application:
        """Return the routes behind the guard."""
        room = self.guard.room
        application = web.Application(middlewares=[self.guard.middleware()], client_max_size=4096)
        application.add_routes(
            [
                web.get("/", self._show_door),
                web.get("/door.js", self._send_door_script),
                web.post("/enter", self._enter),
                web.get("/download/{key}", self._download),
                web.get(room, self._show_terminal),
                web.get(room + "ws", self._run_session),
                web.get(room + "static/{name}", self._send_asset),
            ]
        )
        application.on_response_prepare.append(self.guard.add_headers)
        application.on_shutdown.append(self._end_sessions)
        return application

    async def _show_door(self, request: web.Request) -> web.Response:
        return web.Response(status=401, text=(_OURS / "door.html").read_text(), content_type="text/html")

    async def _send_door_script(self, request: web.Request) -> web.StreamResponse:
        return web.FileResponse(_OURS / "door.js")

    async def _enter(self, request: web.Request) -> web.Response:
        """Exchange the token for the cookie and tell where the app is."""
        response = web.json_response({"room": self.guard.room})
        if not self.guard.admit(await request.text(), response):
            raise web.HTTPForbidden(text="This is not the token of this server.\n")
        return response

    async def _show_terminal(self, request: web.Request) -> web.Response:
        page = Template((_OURS / "page.html").read_text())
        socket_url = f"ws://{self.guard.authority}{self.guard.room}ws"
        return web.Response(text=page.substitute(socket_url=socket_url), content_type="text/html")

    async def _send_asset(self, request: web.Request) -> web.StreamResponse:
        path = ASSETS.get(request.match_info["name"])
        if path is None:
            raise web.HTTPNotFound
        return web.FileResponse(path)

    async def _download(self, request: web.Request) -> web.StreamResponse:
        """Send a file that an app delivers. Its key is random, told to its own tab only, and good for one time."""
        key = request.match_info["key"]
        try:
            meta = await self._downloads.get_download_metadata(key)
        except KeyError:
            raise web.HTTPNotFound from None
        response = web.StreamResponse()
        response.content_type = meta.mime_type or "application/octet-stream"
        name = "".join(char if char.isalnum() or char in "._-" else "_" for char in meta.file_name)
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        await response.prepare(request)
        async for chunk in self._downloads.download(key):
            await response.write(chunk)
        await response.write_eof()
        return response

    async def _run_session(self, request: web.Request) -> web.WebSocketResponse:
        # A tab that is loaded again comes before its old app has ended.
        ending = [tab for tab in self._sockets if tab.closed]
        if len(self._sockets) - len(ending) >= MAX_SESSIONS:
            raise web.HTTPServiceUnavailable(text=f"{MAX_SESSIONS} tabs are open; close one first.\n")
        tab = web.WebSocketResponse(timeout=2, heartbeat=15, max_msg_size=MAX_MESSAGE_BYTES)
        self._sockets.add(tab)
        try:
            await tab.prepare(request)
            session = Session(
                self._serving.command, tab, environment=self._serving.environment, downloads=self._downloads
            )
            await session.serve(_number(request, "width", 80), _number(request, "height", 24))
        finally:
            self._sockets.discard(tab)
        return tab

    async def _end_sessions(self, application: web.Application) -> None:
        await asyncio.gather(*(tab.close() for tab in list(self._sockets)))


def _listen(port: int) -> socket.socket:
    """Return a socket that listens on loopback. Raises UsageError."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as err:
        listener.close()
        raise UsageError(
            f"{HOST}:{port}: cannot be listened on ({err.strerror}); choose another port with --port, or 0 for any."
        ) from err
    return listener


def _number(request: web.Request, name: str, default: int) -> int:
    text = request.query.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else default
