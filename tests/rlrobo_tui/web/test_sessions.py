"""Each tab has a process of its own: how many, with what environment, how it ends, and what it may do."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rlrobo_tui.web.session import Session, app_command, passed_on
from tests.rlrobo_tui.app_runs import make_run, training
from tests.rlrobo_tui.web.server_calls import ECHO_COMMAND, Browser, browse, until_gone


def test_keys_and_sizes_reach_the_app() -> None:
    async def play(browser: Browser) -> None:
        await browser.enter()
        async with browser.tab(size="?width=120&height=99999") as tab:
            _, environment = await tab.read_start()
            assert (environment["COLUMNS"], environment["ROWS"]) == ("120", "1000")
            await tab.send("stdin", "é")
            assert await tab.read() == "é"
            await tab.send("resize", {"width": 90, "height": -5})
            assert json.loads(await tab.read()) == {"type": "resize", "width": 90, "height": 1}
            await tab.send("focus", None)
            assert json.loads(await tab.read()) == {"type": "focus"}

    browse(play)


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "[1]", '["resize"]', '["resize", {}]', '["resize", {"width": "x"}]', "1"]
)
def test_nonsense_is_dropped(text: str) -> None:
    async def play(browser: Browser) -> None:
        await browser.enter()
        async with browser.tab() as tab:
            await tab.read_start()
            await tab.socket.send_str(text)
            await tab.send("stdin", "still here")
            assert await tab.read() == "still here"

    browse(play)


def test_app_inherits_settings_but_no_secrets() -> None:
    secrets = {
        "AWS_SECRET_ACCESS_KEY": "x", "AWS_PROFILE": "x", "GITHUB_TOKEN": "x", "SSH_AUTH_SOCK": "x", "DISPLAY": ":0",
        "SSH_CONNECTION": "x", "PASSWORD": "x", "WANDB_API_KEY": "x",
    }  # fmt: skip
    wanted = {"RLROBO_RUNS_DIR": "/data/runs", "LC_TIME": "C", "TZ": "UTC", "CUDA_VISIBLE_DEVICES": "1"}

    async def play(browser: Browser) -> None:
        await browser.enter()
        async with browser.tab() as tab:
            _, environment = await tab.read_start()
            assert not environment.keys() & secrets.keys()
            assert wanted.items() <= environment.items()
            assert environment["PATH"] == os.environ["PATH"]
            own = {"TERM", "COLUMNS", "ROWS", "PYTHONUTF8", "LC_CTYPE"}  # Python itself sets LC_CTYPE
            others = environment.keys() - passed_on(os.environ).keys() - wanted.keys() - own
            assert all(name.startswith("TEXTUAL_") for name in others), others

    browse(play, environment={**secrets, **wanted})


def test_third_tab_is_refused_until_another_is_closed() -> None:
    async def play(browser: Browser) -> None:
        await browser.enter()
        async with browser.tab() as first:
            await first.read_start()
            async with browser.tab() as second:
                await second.read_start()
                assert await browser.refusal() == 503
            async with browser.tab() as third:
                assert (await third.read_start())[0]

    browse(play)


def test_app_ends_with_its_tab() -> None:
    async def play(browser: Browser) -> None:
        await browser.enter()
        async with browser.tab() as tab:
            pid, _ = await tab.read_start()
        await until_gone(pid)

    browse(play)


def test_tab_ends_with_its_app() -> None:
    async def play(browser: Browser) -> None:
        await browser.enter()
        async with browser.tab() as tab:
            pid, _ = await tab.read_start()
            os.kill(pid, signal.SIGKILL)
            assert await tab.read() == ""

    browse(play)


def test_app_that_does_not_leave_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rlrobo_tui.web.session.QUIT_PATIENCE_S", 0.1)
    stubborn = ECHO_COMMAND[-1].replace("sys.exit()", "continue")
    pids: list[int] = []

    async def play(browser: Browser) -> None:
        await browser.enter()
        async with browser.tab() as tab:
            pids.append((await tab.read_start())[0])
        await until_gone(pids[0])

    browse(play, [*ECHO_COMMAND[:-1], stubborn])


def test_app_of_a_closed_tab_is_gone_when_the_server_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rlrobo_tui.web.session.QUIT_PATIENCE_S", 0.1)
    deaf = ECHO_COMMAND[-1].replace("while head", "import time; time.sleep(600)\nwhile head")
    pids: list[int] = []

    async def play(browser: Browser) -> None:
        await browser.enter()
        async with browser.tab() as tab:
            pids.append((await tab.read_start())[0])

    browse(play, [*ECHO_COMMAND[:-1], deaf])
    assert not Path(f"/proc/{pids[0]}").exists()


def test_program_that_is_no_app_closes_the_tab() -> None:
    async def play(browser: Browser) -> None:
        await browser.enter()
        async with browser.tab() as tab:
            assert await tab.read() == ""

    browse(play, [sys.executable, "-S", "-c", "print('no app')"])


def test_app_that_talks_nonsense_closes_the_tab_and_is_ended() -> None:
    nonsense = ECHO_COMMAND[-1].replace("while head", 'packet(b"M", b"no JSON")\nwhile head')

    async def play(browser: Browser) -> None:
        await browser.enter()
        async with browser.tab() as tab:
            pid, _ = await tab.read_start()
            assert await tab.read() == ""
        await until_gone(pid)

    browse(play, [*ECHO_COMMAND[:-1], nonsense])


def test_program_that_says_its_last_before_anybody_listens_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[asyncio.subprocess.Process] = []
    start = Session._open_app_process

    async def start_late(session: Session, width: int, height: int) -> asyncio.subprocess.Process:
        started.append(await start(session, width, height))
        assert started[0].stdout is not None
        while not started[0].stdout.at_eof():
            await asyncio.sleep(0.01)
        return started[0]

    async def play(browser: Browser) -> None:
        await browser.enter()
        async with browser.tab() as tab:
            assert await tab.read() == ""

    monkeypatch.setattr(Session, "_open_app_process", start_late)
    browse(play, [sys.executable, "-S", "-c", "import os; os.close(1); os.close(2); os.read(0, 1)"])
    assert started[0].returncode == 0


def test_ctrl_c_ends_server_and_sessions(tmp_path: Path) -> None:
    code = (
        "from rlrobo_tui.web.server import Serving, serve_until_interrupted; import sys\n"
        "serving = Serving(port=0, command=sys.argv[1:])\n"
        "serve_until_interrupted(serving, lambda url: print(url, flush=True))"
    )

    async def play(url: str, process: "subprocess.Popen[str]") -> None:
        import aiohttp

        address, _, token = url.partition("#")
        origin = address.rstrip("/")
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
            async with session.post(f"{origin}/enter", data=token, headers={"Origin": origin}) as response:
                room = (await response.json())["room"]
            async with session.ws_connect(f"{origin}{room}ws", origin=origin) as socket:
                pid = json.loads((await socket.receive()).data)["pid"]
                process.send_signal(signal.SIGINT)
                while (await socket.receive()).type is not aiohttp.WSMsgType.CLOSED:
                    pass
                await until_gone(pid)

    with subprocess.Popen(
        [sys.executable, "-c", code, *ECHO_COMMAND], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        asyncio.run(play(process.stdout.readline().strip(), process))
        _, stderr = process.communicate(timeout=60)
    assert (process.returncode, stderr) == (0, "")


def test_app_ends_when_its_server_was_killed() -> None:
    waiting = "import time, rlrobo_tui.web.child as child; child.main = lambda: time.sleep(60); child.run({server})"
    server = f"""
import os, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {waiting!r}.format(server=os.getpid())], stderr=subprocess.DEVNULL)
print(child.pid, flush=True)
os.kill(os.getpid(), 9)
"""
    result = subprocess.run([sys.executable, "-c", server], stdout=subprocess.PIPE, text=True, check=False)
    asyncio.run(until_gone(int(result.stdout)))


@pytest.mark.parametrize("may_steer", [False, True])
def test_real_app_is_read_only_unless_asked(tmp_path: Path, may_steer: bool) -> None:
    make_run(tmp_path, events=training())

    async def play(browser: Browser) -> None:
        await browser.enter()
        async with browser.tab(size="?width=120&height=40") as tab:
            shown = await tab.read_until("cartpole_balance-ppo-s1")
            shown += "" if "Quit" in shown else await tab.read_until("Quit")
            assert ("New" in shown) is may_steer, "the footer shows what is possible"
            if not may_steer:
                await tab.send("stdin", "\x0f")  # ctrl+o would switch it off
                await tab.send("stdin", "?")
                await tab.read_until("the app is read-only")

    browse(play, app_command(may_steer=may_steer), environment={"RLROBO_RUNS_DIR": str(tmp_path)})
