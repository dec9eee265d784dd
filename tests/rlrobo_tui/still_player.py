"""Stands for the process that plays (engine/replay/terminal.py): always the same moment and the same robot."""

import math
import sys
from functools import lru_cache

import msgspec

from engine.replay.wire import Frame, Lane, Wish, write_frame

STEP, MAX_STEPS = 240, 1000
SKY, FLOOR, BODY = bytes((40, 60, 90)), bytes((90, 90, 90)), bytes((230, 150, 40))


def main() -> int:
    """Answer wishes until stdin ends."""
    for line in sys.stdin.buffer:
        wish = msgspec.json.decode(line, type=Wish)
        frame = Frame(
            width=wish.width,
            height=wish.height,
            max_steps=MAX_STEPS,
            control_dt_s=0.02,
            action_names=("hip_1", "ankle_1", "hip_2", "ankle_2"),
            has_camera=True,
            lanes=[lane(checkpoint) for checkpoint in wish.checkpoints],
        )
        write_frame(sys.stdout.buffer, frame, [picture(wish.width, wish.height)] * len(frame.lanes))
    return 0


@lru_cache
def picture(width: int, height: int) -> bytes:
    """Return a picture, row by row."""
    return b"".join(pixel(x / width, y / height) for y in range(height) for x in range(width))


def pixel(x: float, y: float) -> bytes:
    """Return the colour of a place, from 0 to 1 each: a body on two legs before sky and floor."""
    is_body = ((x - 0.5) / 0.18) ** 2 + ((y - 0.5) / 0.14) ** 2 < 1
    is_leg = 0.5 < y < 0.8 and min(abs(x - 0.4), abs(x - 0.6)) < 0.02
    return BODY if is_body or is_leg else FLOOR if y > 0.75 else SKY


def lane(checkpoint: int) -> Lane:
    """Return STEP steps of a checkpoint."""
    waves = [round(math.sin(0.2 * step), 6) for step in range(STEP)]
    return Lane(
        checkpoint=checkpoint,
        episode=2,
        step=STEP,
        episode_return=181.25,
        last_return=902.5,
        reward_terms=[{"alive": 0.5, "progress": 1 + wave, "electricity": -0.3 - 0.1 * wave} for wave in waves],
        actions=[[wave, -wave, 0.5 * wave, -0.5] for wave in waves],
    )


if __name__ == "__main__":
    sys.exit(main())
