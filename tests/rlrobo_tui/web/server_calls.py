"""Talk to a real server on loopback as browsers, and as those who pretend to be one."""

import asyncio
import contextlib
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from rlrobo_tui.web.guard import COOKIE
from rlrobo_tui.web.server import Server, Serving, run_server

ECHO = """
import json, os, sys
def packet(kind, content):
    sys.stdout.buffer.write(kind + len(content).to_bytes(4, "big") + content)
    sys.stdout.buffer.flush()
print("__GANGLION__", flush=True)
packet(b"D", json.dumps({"pid": os.getpid(), "environment": dict(os.environ)}).encode())
while head := sys.stdin.buffer.read(5):
    content = sys.stdin.buffer.read(int.from_bytes(head[1:], "big"))
    if head[:1] == b"M" and json.loads(content)["type"] == "quit" or content == b"die":
        sys.exit()
    packet(b"D", content)
"""
"""A program that speaks the app's protocol: tells its process and environment, then repeats what it is sent."""
ECHO_COMMAND = [sys.executable, "-S", "-c", ECHO]
PATIENCE_S = 20.0


@dataclass(frozen=True)
class Browser:
    """A client of a server. Headers and cookies are what the test says."""

    server: Server
    session: aiohttp.ClientSession

    def url(self, path: str) -> str:
        """Return the address of `path`, which may lack its /."""
        return f"{self.server.guard.origin}/{path.lstrip('/')}"

    def room_url(self, path: str = "") -> str:
        """Return the address of `path` in the room that needs the cookie."""
        return self.url(self.server.guard.room + path)

    async def status(self, url: str, *, method: str = "GET", data: str | None = None, **headers: str) -> int:
        """Return the status of the answer."""
        async with self.session.request(method, url, data=data, headers=headers) as response:
            await response.read()
            return response.status

    async def enter(self, token: str | None = None) -> int:
        """Exchange the token (default: the right one) for the cookie; return the status."""
        data = self.server.guard.token if token is None else token
        return await self.status(self.url("enter"), method="POST", data=data, Origin=self.server.guard.origin)

    @contextlib.asynccontextmanager
    async def tab(self, *, origin: str | None = None, host: str = "", size: str = "") -> AsyncIterator["Tab"]:
        """Open a tab's socket. Raises aiohttp.WSServerHandshakeError where the server refuses it."""
        headers = {"Host": host} if host else {}
        told = self.server.guard.origin if origin is None else origin
        async with self.session.ws_connect(
            self.room_url(f"ws{size}"), origin=told or None, headers=headers, max_msg_size=0
        ) as socket:
            yield Tab(socket)

    async def refusal(self, **options: str) -> int:
        """Return the status with which the server refuses a tab; 101 where it does not."""
        try:
            async with self.tab(**options):
                return 101
        except aiohttp.WSServerHandshakeError as err:
            return err.status


@dataclass(frozen=True)
class Tab:
    """The socket of a tab."""

    socket: aiohttp.ClientWebSocketResponse[bool]

    async def read(self) -> str:
        """Return the next part of what the app draws; empty where it has ended."""
        while True:
            message = await asyncio.wait_for(self.socket.receive(), PATIENCE_S)
            if message.type is aiohttp.WSMsgType.BINARY:
                return message.data.decode()
            if message.type is not aiohttp.WSMsgType.TEXT:
                return ""

    async def read_until(self, text: str) -> str:
        """Return what the app draws until `text` is in it."""
        seen, end = "", time.monotonic() + PATIENCE_S
        while text not in seen:
            assert time.monotonic() < end, f"{text!r} never came: {seen[-2000:]!r}"
            part = await self.read()
            assert part, f"{text!r} never came, the app has ended: {seen[-2000:]!r}"
            seen += part
        return seen

    async def read_start(self) -> tuple[int, dict[str, str]]:
        """Return process id and environment of the program that stands in for the app."""
        told = json.loads(await self.read())
        return told["pid"], told["environment"]

    async def send(self, kind: str, value: object) -> None:
        """Send what the page's script would."""
        await self.socket.send_json([kind, value])


def browse(
    play: Callable[[Browser], Awaitable[None]],
    command: list[str] | None = None,
    *,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Run a server and `play` on it with a browser of its own."""

    async def run() -> None:
        inherited = {**os.environ, **(environment or {})}
        async with run_server(Serving(port=0, command=command or ECHO_COMMAND, environment=inherited)) as server:
            # unsafe: by default no cookies are kept for addresses without a name.
            jar = aiohttp.CookieJar(unsafe=True)
            async with aiohttp.ClientSession(cookie_jar=jar) as session:
                await play(Browser(server, session))

    asyncio.run(run())


def has_cookie(browser: Browser) -> bool:
    """Whether the browser was given the cookie."""
    return any(cookie.key == COOKIE for cookie in browser.session.cookie_jar)


async def until_gone(pid: int) -> None:
    """Wait until there is no process `pid`."""
    end = time.monotonic() + PATIENCE_S
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < end, f"process {pid} never ended"
        await asyncio.sleep(0.01)
