"""What a viewer and the process that plays for it (engine/replay/terminal.py) say to each other.

The viewer writes a wish, a line of JSON; the player answers the newest with one frame: a line of JSON, then its
pictures as raw bytes. Whoever wants the next picture asks for it when it has the last, so none are queued and none are
drawn for nobody. A wish says all that is wanted, not what changed: a newer one replaces an older one.
"""

from typing import BinaryIO, Literal

import msgspec
from msgspec import Struct

VIEWS = ("follow", "orbit", "front", "top")
"""Cameras, in the order in which a key goes through them."""
DEFAULT_SEED = 10_000
"""As of `rlrobo replay`, far from the seeds of training."""


class CameraWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where to look from."""

    view: Literal["follow", "orbit", "front", "top"] = "follow"
    """follow and orbit begin with the robot's own camera; the viewer turns it for an orbit."""
    turn_deg: float = 0.0
    """Added to the view's yaw."""
    tilt_deg: float = 0.0
    """Added to the view's pitch."""
    zoom: float = 1.0
    """The view's distance is divided by it."""


class Wish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the next frame should show."""

    checkpoints: tuple[int, ...]
    """Timestep of each checkpoint that plays, side by side and in step."""
    seed: int = DEFAULT_SEED
    """Of the start states; another one begins anew."""
    is_deterministic: bool = True
    """Whether the policies take their most likely action, rather than sample one."""
    speed: float = 1.0
    """Times real time; 0: as fast as possible."""
    is_paused: bool = False
    num_single_steps: int = 0
    """How many single steps were asked for since the player started; it takes those it has not taken."""
    camera: CameraWish = CameraWish()
    width: int = 80
    """Pixels of each picture."""
    height: int = 44
    """Pixels of each picture."""
    ground: tuple[int, int, int] = (0, 0, 0)
    """Colour of what nothing is drawn on: the viewer's background."""
    num_shades: int = 16
    """Shades of each of red, green and blue: fewer cost fewer bytes on a terminal's line."""


class Lane(Struct, frozen=True, kw_only=True):
    """One checkpoint as it plays."""

    checkpoint: int
    """Its timestep."""
    episode: int
    """Number of the episode under way, from 1."""
    step: int
    """Control steps of that episode so far."""
    episode_return: float
    """Sum of its rewards so far."""
    ending: str = ""
    """What ended it: a termination term or `time_limit`; empty while it goes on."""
    last_return: float | None = None
    """Return of the latest episode that ended."""
    reward_terms: list[dict[str, float]] = []
    """Weighted reward terms of each step since the last frame; only the latest ones where there were many."""
    actions: list[list[float]] = []
    """Actions of the same steps."""


class Frame(Struct, frozen=True, kw_only=True):
    """What a line says about the pictures behind it."""

    width: int
    height: int
    max_steps: int | None
    """Time limit of an episode; None where it is not known."""
    control_dt_s: float
    """Time of one step."""
    action_names: tuple[str, ...]
    """Of each number of an action; empty where nobody named them."""
    has_camera: bool
    """Whether the camera can be moved: not in another package's environment."""
    lanes: list[Lane]
    """As many as there are pictures, each of height * width * 3 bytes, row by row, red first."""

    @property
    def picture_size_bytes(self) -> int:
        """Size of one picture."""
        return self.width * self.height * 3


def write_frame(stream: BinaryIO, frame: Frame, pictures: list[bytes]) -> None:
    """Send a frame. Raises OSError when nobody listens any more."""
    stream.write(msgspec.json.encode(frame) + b"\n" + b"".join(pictures))
    stream.flush()


def read_frame(stream: BinaryIO) -> tuple[Frame, list[bytes]] | None:
    """Return the next frame and its pictures; None where the stream ends. Waits for it."""
    line = stream.readline()
    if not line.endswith(b"\n"):
        return None
    frame = msgspec.json.decode(line, type=Frame)
    pictures = [stream.read(frame.picture_size_bytes) for _ in frame.lanes]
    is_whole = all(len(picture) == frame.picture_size_bytes for picture in pictures)
    return (frame, pictures) if is_whole else None
