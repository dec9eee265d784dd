"""Plain-language hints on how training goes, from the latest values of Stable-Baselines3's metrics. Pure.

A hint is advice, not a verdict: thresholds are chosen wide, so that a healthy run shows none.
"""

from collections.abc import Callable
from dataclasses import dataclass

from rlrobo_tui.run_view import RunView


@dataclass(frozen=True)
class Hint:
    """A metric that deserves a look, and what may help."""

    metric: str
    text: str


@dataclass(frozen=True)
class Rule:
    """When a value of `metric` earns the hint `text`."""

    metric: str
    is_odd: Callable[[float], bool]
    text: str


MIN_VALUES = 10
"""Values that a metric needs before it is judged; every value function is poor at first."""

RULES = (
    # Schulman's advice for PPO: KL between 0.01 and 0.05; SB3's target_kl examples lie there too.
    Rule("train/approx_kl", lambda value: value > 0.05, "policy moves fast; lower learning_rate or n_epochs"),
    Rule("train/clip_fraction", lambda value: value > 0.4, "most steps are clipped; lower learning_rate"),
    Rule("train/explained_variance", lambda value: value < 0, "value function misleads; raise n_steps or vf_coef"),
    # chosen: a tenth of SB3's initial std of 1 leaves next to no exploration.
    Rule("train/std", lambda value: value < 0.1, "exploration is nearly gone; raise ent_coef if not solved"),
    # chosen: actions are clipped to [-1, 1]; three times that is mostly saturated noise.
    Rule("train/std", lambda value: value > 3, "actions are mostly noise; lower ent_coef"),
    Rule("train/ent_coef", lambda value: value > 10, "entropy weight runs away; lower learning_rate"),
)
GROWTH = 100
"""chosen: a critic whose loss is this many times its own median is diverging."""


def hints(view: RunView) -> list[Hint]:
    """Return the hints for the present state, the most important first."""
    found: list[Hint] = []
    for rule in RULES:
        value = view.latest(rule.metric)
        if value is not None and len(view.series[rule.metric]) >= MIN_VALUES and rule.is_odd(value):
            found.append(Hint(rule.metric, rule.text))
    if _has_grown(view, "train/critic_loss"):
        found.append(Hint("train/critic_loss", "critic diverges; lower learning_rate or check the reward's scale"))
    return found


def _has_grown(view: RunView, metric: str) -> bool:
    if metric not in view.series or len(view.series[metric]) < MIN_VALUES:
        return False
    _, values = view.series[metric].columns()
    recent = sorted(values[-1000:])
    return values[-1] > GROWTH * abs(recent[len(recent) // 2])
