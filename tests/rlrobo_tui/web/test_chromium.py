"""The app in a real browser: it is let in, draws, takes keys, and loads nothing from elsewhere."""

import asyncio
import base64
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from PIL import Image, ImageChops

from rlrobo_tui.bench.screen import Screen
from rlrobo_tui.web.session import app_command
from tests.rlrobo_tui.app_runs import make_run, training
from tests.rlrobo_tui.web.server_calls import PATIENCE_S, Browser, browse

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), ""
)
GROUND, PANEL = (15, 20, 26), (20, 27, 35)
"""Colours of the dark theme: of the background, and of what lies over a page."""
NUM_PICTURES = 200

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM, reason="needs Chromium"),
]


class Page:
    """A page of Chromium behind its DevTools protocol."""

    def __init__(self, socket: "aiohttp.ClientWebSocketResponse[bool]") -> None:
        self._socket = socket
        self._num_calls = 0
        self.requested: list[str] = []
        """Addresses that the page asked for."""
        self.blocked: list[str] = []
        """What the content security policy forbade."""
        self.terminal = Screen(300, 100)
        """What the app told the page to show, on a terminal that is large enough for any page."""

    async def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """Call a method and return its result; note what happened meanwhile."""
        self._num_calls += 1
        await self._socket.send_json({"id": self._num_calls, "method": method, "params": parameters})
        while True:
            message = await self._hear()
            if message.get("id") == self._num_calls:
                return message["result"]

    async def evaluate(self, expression: str) -> object:
        """Return the value of a JavaScript expression."""
        result = await self.call("Runtime.evaluate", expression=expression)
        return result["result"].get("value")

    async def picture(self) -> Image.Image:
        """Return what is on the screen."""
        shot = await self.call("Page.captureScreenshot")
        return Image.open(BytesIO(base64.b64decode(shot["data"]))).convert("RGB")

    async def until_told(self, words: str) -> None:
        """Wait until the app has told the page to show these words."""
        while words not in self.terminal.text:
            await self._hear()

    async def until_drawn(self, color: tuple[int, int, int], *, before: Image.Image) -> Image.Image:
        """Wait until most of the screen is of a colour and it differs from `before` by more than a clock does."""
        changed, commonest = 0, None
        for _ in range(NUM_PICTURES):
            now = await self.picture()
            changed = sum(ImageChops.difference(before, now).convert("L").histogram()[8:])
            _, commonest = max(now.getcolors(maxcolors=1 << 20) or [(0, None)])
            if changed > 5_000 and commonest == color:
                return now
            await asyncio.sleep(0.1)
        raise AssertionError(f"{changed} pixels differ, and most are of the colour {commonest}, not {color}")

    async def _hear(self) -> dict[str, Any]:
        """Wait for the next thing that Chromium tells, take it in, and return it."""
        message = await asyncio.wait_for(self._socket.receive_json(), PATIENCE_S)
        match message:
            case {"method": "Network.requestWillBeSent", "params": {"request": {"url": url}}}:
                self.requested.append(url)
            case {"params": {"response": {"opcode": 2, "payloadData": written}}}:  # what came through the socket
                self.terminal.feed(base64.b64decode(written))
        if "Content Security Policy" in str(message):
            self.blocked.append(str(message))
        return message


@asynccontextmanager
async def chromium(session: aiohttp.ClientSession) -> AsyncIterator[Page]:
    """Yield a page of 1200 x 800 pixels."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        process = await asyncio.create_subprocess_exec(
            CHROMIUM, "--headless=new", "--remote-debugging-port=0", f"--user-data-dir={folder}", "--disable-gpu",
            "--disable-dev-shm-usage",  # containers have little of it
            "--window-size=1200,800", *sandbox, "about:blank", stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            assert process.stderr is not None
            line = b""
            while b"DevTools listening on" not in line:
                line = await asyncio.wait_for(process.stderr.readline(), PATIENCE_S)
            port = line.decode().split("127.0.0.1:")[1].split("/")[0]
            async with session.get(f"http://127.0.0.1:{port}/json") as response:
                pages = [item for item in await response.json() if item["type"] == "page"]
            async with session.ws_connect(pages[0]["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                page = Page(socket)
                for domain in ("Page", "Network", "Log", "Runtime"):
                    await page.call(f"{domain}.enable")
                size = {"width": 1200, "height": 800, "deviceScaleFactor": 1, "mobile": False}
                await page.call("Emulation.setDeviceMetricsOverride", **size)
                yield page
        finally:
            process.terminate()
            await process.wait()


def test_browser_shows_the_app_and_takes_keys(tmp_path: Path) -> None:
    run = make_run(tmp_path, events=training())

    async def play(browser: Browser) -> None:
        async with chromium(browser.session) as page:
            await page.call("Page.navigate", url=browser.server.url)
            await page.until_told(run.id)
            address = str(await page.evaluate("location.href"))
            assert address == browser.room_url(), "the token is gone from the address"
            assert await page.evaluate("document.cookie") == "", "scripts do not see the cookie"
            shown = await page.until_drawn(GROUND, before=Image.new("RGB", (1200, 800), GROUND))
            await page.call("Input.insertText", text="?")
            await page.until_told("Everywhere")
            await page.until_drawn(PANEL, before=shown)
            origin = browser.server.guard.origin
            assert [url for url in page.requested if not url.startswith((origin, "data:"))] == []
            assert page.blocked == []

    browse(play, app_command(may_steer=False), environment={"RLROBO_RUNS_DIR": str(tmp_path)})
