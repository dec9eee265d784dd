"""What is possible in the form for a new run."""

from rlrobo_tui.actions.action import Action, Danger

ACTIONS = (
    Action(
        id="launch", scope="new", keys="ctrl+r", label="Train", help="Start training like this.", shown_key="^r",
        danger=Danger.STEERS,
    ),
    Action(
        id="cancel", scope="new", keys="escape", label="Back", help="Leave the form; nothing starts.", shown_key="esc"
    ),
)  # fmt: skip
