"""The checkpoints of a run from the newest to the oldest, with their evaluations, and which of them play."""

from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.widgets import Static

from rlrobo_tui.checkpoint_list import Saved
from rlrobo_tui.quantities import count, number

PLAYS, BESIDE = "▸", "▹"
BEST, NEWEST = "★", "↑"


class CheckpointRail(Static):
    """A list to look at; the page's keys and a click move through it."""

    class Chosen(Message):
        """A checkpoint was clicked."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    def on_mount(self) -> None:
        """Say what it is."""
        self.border_title = "checkpoints"
        self.border_subtitle = f"{BEST} best {NEWEST} newest"
        self._shown: list[Saved] = []

    def show(self, saved: list[Saved], *, plays: int, beside: int | None) -> None:
        """Draw the part of the list around the checkpoint that plays."""
        steps = [item.step for item in saved]
        height = max(1, self.content_size.height)
        middle = steps.index(plays) if plays in steps else 0
        first = max(0, min(middle - height // 2, len(saved) - height))
        self._shown = saved[first : first + height]
        width = self.content_size.width
        content = Content("\n").join(row(item, plays=plays, beside=beside, width=width) for item in self._shown)
        if content != self.content:
            self.update(content, layout=False)

    def on_click(self, event: Click) -> None:
        """Choose the checkpoint under the pointer."""
        offset = event.get_content_offset(self)
        if offset is not None and offset.y < len(self._shown):
            self.post_message(self.Chosen(self._shown[offset.y].step))


def row(item: Saved, *, plays: int, beside: int | None, width: int) -> Content:
    """Return one checkpoint as a line of `width` characters."""
    is_playing = item.step == plays
    mark = PLAYS if is_playing else BESIDE if item.step == beside else " "
    flag = BEST if item.is_best else NEWEST if item.is_newest else " "
    spread = "" if item.return_ci95 is None else f" ±{number(item.return_ci95)}"
    result = "–" if item.return_mean is None else f"{number(item.return_mean)}{spread}"
    line = Content.assemble(
        (mark, "$accent bold"),
        (flag, "$warning"),
        (count(item.step).rjust(6), "bold" if is_playing else "$foreground"),
        (result.rjust(width - 8), "$foreground" if is_playing else "$muted"),
    )
    return line.stylize("on $block-cursor-background") if is_playing else line
