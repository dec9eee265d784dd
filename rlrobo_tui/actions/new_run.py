"""What is possible in the form for a new run."""

from rlrobo_tui.actions.action import Action, Danger, Need

_STEPS = "Steps"
_CHOOSE = "Choose"

ACTIONS = (
    Action(
        id="launch", scope="new", keys="ctrl+r", label="Train", help="Start training like this.", shown_key="^r",
        danger=Danger.STEERS, cli="rlrobo train TASK",
    ),
    Action(
        id="next_step", scope="new", keys="ctrl+n,l", label="Next", help="The next step.", shown_key="^n",
        group=_STEPS,
    ),
    Action(
        id="previous_step", scope="new", keys="ctrl+b,h", label="Back", help="The step before.", shown_key="^b",
        group=_STEPS,
    ),
    Action(
        id="next_field", scope="new", keys="tab", label="Field", help="The next field, or the next step.",
        group=_STEPS, is_in_footer=False,
    ),
    Action(
        id="previous_field", scope="new", keys="shift+tab", label="Field", help="The field before, or the step before.",
        group=_STEPS, is_in_footer=False,
    ),
    Action(
        id="down", scope="new", keys="j,down", label="Down", help="Next in the list, next field, or on in the page.",
        group=_CHOOSE, is_in_footer=False,
    ),
    Action(
        id="up", scope="new", keys="k,up", label="Up", help="Previous in the list, field before, or back in the page.",
        group=_CHOOSE, is_in_footer=False,
    ),
    Action(
        id="filter", scope="new", keys="slash", label="Filter", shown_key="/", group=_CHOOSE,
        help="Show only robots with these words.", need=Need("is_choosing_robot", "the list of robots"),
    ),
    Action(
        id="settings", scope="new", keys="ctrl+t", label="Settings", shown_key="^t", group=_CHOOSE,
        help="Show or hide every other setting of the algorithm and the run.",
        need=Need("is_choosing_algorithm", "the step with the algorithm"),
    ),
    Action(
        id="measure", scope="new", keys="ctrl+g", label="Measure", shown_key="^g", group=_CHOOSE,
        help="Measure for five seconds how fast the task simulates on this machine.",
        need=Need("may_measure", "the hardware step and a built-in task"), cli="rlrobo bench sim TASK --seconds 2",
    ),
    Action(
        id="like", scope="new", keys="ctrl+l", label="Like", shown_key="^l", group=_CHOOSE,
        help="Fill in what the run has that you looked at last.",
        need=Need("has_run", "a run that you looked at"),
    ),
    Action(
        id="cancel", scope="new", keys="escape", label="Leave", shown_key="esc",
        help="Leave the form; nothing starts. Asks where something was changed.",
    ),
)  # fmt: skip
