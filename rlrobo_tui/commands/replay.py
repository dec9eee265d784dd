"""`rlrobo replay`: show a checkpoint in a window or the terminal, or record it. A child process plays it."""

import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.protocol.errors import ConfigError, UsageError
from engine.protocol.run_dir import RunDir
from engine.protocol.task_facts import TaskFacts
from engine.replay.display import require_display
from rlrobo_tui.commands.child import ChildError, run_child
from rlrobo_tui.commands.options import CheckpointOption, RunArgument, choose_checkpoint, named_run
from rlrobo_tui.commands.task_facts import facts_for, facts_of
from rlrobo_tui.console import narrate, print_data, progress_bar
from rlrobo_tui.quantities import number

if TYPE_CHECKING:
    from rlrobo_tui.replay_controls import Controls

_WINDOW_GONE = ("X Error", "XIO", "X connection", "cannot connect to X server")


@dataclass(frozen=True, kw_only=True)
class Film:
    """What the options ask of a video."""

    path: Path
    fps: int
    width: int
    height: int
    speed: float
    max_steps: int
    """Control steps to expect at most."""
    control_dt_s: float

    @property
    def max_frames(self) -> int:
        """Frames of a video in which every episode lasts until its time limit."""
        return max(1, round(self.max_steps * self.control_dt_s / self.speed * self.fps))


def replay(
    run: RunArgument = "latest",
    *,
    checkpoint: CheckpointOption = "best",
    episodes: Annotated[
        int, typer.Option("--episodes", "-n", min=0, help="Episodes to play; 0: until the window closes, 1 in a video.")
    ] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the start states.")] = 10_000,
    speed: Annotated[float, typer.Option(min=0.01, max=100, help="Times real time.")] = 1.0,
    steps: Annotated[int, typer.Option(min=0, help="Control steps to play at most; 0: no limit.")] = 0,
    terminal: Annotated[
        bool, typer.Option("--terminal", help="Draw in this terminal instead of opening a window.")
    ] = False,
    video: Annotated[Path | None, typer.Option(metavar="FILE.mp4", help="Record instead of opening a window.")] = None,
    fps: Annotated[int, typer.Option(min=1, max=240, help="Frames a second of the video.")] = 30,
    width: Annotated[int, typer.Option(min=16, max=3840, help="Width of the video in pixels; even.")] = 640,
    height: Annotated[int, typer.Option(min=16, max=2160, help="Height of the video in pixels; even.")] = 480,
) -> None:
    """Show a checkpoint in a window or in this terminal, or record it as a video.

    Keys in the window: arrows turn, + - zoom, space pauses, . steps, n next episode, [ ] speed, q quits.
    """
    if video is not None:
        _check_video(video, width, height)
    found = named_run(run)
    if terminal:
        _check_terminal(found, steps=steps, video=video)
    elif video is None:
        _check_window(found)
    chosen = choose_checkpoint(found, checkpoint)
    if terminal:
        from rlrobo_tui.replay_controls import Controls

        _play_here(found, Controls(checkpoint=chosen.step, seed=seed, speed=speed), num_episodes=episodes)
        return
    common = [str(found.path), "--checkpoint", str(chosen.step), "--seed", str(seed)]
    common += ["--speed", str(speed), "--steps", str(steps)]
    if video is None:
        _open_window(found, [*common, "--episodes", str(episodes)])
        return
    facts, num_episodes = facts_of(found) or facts_for(found.read_config(), folder=found.path), episodes or 1
    film = Film(
        path=video.absolute(),
        fps=fps,
        width=width,
        height=height,
        speed=speed,
        max_steps=_max_steps(found, facts, episodes=num_episodes, steps=steps),
        control_dt_s=facts.control_dt_s,
    )
    _record(found, film, [*common, "--episodes", str(num_episodes)])


def _check_terminal(run: RunDir, *, steps: int, video: Path | None) -> None:
    """Refuse what cannot be drawn, and options that mean nothing there."""
    if video is not None or steps:
        other = "--video" if video is not None else "--steps"
        raise UsageError(f"--terminal and {other} do not go together; leave one of them out.")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(
            "--terminal needs a terminal on stdin and stdout; record a video with "
            f"`rlrobo replay {run.id} --video replay.mp4`."
        )


