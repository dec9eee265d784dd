"""What a user must know about the run: the cause, the consequence, and the next key."""

from collections.abc import Mapping

from textual.content import Content
from textual.widgets import Static

from engine.protocol.status import Status
from rlrobo_tui.badges import BADGES
from rlrobo_tui.situations import Situation


class Banner(Static):
    """Hidden while all is well."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._shown: tuple[Situation, list[tuple[str, str]], int, int] | None = None

    def show(self, situation: Situation | None, possible: Mapping[str, str]) -> None:
        """Draw it, with those of its actions that are `possible`: how the key of each is written, by its name."""
        self.display = situation is not None
        if situation is None:
            return
        offers = [(possible[name], words) for name, words in situation.actions if name in possible]
        width, most = self.app.size.width - self.gutter.width, self.styles.max_height
        height = int(most.value) if most else 100
        if (situation, offers, width, height) == self._shown:
            return
        self._shown = situation, offers, width, height
        self.set_class(situation.status is Status.FAILED, "-failed")
        self.update(fitting(situation, offers, width=width, height=height))


def fitting(situation: Situation, offers: list[tuple[str, str]], *, width: int, height: int) -> Content:
    """Return as much of a situation as has room; the keys never give way, since they are what helps."""
    keys = [Content.assemble((key, "$primary bold"), (f" {words}   ", "$muted")) for key, words in offers]
    end = ("\n", *keys) if keys else ()
    cause = (situation.cause, f"${BADGES[situation.status].color} bold")
    consequence = (" ", (situation.consequence, "$foreground")) if situation.consequence else ()
    command = ("\n", (situation.command, "$accent")) if situation.command else ()
    choices = [
        Content.assemble(cause, *consequence, *command, *end),
        Content.assemble(cause, *consequence, *end),
        Content.assemble(cause, *end),
    ]
    fits = (text for text in choices if text.get_height({}, width) <= height)
    return next(fits, None) or _cut(choices[-1], width, height)


def _cut(text: Content, width: int, height: int) -> Content:
    """Keep the first lines and, as the last one, the first line of the keys."""
    above, *below = text.split("\n")
    lines = above.wrap(width)[: max(1, height - len(below))]
    return Content("\n").join([*lines, *(each.wrap(width)[0] for each in below)])
