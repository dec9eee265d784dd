"""Stands for the process that plays (engine/replay/terminal.py): the same pipes, no robot.

Each answer to a wish that is not paused is one step further, as fast as possible a hundred steps. FAKE_PLAYER says how
it fails: `load` before the first frame, `deaf` before it reads a wish (a signal ends it), `seed` at the seed 10001.
"""

import os
import signal
import sys

import msgspec

from engine.messages import tell
from engine.replay.wire import Frame, Lane, Wish, write_frame

MAX_STEPS = 500


def main() -> int:
    """Answer wishes until stdin ends."""
    failure = os.environ.get("FAKE_PLAYER", "")
    if failure == "deaf":
        os.close(0)
    tell(loading="nothing")
    if failure == "deaf":
        signal.pause()
    if failure == "load":
        tell(error="The checkpoint is damaged.")
        return 1
    step, episode, before = 0, 1, Wish(checkpoints=())
    for line in sys.stdin.buffer:
        wish = msgspec.json.decode(line, type=Wish)
        if failure == "seed" and wish.seed == 10_001:
            print("Segmentation fault", file=sys.stderr)  # noqa: T201 - as libraries do
            os.abort()
        if (wish.checkpoints, wish.seed) != (before.checkpoints, before.seed):
            step, episode = 0, 1
        if step >= MAX_STEPS and not wish.is_paused:
            step, episode = 0, episode + 1
        step += wish.num_single_steps - before.num_single_steps + (not wish.is_paused) * (1 if wish.speed else 100)
        before = wish
        lanes = [lane(checkpoint, episode, step) for checkpoint in wish.checkpoints]
        frame = Frame(
            width=wish.width,
            height=wish.height,
            max_steps=MAX_STEPS,
            control_dt_s=0.02,
            action_names=("cart",),
            has_camera=True,
            lanes=lanes,
        )
        # The seed is the colour, so that a test can see which wish a picture answers.
        pixel = bytes([wish.seed % 256, 100, 200])
        write_frame(sys.stdout.buffer, frame, [pixel * (wish.width * wish.height)] * len(lanes))
    return 0


def lane(checkpoint: int, episode: int, step: int) -> Lane:
    """Return a lane at `step`, worth 1 a step."""
    return Lane(
        checkpoint=checkpoint,
        episode=episode,
        step=step,
        episode_return=float(step),
        ending="time_limit" if step >= MAX_STEPS else "",
        reward_terms=[{"alive": 1.5, "effort": -0.5}],
        actions=[[0.5]],
    )


if __name__ == "__main__":
    sys.exit(main())
