"""What is possible with runs in the cloud."""

from rlrobo_tui.actions.action import Action, Danger, Need

_RUN = "Run"
_ACCOUNT = "Account"

ACTIONS = (
    Action(
        id="open", scope="cloud", keys="enter", label="Open", help="Watch the selected run.", shown_key="enter",
        group=_RUN, cli="rlrobo watch {run}", need=Need("has_selection", "a run in the list"),
    ),
    Action(
        id="attach", scope="cloud", keys="F", label="Follow", group=_RUN, danger=Danger.STEERS,
        help="Follow the selected run from here again: bring its events, launch its next attempt when it needs one.",
        cli="rlrobo cloud attach {run}", need=Need("may_attach", "a run that goes on and that nothing here follows"),
    ),
    Action(
        id="stop", scope="cloud", keys="s", label="Stop", group=_RUN, danger=Danger.ENDS, cli="rlrobo stop {run}",
        help="Save a checkpoint, end the selected run and its instance; asks first.",
        need=Need("has_active", "a selected run that goes on"),
    ),
    Action(
        id="refresh", scope="cloud", keys="r", label="Ask AWS", group=_ACCOUNT, cli="rlrobo cloud instances",
        help="Ask AWS which instances there are, and which of them nobody needs.",
    ),
    Action(
        id="end_orphans", scope="cloud", keys="X", label="End orphans", group=_ACCOUNT, danger=Danger.ENDS,
        help="End the instances that nobody needs any more; asks first.", cli="rlrobo cloud orphans --remove",
        need=Need("has_orphans", "an orphan, which r finds"),
    ),
    Action(id="down", scope="cloud", keys="j", label="Down", help="Next run in the list.", is_in_footer=False),
    Action(id="up", scope="cloud", keys="k", label="Up", help="Previous run in the list.", is_in_footer=False),
    Action(
        id="scroll_down", scope="cloud", keys="J", label="Scroll down", is_in_footer=False,
        help="Scroll the attempts of the selected run down.",
    ),
    Action(
        id="scroll_up", scope="cloud", keys="K", label="Scroll up", is_in_footer=False,
        help="Scroll the attempts of the selected run up.",
    ),
    Action(id="back", scope="cloud", keys="escape", label="Back", help="The page before this one.", shown_key="esc"),
)  # fmt: skip
