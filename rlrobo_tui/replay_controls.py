"""What the keys of the replay page have set, and the pictures that were shown. Pure: no process, no widgets."""

from collections import deque
from dataclasses import dataclass

from engine.replay.wire import DEFAULT_SEED, VIEWS, CameraWish, Wish
from rlrobo_tui.memory import ReplayMemory
from rlrobo_tui.robot_feed import Shown
from rlrobo_tui.terminal import is_over_ssh

SPEEDS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 0.0)
"""Times real time; 0: as fast as possible."""
FPS, FPS_OVER_SSH = 12, 5
MAX_SIZE_OVER_SSH = (60, 60)
"""Pixels of a picture that travels over a network."""
MIN_SIZE = 8
"""Pixels; less shows nothing."""
TURN_DEG, TILT_DEG, ZOOM = 10.0, 5.0, 1.15
"""Of one key press."""
MAX_ZOOM = 8.0
ORBIT_DEG_S = 20.0
"""Chosen: once around in 18 s."""
HISTORY_BYTES = 16_000_000
"""Of pictures: two and a half minutes at 80x24, half a minute on a large terminal."""


@dataclass(frozen=True)
class Quality:
    """How a picture is shown."""

    name: str
    num_shades: int
    """Of red, green and blue."""
    has_color: bool = True


WITHOUT_COLOR = Quality("characters", 24, has_color=False)
QUALITIES = (Quality("fine", 24), Quality("coarse", 7), WITHOUT_COLOR)
"""In the order in which a key goes through them; fewer shades cost fewer bytes a picture."""


@dataclass
class Controls:
    """State of the page's keys."""

    checkpoint: int
    """Timestep of the one that plays."""
    beside: int | None = None
    """Timestep of a second one that plays beside it."""
    seed: int = DEFAULT_SEED
    is_deterministic: bool = True
    speed: float = 1.0
    is_paused: bool = False
    num_single_steps: int = 0
    view: str = "follow"
    turn_deg: float = 0.0
    tilt_deg: float = 0.0
    zoom: float = 1.0
    quality: Quality = QUALITIES[0]

    def restore(self, memory: ReplayMemory, *, has_color: bool) -> None:
        """Take over what the user chose the last time, as far as there is such a thing and the terminal can show it."""
        self.speed = memory.speed if memory.speed in SPEEDS else self.speed
        self.view = memory.view if memory.view in VIEWS else self.view
        chosen = next((each for each in QUALITIES if each.name == memory.quality), self.quality)
        self.quality = chosen if has_color else WITHOUT_COLOR
        self.is_deterministic = memory.is_deterministic

    def change_speed(self, places: int) -> None:
        """Take another of the speeds; the first and the last stay."""
        self.speed = SPEEDS[min(len(SPEEDS) - 1, max(0, _place(self.speed) + places))]

    def next_view(self) -> None:
        """Take the next camera, as it stands by itself."""
        self.view = VIEWS[(VIEWS.index(self.view) + 1) % len(VIEWS)] if self.view in VIEWS else VIEWS[0]
        self.turn_deg, self.tilt_deg, self.zoom = 0.0, 0.0, 1.0

    def next_quality(self) -> None:
        """Take the next quality."""
        self.quality = QUALITIES[(QUALITIES.index(self.quality) + 1) % len(QUALITIES)]

    def move(self, *, turns: int = 0, tilts: int = 0, zooms: int = 0) -> None:
        """Turn, tilt and zoom the camera by so many key presses."""
        self.turn_deg = (self.turn_deg + turns * TURN_DEG) % 360.0
        self.tilt_deg = min(90.0, max(-90.0, self.tilt_deg + tilts * TILT_DEG))
        self.zoom = min(MAX_ZOOM, max(1 / MAX_ZOOM, self.zoom * ZOOM**zooms))

    def orbit(self, seconds: float) -> None:
        """Let the camera go around, where it does."""
        if self.view == "orbit":
            self.turn_deg = (self.turn_deg + seconds * ORBIT_DEG_S) % 360.0

    def wish(self, *, size: tuple[int, int], ground: tuple[int, int, int]) -> Wish:
        """Return what to ask for: pictures of `size` (width, height) pixels on that background."""
        camera = CameraWish(view=self.view, turn_deg=self.turn_deg, tilt_deg=self.tilt_deg, zoom=self.zoom)  # type: ignore[arg-type]
        return Wish(
            checkpoints=(self.checkpoint,) if self.beside is None else (self.checkpoint, self.beside),
            seed=self.seed,
            is_deterministic=self.is_deterministic,
            speed=self.speed,
            is_paused=self.is_paused,
            num_single_steps=self.num_single_steps,
            camera=camera,
            width=size[0],
            height=size[1],
            # Without colour the brightness is all there is; it needs a dark ground.
            ground=ground if self.quality.has_color else (0, 0, 0),
            num_shades=self.quality.num_shades,
        )


def frames_per_second() -> int:
    """Return how often to draw in this terminal at most."""
    return FPS_OVER_SSH if is_over_ssh() else FPS


def picture_size(columns: int, lines: int) -> tuple[int, int]:
    """Return width and height in pixels of a picture for so many cells; each holds two, one above the other."""
    limits = MAX_SIZE_OVER_SSH if is_over_ssh() else (columns, 2 * lines)
    return min(columns, limits[0]), min(2 * lines, limits[1]) // 2 * 2


class History:
    """What was shown last, to look back at."""

    def __init__(self, max_bytes: int = HISTORY_BYTES) -> None:
        self._shown: deque[Shown] = deque()
        self._max_bytes = max_bytes
        self._size_bytes = 0
        self.num_back = 0
        """How many pictures before the newest one is looked at."""

    def add(self, shown: Shown) -> None:
        """Take a new picture; one of the same moment, from elsewhere, replaces the last."""
        if self._shown and _moment(self._shown[-1]) == _moment(shown):
            self._size_bytes -= _size(self._shown.pop())
        self._shown.append(shown)
        self._size_bytes += _size(shown)
        while self._size_bytes > self._max_bytes and len(self._shown) > 1:
            self._size_bytes -= _size(self._shown.popleft())

    def move(self, places: int) -> Shown | None:
        """Look further back (negative) or forward; None where there is nothing more."""
        wanted = self.num_back - places
        if not 0 <= wanted < len(self._shown):
            return None
        self.num_back = wanted
        return self._shown[-1 - wanted]

    def to_present(self) -> None:
        """Look at the newest again."""
        self.num_back = 0


def _place(speed: float) -> int:
    """Return the index of the first of the speeds that is not below this one."""
    return next((index for index, each in enumerate(SPEEDS[:-1]) if 0 < speed <= each), len(SPEEDS) - 1)


def _moment(shown: Shown) -> list[tuple[int, int, int]]:
    return [(lane.checkpoint, lane.episode, lane.step) for lane in shown.frame.lanes]


def _size(shown: Shown) -> int:
    return sum(len(picture) for picture in shown.pictures)
