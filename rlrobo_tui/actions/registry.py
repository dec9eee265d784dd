"""All actions, and what is made of them: key bindings, and whether one is possible now."""

from functools import cache

from textual.binding import Binding, BindingType

from rlrobo_tui.actions import app, cloud, compare, doctor, live, new_run, overlay, replay, runs, settings
from rlrobo_tui.actions.action import Action, Danger

ACTIONS: tuple[Action, ...] = (
    *app.ACTIONS,
    *runs.ACTIONS,
    *live.ACTIONS,
    *compare.ACTIONS,
    *replay.ACTIONS,
    *cloud.ACTIONS,
    *new_run.ACTIONS,
    *settings.ACTIONS,
    *doctor.ACTIONS,
    *overlay.ACTIONS,
)


@cache
def actions_of(scope: str) -> tuple[Action, ...]:
    """Return the actions of one scope, in the order of its table."""
    return tuple(action for action in ACTIONS if action.scope == scope)


def find_action(scope: str, id: str) -> Action | None:
    """Return an action of a scope, or None."""
    return next((action for action in actions_of(scope) if action.id == id), None)


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
            id=action.binding_id,
        )
        for action in actions_of(scope)
        for index, key in enumerate(action.keys.split(","))
    ]


def why_not(action: Action, holder: object, *, is_read_only: bool) -> str:
    """Return why an action is not possible now, empty where it is. `holder` is the screen or the app."""
    if is_read_only and action.danger is not Danger.SAFE:
        return "the app is read-only"
    if action.need is not None and not getattr(holder, action.need.property):
        return f"needs {action.need.words}"
    return ""
