"""Frames on their way through a pipe."""

import io

from engine.replay.wire import Frame, Lane, read_frame, write_frame

LANE = Lane(checkpoint=500, episode=1, step=7, episode_return=6.5)
FRAME = Frame(
    width=2, height=1, max_steps=10, control_dt_s=0.02, action_names=("cart",), has_camera=True, lanes=[LANE, LANE]
)
PICTURES = [b"redred", b"\n\n\n\n\n\n"]


def written() -> bytes:
    stream = io.BytesIO()
    write_frame(stream, FRAME, PICTURES)
    return stream.getvalue()


def test_a_frame_arrives_with_all_its_pictures() -> None:
    stream = io.BytesIO(written() * 2)
    assert read_frame(stream) == (FRAME, PICTURES)
    assert read_frame(stream) == (FRAME, PICTURES)


def test_a_stream_that_ends_anywhere_has_no_more_frames() -> None:
    whole = written()
    assert all(read_frame(io.BytesIO(whole[:length])) is None for length in range(len(whole)))
