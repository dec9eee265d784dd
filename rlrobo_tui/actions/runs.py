"""What is possible in the list of runs."""

from rlrobo_tui.actions.action import Action

ACTIONS = (
    Action(
        id="open", scope="runs", keys="enter", label="Open", help="Watch the selected run.", shown_key="enter",
        cli="rlrobo watch {run}",
    ),
    Action(
        id="filter", scope="runs", keys="slash", label="Filter", help="Show only runs with these words.", shown_key="/"
    ),
    Action(
        id="clear_filter", scope="runs", keys="escape", label="All", help="Show all runs again.", is_in_footer=False
    ),
    Action(id="down", scope="runs", keys="j", label="Down", help="Next run in the list.", is_in_footer=False),
    Action(id="up", scope="runs", keys="k", label="Up", help="Previous run in the list.", is_in_footer=False),
)  # fmt: skip
