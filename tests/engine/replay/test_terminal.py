"""The process that plays for a viewer: its wishes, its end, and once the whole of it."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from engine.replay.terminal import Wishes
from engine.replay.wire import Wish, read_frame


def line(seed: int) -> bytes:
    return msgspec.json.encode(Wish(checkpoints=(1,), seed=seed)) + b"\n"


def test_the_newest_wish_replaces_older_ones_and_half_a_line_waits() -> None:
    reading, writing = os.pipe()
    try:
        wishes = Wishes(reading)
        assert wishes.newest(0.0) is None
        os.write(writing, line(1) + line(2) + line(3)[:9])
        assert wishes.newest(0.0) == Wish(checkpoints=(1,), seed=2)
        os.write(writing, line(3)[9:])
        assert wishes.newest(None) == Wish(checkpoints=(1,), seed=3)
    finally:
        os.close(reading)
        os.close(writing)


def test_a_viewer_that_is_gone_ends_it() -> None:
    reading, writing = os.pipe()
    os.close(writing)
    with pytest.raises(EOFError):
        Wishes(reading).newest(None)
    os.close(reading)


@pytest.mark.slow
def test_it_plays_a_trained_checkpoint_and_ends_with_its_viewer(tmp_path: Path) -> None:
    train = ["train", "cartpole_balance", "--steps", "2000", "--set", "evaluation.every_timesteps=0"]
    environment = {**os.environ, "RLROBO_RUNS_DIR": str(tmp_path), "OMP_NUM_THREADS": "1"}
    call = [sys.executable, "-c", "from rlrobo_tui.cli import main; main()", *train]
    subprocess.run(call, env=environment, check=True, timeout=120)
    (run,) = tmp_path.iterdir()
    step = int(max((run / "checkpoints").iterdir()).name)
    command = [sys.executable, "-m", "engine.replay.terminal", str(run)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as player:
        assert player.stdin is not None
        assert player.stdout is not None
        for num_steps in (0, 5):
            wish = Wish(checkpoints=(step,), is_paused=True, num_single_steps=num_steps)
            player.stdin.write(msgspec.json.encode(wish) + b"\n")
            player.stdin.flush()
            answer = read_frame(player.stdout)  # type: ignore[arg-type]
            assert answer is not None
            assert answer[0].lanes[0].step == num_steps
        player.stdin.close()
        assert player.wait(60) == 0


def test_a_run_that_is_none_is_told_and_ends_it(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "engine.replay.terminal", str(tmp_path / "nowhere")],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode != 0
    assert '"error"' in done.stderr
