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
        self._shown: tuple[Situation, list[tuple[str, str]]] | None = None

    def show(self, situation: Situation | None, possible: Mapping[str, str]) -> None:
        """Draw it, with those of its actions that are `possible`: how the key of each is written, by its name."""
        self.display = situation is not None
        if situation is None:
            return
        offers = [(possible[name], words) for name, words in situation.actions if name in possible]
        if (situation, offers) == self._shown:
            return
        self._shown = situation, offers
        self.set_class(situation.status is Status.FAILED, "-failed")
        keys = [Content.assemble((key, "$primary bold"), (f" {words}   ", "$muted")) for key, words in offers]
        text = Content.assemble(
            (situation.cause, f"${BADGES[situation.status].color} bold"),
            *((" ", (situation.consequence, "$foreground")) if situation.consequence else ()),
            *(("\n", (situation.command, "$accent")) if situation.command else ()),
            *(("\n", *keys) if keys else ()),
        )
        self.update(text)
