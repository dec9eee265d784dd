"""What is possible in the list of runs."""

from rlrobo_tui.actions.action import Action, Danger, Need
from rlrobo_tui.run_filter import EXAMPLE, KEYS

_RUN = "Run"
_LIST = "List"
_MARKS = "Marks"
_SELECTED = Need("has_selection", "a run in the list")
_RUNS = Need("has_runs", "a run in the folder")
_ACTIVE = Need("has_active", "a marked or selected run that trains")

ACTIONS = (
    Action(
        id="open", scope="runs", keys="enter", label="Open", help="Watch the selected run.", shown_key="enter",
        group=_RUN, cli="rlrobo watch {run}",
    ),
    Action(
        id="replay", scope="runs", keys="r", label="Replay", help="Show what the selected run has learned.",
        group=_RUN, need=_SELECTED, cli="rlrobo replay {run}", is_in_footer=False,
    ),
    Action(
        id="mark", scope="runs", keys="space", label="Mark", shown_key="space", group=_MARKS, need=_SELECTED,
        help="Mark the run for 3 Compare and for the keys of a run; again takes the mark off.",
    ),
    Action(
        id="mark_all", scope="runs", keys="ctrl+a", label="Mark all", shown_key="^a", group=_MARKS, need=_SELECTED,
        help="Mark every run that is shown.", is_in_footer=False,
    ),
    Action(
        id="unmark_all", scope="runs", keys="U", label="Unmark all", group=_MARKS, is_in_footer=False,
        help="Take all marks off.", need=Need("has_marks", "a marked run"),
    ),
    Action(
        id="filter", scope="runs", keys="slash", label="Filter", shown_key="/", group=_LIST,
        help=f"Show only runs that have all of this: {EXAMPLE}. Keys: {', '.join(KEYS)}.",
        cli="rlrobo runs --filter QUERY", need=_RUNS,
    ),
    Action(
        id="clear_filter", scope="runs", keys="escape", label="All", help="Show all runs again.", is_in_footer=False,
        shown_key="esc", group=_LIST,
    ),
    Action(
        id="sort", scope="runs", keys="o", label="Sort", help="Sort by the next column.", group=_LIST,
        cli="rlrobo runs --sort COLUMN", need=_RUNS,
    ),
    Action(
        id="reverse", scope="runs", keys="O", label="Reverse", help="Turn the order round.", is_in_footer=False,
        group=_LIST, need=_RUNS,
    ),
    Action(
        id="group", scope="runs", keys="G", label="Group", group=_LIST, is_in_footer=False,
        help="Put runs of one task, of one algorithm, of both, or of the same tags together; then none again.",
        need=_RUNS,
    ),
    Action(
        id="down", scope="runs", keys="j", label="Down", help="Next run in the list.", is_in_footer=False, group=_LIST
    ),
    Action(
        id="up", scope="runs", keys="k", label="Up", help="Previous run in the list.", is_in_footer=False, group=_LIST
    ),
    Action(
        id="pause", scope="runs", keys="p", label="Pause", group=_RUN, danger=Danger.STEERS,
        help="Hold training of the marked runs, else of the selected one.", cli="rlrobo pause {run}",
        need=Need("may_pause", "a marked or selected run that trains"),
    ),
    Action(
        id="resume", scope="runs", keys="p", label="Resume", group=_RUN, danger=Danger.STEERS,
        help="Let the marked runs go on after a pause, else the selected one.", cli="rlrobo resume {run}",
        need=Need("may_resume", "a marked or selected run that is paused"),
    ),
    Action(
        id="stop", scope="runs", keys="s", label="Stop", group=_RUN, danger=Danger.ENDS, cli="rlrobo stop {run}",
        help="Save checkpoints and end the marked runs, else the selected one; asks first.", need=_ACTIVE,
    ),
    Action(
        id="go_on", scope="runs", keys="R", label="Resume", group=_RUN, danger=Danger.STEERS, cli="rlrobo resume {run}",
        help="Go on from the last checkpoint of a run that ended early; asks.",
        need=Need("may_go_on", "one marked or selected run that ended early on this machine"),
    ),
    Action(
        id="tag", scope="runs", keys="t", label="Tag", group=_RUN, danger=Danger.STEERS, is_in_footer=False,
        help="Give the marked runs tags, else the selected one, or take some away; tag:NAME filters by them.",
        cli="rlrobo tag {run} TAG -TAG", need=_SELECTED,
    ),
    Action(
        id="delete", scope="runs", keys="X", label="Delete", group=_RUN, danger=Danger.ENDS, is_in_footer=False,
        help="Move marked runs that ended, else the selected one, to the trash; asks for a name.",
        need=Need("may_delete", "a marked or selected run that ended"),
    ),
    Action(
        id="undelete", scope="runs", keys="u", label="Undelete", group=_RUN, danger=Danger.STEERS, is_in_footer=False,
        help="Bring back what was deleted last.", need=Need("may_undelete", "something deleted since the app started"),
    ),
)  # fmt: skip
