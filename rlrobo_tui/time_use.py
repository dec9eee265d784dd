"""Where a run's time goes, for every viewer: the phases of training and how near sampling is to what is possible."""

from __future__ import annotations

from rlrobo_tui.glossary import short_name
from rlrobo_tui.quantities import percent
from rlrobo_tui.run_view import RunView

SMALLEST_SHARE = 0.005
"""A phase that would read 0 % is left out."""


def time_shares(view: RunView) -> dict[str, float]:
    """Return the part of the time that each phase took lately, the largest first; empty where it is not known yet."""
    shares = {short_name(name): points[-1].value for name, points in view.series.items() if name.startswith("phase/")}
    kept = {name: share for name, share in shares.items() if share >= SMALLEST_SHARE}
    return dict(sorted(kept.items(), key=lambda item: -item[1]))


def efficiency_sentence(view: RunView) -> str:
    """Say how near sampling is to the physics engine's own speed; empty where nobody measured it."""
    efficiency = view.latest("sampling/efficiency")
    return "" if efficiency is None else f"sampling at {percent(efficiency)} of engine speed"


def time_sentence(view: RunView) -> str:
    """Say in one line where the time goes; empty where it is not known yet."""
    shares = ", ".join(f"{percent(share)} {name}" for name, share in time_shares(view).items())
    parts = [f"time: {shares}"] if shares else []
    return "; ".join([*parts, *filter(None, [efficiency_sentence(view)])])
