"""Plain-language hints on how training goes, from the latest values of Stable-Baselines3's metrics. Pure.

A hint is advice, not a verdict: thresholds are chosen wide, so that a healthy run shows none.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.protocol.status import Status
from rlrobo_tui.run_view import RunView

RETURN = "rollout/ep_rew_mean"


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
    is_moot_when_solved: bool = False
    """Whether a policy that solves its task may well be so."""


MIN_VALUES = 10
"""Values that a metric needs before it is judged; every value function is poor at first."""

RULES = (
    # Schulman's advice for PPO: KL between 0.01 and 0.05; SB3's target_kl examples lie there too.
    Rule("train/approx_kl", lambda value: value > 0.05, "policy moves fast; lower learning_rate or n_epochs"),
    Rule("train/clip_fraction", lambda value: value > 0.4, "most steps are clipped; lower learning_rate"),
    Rule("train/explained_variance", lambda value: value < 0, "value function misleads; raise n_steps or vf_coef"),
    # chosen: a tenth of SB3's initial std of 1 leaves next to no exploration.
    Rule("train/std", lambda value: value < 0.1, "exploration is nearly gone; raise ent_coef if not solved", True),
    # chosen: actions are clipped to [-1, 1]; three times that is mostly saturated noise.
    Rule("train/std", lambda value: value > 3, "actions are mostly noise; lower ent_coef"),
    Rule("train/ent_coef", lambda value: value > 10, "entropy weight runs away; lower learning_rate"),
)
GROWTH = 100
"""chosen: a value function whose loss is this many times its own median is diverging."""
SMALLEST_ENTROPY = 0.02
"""chosen: in nats, for choices among few actions; a fair coin has 0.69."""
FLAT_VALUES = 120
"""chosen: returns that a run needs before anybody calls it flat."""
FLAT_PART = 0.01
"""chosen: of the range of all returns so far; a smaller rise is none."""


def hints(view: RunView) -> list[Hint]:
    """Return the hints for the present state, the most important first."""
    found: list[Hint] = []
    is_solved = _is_solved(view)
    for rule in RULES:
        if is_solved and rule.is_moot_when_solved:
            continue
        value = view.latest(rule.metric)
        if value is not None and len(view.series[rule.metric]) >= MIN_VALUES and rule.is_odd(value):
            found.append(Hint(rule.metric, rule.text))
    if _has_grown(view, "train/critic_loss"):
        found.append(Hint("train/critic_loss", "critic diverges; lower learning_rate or check the reward's scale"))
    if _has_grown(view, "train/value_loss"):
        found.append(Hint("train/value_loss", "value function diverges; lower learning_rate or check the rewards"))
    if not is_solved and _has_collapsed(view):
        found.append(Hint("train/entropy_loss", "the policy hardly explores; raise ent_coef if it is not solved"))
    if not is_solved and _is_flat(view):
        found.append(Hint(RETURN, "no rise in the last third of the run: as good as it gets, or stuck"))
    return found


def _is_solved(view: RunView) -> bool:
    """By its latest evaluation: what was solved once may be lost again."""
    if view.solved_return is None or not view.evaluations:
        return False
    return view.evaluations[-1].return_mean >= view.solved_return


def _has_grown(view: RunView, metric: str) -> bool:
    if metric not in view.series or len(view.series[metric]) < MIN_VALUES:
        return False
    recent = view.series[metric].recent(1000)
    return recent[-1] > GROWTH * abs(sorted(recent)[len(recent) // 2])


def _has_collapsed(view: RunView) -> bool:
    """Only a choice among actions has an entropy that ends at 0; where there is a std, its rule speaks."""
    loss = view.latest("train/entropy_loss")
    return loss is not None and "train/std" not in view.series and -SMALLEST_ENTROPY < loss <= 0


def _is_flat(view: RunView) -> bool:
    if view.status is not Status.RUNNING or RETURN not in view.series or len(view.series[RETURN]) < FLAT_VALUES:
        return False
    values = np.frombuffer(view.series[RETURN].rows_from(0)).reshape(-1, 3)[:, 2]
    third = len(values) // 3
    rise = values[-third:].mean() - values[-2 * third : -third].mean()
    return bool(rise < FLAT_PART * np.ptp(values))
