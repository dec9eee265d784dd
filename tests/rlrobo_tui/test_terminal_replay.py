"""`rlrobo replay --terminal`: a terminal of its own shows it, and is as it was afterwards."""

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rich.color import ColorSystem

from engine.replay.wire import Lane
from rlrobo_tui import robot_feed
from rlrobo_tui.bare_screen import ENTER, LEAVE, BareScreen
from rlrobo_tui.commands.child import ChildError
from rlrobo_tui.replay_controls import Controls
from rlrobo_tui.terminal_replay import Look, TerminalReplay
from tests.rlrobo_tui.app_runs import make_run
from tests.rlrobo_tui.cli_calls import Cli
from tests.rlrobo_tui.test_cli_replay import save_checkpoint

ROOT = Path(__file__).parents[2]
COLORS = Look(ColorSystem.TRUECOLOR, is_ascii=False)
PATIENCE_S = 20.0


class Terminal:
    """A terminal of 60x12; a thread acts in it as a user does."""

    def __init__(self) -> None:
        self.user, self.program = pty.openpty()
        fcntl.ioctl(self.program, termios.TIOCSWINSZ, struct.pack("HHHH", 12, 60, 0, 0))
        self.before = termios.tcgetattr(self.program)
        self.text = ""

    def act(self, *steps: tuple[str, Callable[[], object]]) -> threading.Thread:
        """Do each step as soon as its words are on the screen; then read on until LEAVE."""

        def work() -> None:
            for words, do in (*steps, (LEAVE, lambda: None)):
                start = len(self.text) if words != LEAVE else 0
                while words not in self.text[start:]:
                    if not select.select([self.user], [], [], PATIENCE_S)[0]:
                        os.write(self.user, b"q")  # it never came; the assertions say so
                        return
                    self.text += os.read(self.user, 65_536).decode()
                do()

        thread = threading.Thread(target=work)
        thread.start()
        return thread

    def type(self, keys: str) -> Callable[[], object]:
        return lambda: os.write(self.user, keys.encode())


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    monkeypatch.setattr(robot_feed, "MODULE", "tests.rlrobo_tui.fake_player")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("SSH_CONNECTION", raising=False)
    terminal = Terminal()
    yield terminal
    assert termios.tcgetattr(terminal.program) == terminal.before
    os.close(terminal.user)
    os.close(terminal.program)


def play(terminal: Terminal, folder: Path, look: Look = COLORS, *, speed: float = 1.0, num_episodes: int = 0) -> Lane:
    run = make_run(folder, events=[])
    with BareScreen(terminal.program, terminal.program) as screen:
        controls = Controls(checkpoint=100, speed=speed)
        lane = TerminalReplay(screen, controls, look, num_episodes=num_episodes).play(run)
    assert lane is not None
    return lane


def test_the_robot_and_how_it_goes_are_shown_until_q(terminal: Terminal, tmp_path: Path) -> None:
    user = terminal.act(
        ("step 3", terminal.type("S ")), ("paused", terminal.type(".")), ("step 1/", terminal.type("q"))
    )
    assert play(terminal, tmp_path).step >= 1
    user.join()
    assert terminal.text.startswith(ENTER)
    assert terminal.text.endswith(LEAVE)
    assert "Loading" in terminal.text
    assert "48;2;16;100;200m" in terminal.text  # the ground of seed 10,000
    assert "48;2;17;100;200m" in terminal.text  # and of the next
    assert "q quit" in terminal.text


def test_it_ends_with_the_last_episode_and_draws_without_colour(terminal: Terminal, tmp_path: Path) -> None:
    user = terminal.act()
    lane = play(terminal, tmp_path, Look(None, is_ascii=True), speed=0.0, num_episodes=1)
    user.join()
    assert (lane.episode, lane.ending) == (1, "time_limit")
    assert "-" * 60 in terminal.text
    assert terminal.text.isascii()


@pytest.mark.parametrize(
    ("end", "error"), [(signal.SIGTERM, SystemExit), (signal.SIGHUP, SystemExit), (signal.SIGINT, KeyboardInterrupt)]
)
def test_a_signal_leaves_the_terminal_as_it_was(
    end: signal.Signals, error: type[BaseException], terminal: Terminal, tmp_path: Path
) -> None:
    user = terminal.act(("Loading", lambda: os.kill(os.getpid(), end)))
    with pytest.raises(error):
        play(terminal, tmp_path)
    user.join()
    assert terminal.text.endswith(LEAVE)


def test_a_process_that_dies_leaves_the_terminal_and_says_why(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_PLAYER", "load")
    user = terminal.act()
    with pytest.raises(ChildError, match="The checkpoint is damaged"):
        play(terminal, tmp_path)
    user.join()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "--terminal needs a terminal on stdin and stdout; record a video"),
        (("--video", "a.mp4"), "--terminal and --video do not go together"),
        (("--steps", "5"), "--terminal and --steps do not go together"),
    ],
)
def test_what_cannot_be_drawn_is_refused(arguments: tuple[str, ...], sentence: str, cli: Cli) -> None:
    save_checkpoint(cli.make_finished_run(), 1000)
    result = cli("replay", "--terminal", *arguments)
    assert result.exit_code == 2
    assert sentence in result.stderr
