"""What is possible with the settings."""

from rlrobo_tui.actions.action import Action

ACTIONS = (
    Action(
        id="next_value", scope="settings", keys="l,right,space", label="Change", shown_key="l h",
        help="Take the next value (l, enter) or the one before (h); it holds at once and is kept.",
    ),
    Action(
        id="previous_value", scope="settings", keys="h,left", label="Back", help="Take the value before.",
        is_in_footer=False, shown_key="h",
    ),
    Action(
        id="default_value", scope="settings", keys="D", label="Default", help="Take the value that a new user gets.",
    ),
    Action(id="down", scope="settings", keys="j", label="Down", help="Next setting.", is_in_footer=False),
    Action(id="up", scope="settings", keys="k", label="Up", help="Previous setting.", is_in_footer=False),
    Action(
        id="back", scope="settings", keys="escape", label="Back", help="The page before this one.", shown_key="esc"
    ),
)  # fmt: skip
"""Files are written at once, so there is nothing to save or to discard."""
