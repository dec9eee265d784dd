"""What is possible with the checks of this machine."""

from rlrobo_tui.actions.action import Action

ACTIONS = (
    Action(
        id="again", scope="doctor", keys="r", label="Again", help="Look at everything once more.",
        cli="rlrobo doctor",
    ),
    Action(id="down", scope="doctor", keys="j,down", label="Down", help="Scroll down.", is_in_footer=False),
    Action(id="up", scope="doctor", keys="k,up", label="Up", help="Scroll up.", is_in_footer=False),
    Action(id="back", scope="doctor", keys="escape", label="Back", help="The page before this one.", shown_key="esc"),
)  # fmt: skip