def _play_here(run: RunDir, controls: "Controls", *, num_episodes: int) -> None:
    from rlrobo_tui.bare_screen import BareScreen
    from rlrobo_tui.terminal_replay import TerminalReplay, look_of_terminal

    with BareScreen(sys.stdin.fileno(), sys.stdout.fileno()) as screen:
        lane = TerminalReplay(screen, controls, look_of_terminal(), num_episodes=num_episodes).play(run)
    if lane is not None:
        ending = f", ended by {lane.ending}" if lane.ending else " so far"
        narrate(f"episode {lane.episode}: return {number(lane.episode_return)} in {lane.step} steps{ending}")


def _check_window(run: RunDir) -> None:
    """Refuse to open a window where there is none to open."""
    if run.read_config().is_gym:
        raise UsageError(
            f"{run.id}: only PyBullet tasks have a window; record a video with "
            f"`rlrobo replay {run.id} --video replay.mp4`, or measure it with `rlrobo evaluate {run.id}`."
        )
    require_display()


def _max_steps(run: RunDir, facts: TaskFacts, *, episodes: int, steps: int) -> int:
    """Return the control steps to play at most. Raises UsageError where neither the task nor the user limits them."""
    if facts.max_episode_steps is None:
        if not steps:
            raise UsageError(f"{run.id}: {facts.id} has no time limit that is known; give --steps.")
        return steps
    limit = episodes * facts.max_episode_steps
    return min(steps or limit, limit)


def _check_video(path: Path, width: int, height: int) -> None:
    if path.suffix.lower() != ".mp4":
        raise ConfigError("command line", "--video", f"expected a file that ends in .mp4, got {str(path)!r}.")
    if not path.absolute().parent.is_dir():
        raise ConfigError("command line", "--video", f"no such directory: {path.absolute().parent}; make it first.")
    try:
        with tempfile.TemporaryFile(dir=path.absolute().parent):
            pass
    except OSError as err:
        reason = f"{path.absolute().parent}: cannot be written ({err.strerror}); choose another folder."
        raise ConfigError("command line", "--video", reason) from err
    if width % 2 or height % 2:
        raise ConfigError("command line", "--width and --height", f"expected even numbers, got {width} x {height}.")


def _record(run: RunDir, film: Film, common: list[str]) -> None:
    size = ["--fps", str(film.fps), "--width", str(film.width), "--height", str(film.height)]
    began = time.monotonic()
    num_frames = 0
    returns: list[float] = []
    with progress_bar("frames") as bar:
        task = bar.add_task("frames", total=film.max_frames, rate=0.0)

        def listen(message: dict[str, Any]) -> None:
            nonlocal num_frames
            num_frames = message.get("done", num_frames)
            returns.extend(message.get("returns", []))
            bar.update(task, completed=num_frames, rate=num_frames / (time.monotonic() - began))

        run_child(
            "engine.replay.video",
            [*common, *size, "--out", str(film.path)],
            working_directory=run.path,
            listen=listen,
        )
    played = f", return {', '.join(number(item) for item in returns)}" if returns else ""
    narrate(f"{num_frames} frames, {num_frames / film.fps:.1f} s of video{played}")
    print_data(str(film.path))


def _open_window(run: RunDir, arguments: list[str]) -> None:
    is_open = False

    def listen(message: dict[str, Any]) -> None:
        nonlocal is_open
        if "window" in message:
            is_open = True
            narrate(f"The window is open. Keys: {message['keys']}.")
        if "episode" in message:
            narrate(
                f"episode {message['episode']}: return {number(message['episode_return'])} "
                f"in {message['num_steps']} steps, ended by {message['termination']}"
            )

    try:
        run_child("engine.replay.gui", arguments, working_directory=run.path, listen=listen)
    except ChildError as err:
        if is_open and any(sign in line for line in err.lines for sign in _WINDOW_GONE):
            narrate("The window was closed.")
            return
        raise ChildError(
            f"replay: {err} Record a video instead with `rlrobo replay {run.id} --video replay.mp4`.",
            exit_code=err.exit_code,
        ) from err
