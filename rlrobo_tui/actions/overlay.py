"""What is possible on a page that lies over another one."""

from rlrobo_tui.actions.action import Action

ACTIONS = (
    Action(id="close", scope="overlay", keys="escape,q", label="Close", help="Close this page.", shown_key="esc"),
)
