"""Every action of the app, once: key bindings, footer, help and command palette are made from this table.

No single key stops or deletes anything. A screen names its scope; `app` is valid everywhere.
"""

from dataclasses import dataclass

from textual.binding import Binding, BindingType


@dataclass(frozen=True, kw_only=True)
class Action:
    """Something that a user can do."""

    id: str
    """The screen's or the app's method is `action_<id>`."""
    scope: str
    """Screen on which it is valid, or `app`."""
    keys: str
    """Keys, separated by commas, in Textual's names."""
    label: str
    """One word for the footer."""
    help: str
    """One sentence for the help screen and the palette."""
    is_in_footer: bool = True
    """Whether the footer shows it."""
    shown_key: str | None = None
    """How the key is written; None: as Textual writes it."""

    @property
    def keys_text(self) -> str:
        """The keys as the help screen writes them."""
        return self.shown_key or self.keys.replace(",", " ")


ACTIONS: tuple[Action, ...] = (
    Action(id="help", scope="app", keys="question_mark,f1", label="Help", shown_key="?", help="Keys and metrics."),
    Action(id="new_run", scope="app", keys="n", label="New", help="Choose a robot and an algorithm and train."),
    Action(
        id="leave", scope="app", keys="q", label="Quit", help="Leave the app; what trains goes on training."
    ),
    Action(id="open", scope="runs", keys="enter", label="Open", help="Watch the selected run.", shown_key="enter"),
    Action(
        id="filter", scope="runs", keys="slash", label="Filter", help="Show only runs with these words.", shown_key="/"
    ),
    Action(
        id="clear_filter", scope="runs", keys="escape", label="All", help="Show all runs again.", is_in_footer=False
    ),
    Action(id="down", scope="runs", keys="j", label="Down", help="Next run in the list.", is_in_footer=False),
    Action(id="up", scope="runs", keys="k", label="Up", help="Previous run in the list.", is_in_footer=False),
    Action(id="back", scope="live", keys="escape", label="Runs", help="Back to the list of runs.", shown_key="esc"),
    Action(id="pause", scope="live", keys="p", label="Pause", help="Hold training; the engine stays."),
    Action(id="resume", scope="live", keys="p", label="Resume", help="Go on after a pause."),
    Action(id="checkpoint", scope="live", keys="c", label="Save", help="Save a checkpoint now."),
    Action(id="stop", scope="live", keys="s", label="Stop", help="Save a checkpoint and end the run; asks first."),
    Action(
        id="go_on", scope="live", keys="R", label="Resume", help="Go on from the last checkpoint of an ended run; asks."
    ),
    Action(id="next_metric", scope="live", keys="a", label="Metric", help="Chart the next key metric."),
    Action(
        id="pick_metric", scope="live", keys="A", label="Metrics", help="Choose the charted metric.", is_in_footer=False
    ),
    Action(id="smooth", scope="live", keys="m", label="Smooth", help="Moving average: 0.9, 0.97, off, 0.6."),
    Action(id="log", scope="live", keys="e", label="Log", help="All that happened, and the engine's output."),
    Action(
        id="newer_run", scope="live", keys="left_square_bracket", label="Newer", help="Watch the next newer run.",
        is_in_footer=False, shown_key="[",
    ),
    Action(
        id="older_run", scope="live", keys="right_square_bracket", label="Older", help="Watch the next older run.",
        is_in_footer=False, shown_key="]",
    ),
    Action(
        id="launch", scope="new", keys="ctrl+r", label="Train", help="Start training like this.", shown_key="^r"
    ),
    Action(
        id="cancel", scope="new", keys="escape", label="Back", help="Leave the form; nothing starts.", shown_key="esc"
    ),
    Action(id="close", scope="overlay", keys="escape,q", label="Close", help="Close this page.", shown_key="esc"),
)  # fmt: skip


def actions_of(scope: str) -> list[Action]:
    """Return the actions of one scope, in the order of the table."""
    return [action for action in ACTIONS if action.scope == scope]


def bindings_of(scope: str) -> list[BindingType]:
    """Return the key bindings of one scope for a screen's or an app's BINDINGS.

    Each key is a binding of its own, so that the footer shows one that works where another is typed as text.
    """
    return [
        Binding(
            key,
            action.id,
            action.label,
            show=action.is_in_footer,
            key_display=action.shown_key if index == 0 else None,
            tooltip=action.help,
            id=None if "," in action.keys else f"{scope}.{action.id}",
        )
        for action in actions_of(scope)
        for index, key in enumerate(action.keys.split(","))
    ]
