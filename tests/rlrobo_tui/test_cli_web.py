"""`rlrobo web`: it prints where to go, and refuses what would let others in."""

import signal
import socket
import stat
import sys
from pathlib import Path

import pytest

from rlrobo_tui.commands import web as web_command
from rlrobo_tui.folders import state_dir
from tests.rlrobo_tui.cli_calls import Cli, start_process


def test_it_prints_an_address_serves_there_and_ends_with_ctrl_c(tmp_path: Path) -> None:
    with start_process(tmp_path, "web", "--port", "0") as process:
        assert process.stdout is not None
        url = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=60)
    assert url.startswith("http://127.0.0.1:")
    assert "/#" in url
    assert stdout == ""
    assert "can only be watched there" in stderr
    assert process.returncode == 0


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "localhost", "192.168.0.7", "robots.example"])
def test_other_addresses_are_refused_with_the_way_from_elsewhere(cli: Cli, host: str) -> None:
    result = cli("web", "--host", host, "--port", "9000")
    assert result.exit_code == 2
    assert "ssh -L 9000:127.0.0.1:9000" in result.stderr


def test_port_in_use_is_told(cli: Cli) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        result = cli("web", "--port", str(port))
    assert result.exit_code == 2
    assert f"127.0.0.1:{port}: cannot be listened on" in result.stderr
    assert "--port" in result.stderr


def test_missing_extra_is_told(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("rlrobo_tui.web.server", "rlrobo_tui.web.session", "rlrobo_tui.web.guard"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "textual_serve", None)
    result = cli("web", "--port", "0")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "pip install 'rlrobo[web]'" in result.stderr


def test_browser_is_opened_without_the_token_on_its_command_line(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[tuple[str, str, int]] = []

    def open_page(url: str) -> bool:
        page = Path(url.removeprefix("file://"))
        opened.append((url, page.read_text(), stat.S_IMODE(page.stat().st_mode)))
        signal.raise_signal(signal.SIGINT)
        return True

    monkeypatch.setattr(web_command.webbrowser, "open", open_page)
    result = cli("web", "--port", "0", "--open")
    ((url, page, mode),) = opened
    address = result.stdout.strip()
    assert address.partition("#")[2] not in url
    assert address in page
    assert mode == 0o600
    assert not list(state_dir().glob("*.html")), "it is gone when the server is"
