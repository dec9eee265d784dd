"""What a run that is over has to say: the outcome, its cause, and what can be done now."""

from textual.content import Content
from textual.widgets import Static

from engine.protocol.status import OUTCOMES, Status
from rlrobo_tui.badges import BADGES
from rlrobo_tui.quantities import count, number
from rlrobo_tui.run_view import RunView

GO_ON_KEY = ("R", "resume")
NEXT_KEYS = (("e", "events and engine output"), ("n", "new run"), ("esc", "all runs"))


class Banner(Static):
    """Hidden while the run goes on."""

    def show(self, view: RunView, *, early_death: str) -> None:
        """Draw the end of `view`; `early_death` is the sentence for an engine that died before it wrote an event."""
        is_over = view.status.is_over or bool(early_death)
        if not is_over:
            self.display = False
            return
        self.display = True
        status = Status.FAILED if early_death else view.status
        self.set_class(status is Status.FAILED, "-failed")
        color = BADGES[status].color
        next_keys = (GO_ON_KEY, *NEXT_KEYS) if view.may_go_on else NEXT_KEYS
        keys = [Content.assemble((key, "$primary bold"), (f" {words}   ", "$muted")) for key, words in next_keys]
        self.update(
            Content.assemble(
                (early_death or cause(view), f"${color} bold"), " ", (outcome(view), "$foreground"), "\n", *keys
            )
        )


def cause(view: RunView) -> str:
    """Return why the run ended: the engine's own words, or those of its end reason."""
    if view.end_message:
        return view.end_message
    return OUTCOMES[view.end_reason].sentence if view.end_reason else ""


def outcome(view: RunView) -> str:
    """Return what is left of the run: its last checkpoint and its best evaluation."""
    parts: list[str] = []
    if view.checkpoints:
        parts.append(f"Last checkpoint at {count(view.checkpoints[-1].step)}.")
    elif view.status is Status.FAILED:
        parts.append("No checkpoint was saved.")
    if view.best:
        parts.append(f"Best evaluation {number(view.best.return_mean)}.")
    return " ".join(parts)
