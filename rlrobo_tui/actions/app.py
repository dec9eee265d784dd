"""What is possible on every page."""

from rlrobo_tui.actions.action import Action, Danger, Need

_GO = "Pages"
_APP = "Everywhere"

ACTIONS = (
    Action(
        id="help", scope="app", keys="question_mark,f1", label="Help", shown_key="?", group=_APP,
        help="Keys and what the numbers mean.",
    ),
    Action(
        id="new_run", scope="app", keys="n", label="New", help="Choose a robot and an algorithm and train.",
        group=_GO, danger=Danger.STEERS, cli="rlrobo train TASK",
    ),
    Action(
        id="leave", scope="app", keys="q", label="Quit", help="Leave the app; what trains goes on training.", group=_APP
    ),
    Action(
        id="go_runs", scope="app", keys="1", label="Runs", help="The list of runs.", group=_GO, is_in_footer=False,
        cli="rlrobo runs",
    ),
    Action(
        id="go_live", scope="app", keys="2", label="Live", help="The run that you looked at last.", group=_GO,
        is_in_footer=False, cli="rlrobo watch {run}",
    ),
    Action(
        id="go_compare", scope="app", keys="3", label="Compare", group=_GO, is_in_footer=False,
        help="The marked runs side by side; without marks, the current one and the newest like it.",
        cli="rlrobo compare RUN RUN",
    ),
    Action(
        id="go_replay", scope="app", keys="4", label="Replay", help="See what a checkpoint of that run can do.",
        group=_GO, is_in_footer=False, cli="rlrobo replay {run}",
    ),
    Action(
        id="go_cloud", scope="app", keys="5", label="Cloud", group=_GO, is_in_footer=False, cli="rlrobo cloud runs",
        help="Runs on rented machines: state, costs, interruptions, and what the account holds.",
    ),
    Action(
        id="go_settings", scope="app", keys="comma", label="Settings", shown_key=",", group=_GO, is_in_footer=False,
        help="Colours, characters, the bell; where the files of the settings and the keys are.",
    ),
    Action(
        id="go_doctor", scope="app", keys="f2", label="Doctor", group=_GO, is_in_footer=False, cli="rlrobo doctor",
        help="Check this machine, and how to mend what is missing.",
    ),
    Action(
        id="last_page", scope="app", keys="minus", label="Last", shown_key="-", group=_GO, is_in_footer=False,
        help="The page before this one.",
    ),
    Action(
        id="jump", scope="app", keys="apostrophe", label="Jump", shown_key="'", group=_GO, is_in_footer=False,
        help="Put a letter over every panel or field; the letter's key takes the focus there.",
    ),
    Action(
        id="copy_command", scope="app", keys="Y", label="Command", group=_APP, is_in_footer=False,
        help="Copy the command that shows or does the same in a shell.",
    ),
    Action(
        id="palette", scope="app", keys="colon", label="Palette", shown_key="^p :", group=_APP, is_in_footer=False,
        help="All of this by name.",
    ),
    Action(
        id="notices", scope="app", keys="N", label="Notices", group=_APP, is_in_footer=False,
        help="Read the notifications of this session again.",
    ),
    Action(
        id="read_only", scope="app", keys="ctrl+o", label="Read-only", shown_key="^o", group=_APP, is_in_footer=False,
        help="Switch off, or on again, everything that starts, steers or ends a run.",
        need=Need("may_switch_read_only", "`rlrobo web --steer`"),
    ),
    Action(
        id="screenshot", scope="app", keys="ctrl+s", label="Screenshot", shown_key="^s", group=_APP,
        is_in_footer=False, help="Save a picture of the screen as SVG.",
    ),
)  # fmt: skip
