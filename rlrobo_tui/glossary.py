"""What every metric means, in one plain sentence each: help screens and documentation read it from here.

Names are Stable-Baselines3's own; families such as `reward/<term>` get their sentence from `explain`.
"""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Metric:
    """What one metric means."""

    unit: str
    """Unit; empty where it has none."""
    meaning: str
    """One plain sentence."""
    is_higher_better: bool | None = None
    """Direction of progress; None where neither direction is progress by itself."""


METRICS: dict[str, Metric] = {
    "rollout/ep_rew_mean": Metric("", "Mean return of the last 100 training episodes, exploration included.", True),
    "rollout/ep_len_mean": Metric("timesteps", "Mean length of the last 100 training episodes."),
    "rollout/success_rate": Metric("part of 1", "Part of the last training episodes that reached the goal.", True),
    "rollout/return_std": Metric("", "Spread of the returns over the episodes of a rollout."),
    "rollout/exploration_rate": Metric("part of 1", "Part of the actions that are random."),
    "time/steps_per_second": Metric(
        "timesteps/s", "Timesteps trained in a second of wall time, all environments together.", True
    ),
    "time/fps": Metric("timesteps/s", "Stable-Baselines3's own speed: timesteps over time since learning began.", True),
    "time/iterations": Metric("", "Rollouts collected so far."),
    "time/episodes": Metric("", "Training episodes ended so far."),
    "time/time_elapsed": Metric("s", "Wall time since learning began."),
    "time/total_timesteps": Metric("timesteps", "Timesteps trained so far, all environments together."),
    "train/learning_rate": Metric("", "Step size of the optimiser now."),
    "train/n_updates": Metric("", "Optimisation rounds so far."),
    "train/loss": Metric("", "Sum of the losses in the last minibatch; its size means little by itself."),
    "train/approx_kl": Metric("nats", "How far the last update moved the policy; best small and steady, about 0.01."),
    "train/clip_fraction": Metric("part of 1", "Part of the samples whose policy step was clipped; best below 0.3."),
    "train/clip_range": Metric("", "How far the policy may move in one update now."),
    "train/clip_range_vf": Metric("", "How far the value function may move in one update now."),
    "train/entropy_loss": Metric("nats", "Minus the policy's entropy: it rises towards zero as actions get certain."),
    "train/explained_variance": Metric(
        "part of 1", "How much of the returns the value function predicts: 1 all, 0 none, below 0 misleading.", True
    ),
    "train/policy_gradient_loss": Metric("", "Loss of the policy in the last update; it hovers around zero."),
    "train/policy_loss": Metric("", "Loss of the policy in the last update; it hovers around zero."),
    "train/value_loss": Metric("", "Squared error of the value function on the last rollout.", False),
    "train/std": Metric("", "Standard deviation of the actions: how widely the policy explores."),
    "train/actor_loss": Metric("", "Loss of the actor: minus the value that the critic gives its actions."),
    "train/critic_loss": Metric("", "Squared error of the critic on replayed transitions.", False),
    "train/ent_coef": Metric("", "Weight of the entropy term now; it falls as the policy grows certain."),
    "train/ent_coef_loss": Metric("", "Loss of the learned entropy weight; it hovers around zero."),
    "eval/return_mean": Metric("", "Mean return of the evaluation episodes, played without exploration.", True),
    "eval/return_std": Metric("", "Spread of the returns over the evaluation episodes.", False),
    "eval/ep_len_mean": Metric("timesteps", "Mean length of the evaluation episodes."),
    "eval/mean_reward": Metric("", "Mean return of the evaluation episodes, under Stable-Baselines3's name.", True),
    "eval/mean_ep_length": Metric("timesteps", "Mean length of the evaluation episodes, under SB3's name."),
    "eval/success_rate": Metric("part of 1", "Part of the evaluation episodes that reached the goal.", True),
    "sampling/efficiency": Metric(
        "part of 1", "Speed of sampling, as a part of what the physics engine alone makes on these cores.", True
    ),
    "sampling/steps_per_second": Metric("timesteps/s", "Speed of sampling alone, in the last rollout.", True),
    "phase/simulate": Metric("part of 1", "Part of the time in which robots are simulated."),
    "phase/act": Metric("part of 1", "Part of the time in which the policy computes actions."),
    "phase/wait": Metric("part of 1", "Part of the time in which the learner waits for the slowest process.", False),
    "phase/learn": Metric("part of 1", "Part of the time in which the networks are updated."),
    "phase/normalize": Metric("part of 1", "Part of the time that running statistics take."),
    "phase/evaluate": Metric("part of 1", "Part of the time in which evaluations hold training up.", False),
    "phase/checkpoint": Metric("part of 1", "Part of the time in which checkpoints hold training up.", False),
    "host/cpu_percent": Metric("%", "How busy all processors of the machine are that trains, whoever uses them."),
    "host/gpu_percent": Metric("%", "Part of the last moments in which the GPU of the networks computed."),
    "host/memory_percent": Metric("%", "Part of the memory of the machine that is in use.", False),
    "host/memory_bytes": Metric("B", "Memory of the machine that is in use, by whomever.", False),
    "phase/other": Metric("part of 1", "Part of the time that is none of the other phases."),
}

_FAMILIES = {
    "reward": Metric("", "Weighted sum of the reward term {term} over an episode, mean of the last 100 episodes."),
    "termination": Metric("part of 1", "Part of the last 100 training episodes that ended by {words}."),
    "curriculum": Metric("part of 1", "How hard {words} is now, 1 being the task itself; mean of environments.", True),
    "randomization": Metric("", "What the randomisation term {term} drew, mean of the last 100 training episodes."),
    "sampling": Metric("", "How the collection of experience spends its time: {words}."),
    "phase": Metric("part of 1", "Part of the time that goes into this: {words}."),
}


def explain(name: str) -> Metric | None:
    """Return what the metric `name` means, families included, or None when nobody wrote it down."""
    if name in METRICS:
        return METRICS[name]
    family, _, term = name.partition("/")
    if not term or family not in _FAMILIES:
        return None
    metric = _FAMILIES[family]
    return replace(metric, meaning=metric.meaning.format(term=term, words=term.replace("_", " ")))


def short_name(name: str) -> str:
    """Return the name of a metric without its family: ep_rew_mean."""
    return name.partition("/")[2] or name
