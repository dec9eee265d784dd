"""Hyper-parameters of each algorithm, under Stable-Baselines3's own names and defaults.

A test compares every field here with the signature of the SB3 class, so the two cannot drift apart. No torch.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

Positive = Annotated[float, Meta(gt=0)]
NonNegative = Annotated[float, Meta(ge=0)]
Fraction = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=1)]


class Linear(Struct, frozen=True, forbid_unknown_fields=True):
    """A value that moves linearly from `start` to `end` over the whole training."""

    start: Positive
    """Value at the first timestep."""
    end: NonNegative = 0.0
    """Value at the last timestep."""


Schedule = Positive | Linear


class NetArch(Struct, frozen=True, forbid_unknown_fields=True):
    """Separate hidden layers for the actor and its critic."""

    pi: list[Count]
    """Units of each hidden layer of the policy."""
    vf: list[Count] | None = None
    """Units of each hidden layer of the value function (on-policy algorithms)."""
    qf: list[Count] | None = None
    """Units of each hidden layer of the Q-functions (off-policy algorithms)."""


class PolicyKwargs(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Network of the policy; what is left out keeps Stable-Baselines3's default."""

    net_arch: list[Count] | NetArch | None = None
    """Units of the hidden layers: one list for actor and critic, or `{pi: […], vf: […]}` / `{pi: […], qf: […]}`."""
    activation_fn: Literal["tanh", "relu", "elu"] | None = None
    """Activation of the hidden layers."""
    log_std_init: float | None = None
    """Initial logarithm of the action noise's standard deviation."""
    ortho_init: bool | None = None
    """Orthogonal initialisation of the weights (PPO and A2C only)."""
    n_critics: Count | None = None
    """Number of Q-functions (off-policy algorithms only)."""


class Her(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hindsight experience replay (arXiv:1707.01495): a failed episode teaches how to reach what it did reach."""

    n_sampled_goal: Count = 4
    """Relabelled transitions for each real one in a minibatch."""
    goal_selection_strategy: Literal["future", "final", "episode"] = "future"
    """Which achieved goal of the episode takes the place of the desired one."""


class _OnPolicy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="name"):
    gamma: Fraction = 0.99
    """Discount factor."""
    ent_coef: NonNegative = 0.0
    """Weight of the entropy bonus in the loss."""
    vf_coef: NonNegative = 0.5
    """Weight of the value loss."""
    max_grad_norm: Positive = 0.5
    """Gradients are clipped to this norm."""
    use_sde: bool = False
    """Generalised state-dependent exploration (gSDE) instead of independent action noise."""
    sde_sample_freq: int = -1
    """Timesteps between two gSDE noise matrices; -1: once a rollout."""
    policy_kwargs: PolicyKwargs = PolicyKwargs()
    """Network of the policy."""


class PPO(_OnPolicy, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="ppo"):
    """Proximal Policy Optimization (arXiv:1707.06347). The first choice when simulation is cheap."""

    learning_rate: Schedule = 3e-4
    """Step size of the optimiser; a number or `{start: 3e-4, end: 0}`."""
    n_steps: Count = 2048
    """Timesteps of each environment in a rollout."""
    batch_size: Annotated[int, Meta(ge=2)] = 64
    """Timesteps in a minibatch; best a divisor of n_steps * num_envs."""
    n_epochs: Count = 10
    """Passes over a rollout."""
    gae_lambda: Fraction = 0.95
    """Bias against variance in generalised advantage estimation."""
    clip_range: Schedule = 0.2
    """How far the policy may move in one update; a number or a schedule."""
    clip_range_vf: Schedule | None = None
    """The same for the value function; depends on the scale of rewards."""
    normalize_advantage: bool = True
    """Whether each minibatch's advantages are normalised."""
    target_kl: Positive | None = None
    """Stop the update when the approximate KL divergence passes 1.5 times this."""


class A2C(_OnPolicy, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="a2c"):
    """Advantage Actor-Critic (arXiv:1602.01783). Simple and light; less robust than PPO."""

    learning_rate: Schedule = 7e-4
    """Step size of the optimiser; a number or `{start: 7e-4, end: 0}`."""
    n_steps: Count = 5
    """Timesteps of each environment in a rollout."""
    gae_lambda: Fraction = 1.0
    """Bias against variance in generalised advantage estimation; 1 is classic advantage."""
    rms_prop_eps: Positive = 1e-5
    """RMSProp epsilon."""
    use_rms_prop: bool = True
    """RMSProp instead of Adam."""
    normalize_advantage: bool = False
    """Whether each rollout's advantages are normalised."""


class _OffPolicy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="name"):
    learning_rate: Schedule = 3e-4
    """Step size of the optimisers; a number or `{start: 3e-4, end: 0}`."""
    buffer_size: Count = 1_000_000
    """Transitions that the replay buffer holds."""
    learning_starts: Annotated[int, Meta(ge=0)] = 100
    """Timesteps of random actions before learning starts."""
    batch_size: Count = 256
    """Transitions in a minibatch."""
    gamma: Fraction = 0.99
    """Discount factor."""
    train_freq: Count = 1
    """Steps of the vectorised environment between two updates."""
    gradient_steps: Annotated[int, Meta(ge=-1)] = 1
    """Gradient steps in an update; -1: as many as timesteps were collected since the last."""
    n_steps: Count = 1
    """Length of n-step returns."""
    action_noise_std: NonNegative = 0.0
    """Standard deviation of Gaussian noise added to actions while training; 0: none."""
    policy_kwargs: PolicyKwargs = PolicyKwargs()
    """Networks of actor and critics."""
    her: Her | None = None
    """Hindsight experience replay, for tasks with goals; null: none."""


class _MaximumEntropy(_OffPolicy, frozen=True, kw_only=True, forbid_unknown_fields=True):
    ent_coef: Literal["auto"] | NonNegative = "auto"
    """Weight of the entropy term; auto: learned."""
    target_entropy: Literal["auto"] | float = "auto"
    """Entropy that a learned ent_coef aims at; auto: minus the number of actions."""
    use_sde: bool = False
    """Generalised state-dependent exploration (gSDE) instead of independent action noise."""
    sde_sample_freq: int = -1
    """Timesteps between two gSDE noise matrices; -1: once a rollout."""
    use_sde_at_warmup: bool = False
    """gSDE instead of uniform actions before learning starts."""


class SAC(_MaximumEntropy, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="sac"):
    """Soft Actor-Critic (arXiv:1801.01290). Few timesteps, more computation for each."""

    tau: Fraction = 0.005
    """How fast target networks follow."""
    target_update_interval: Count = 1
    """Gradient steps between two updates of the target networks."""


class TD3(_OffPolicy, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="td3"):
    """Twin Delayed DDPG (arXiv:1802.09477). Deterministic policy; needs action_noise_std to explore."""

    learning_rate: Schedule = 1e-3
    """Step size of the optimisers; a number or `{start: 1e-3, end: 0}`."""
    tau: Fraction = 0.005
    """How fast target networks follow."""
    policy_delay: Count = 2
    """Critic updates for each actor update."""
    target_policy_noise: NonNegative = 0.2
    """Standard deviation of the noise on target actions."""
    target_noise_clip: NonNegative = 0.5
    """Limit of that noise."""


class TQC(_MaximumEntropy, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="tqc"):
    """Truncated Quantile Critics (arXiv:2005.04269). SAC with distributional critics; often the best return."""

    tau: Fraction = 0.005
    """How fast target networks follow."""
    target_update_interval: Count = 1
    """Gradient steps between two updates of the target networks."""
    top_quantiles_to_drop_per_net: Annotated[int, Meta(ge=0)] = 2
    """Quantiles cut from each critic against overestimation."""


class CrossQ(_MaximumEntropy, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="crossq"):
    """CrossQ (arXiv:1902.05605). SAC with batch normalisation and no target networks."""

    learning_rate: Schedule = 1e-3
    """Step size of the optimisers; a number or `{start: 1e-3, end: 0}`."""
    policy_delay: Count = 3
    """Critic updates for each actor update."""


Algorithm = PPO | A2C | SAC | TD3 | TQC | CrossQ
ALGORITHMS: dict[str, type[Algorithm]] = {
    "ppo": PPO,
    "a2c": A2C,
    "sac": SAC,
    "td3": TD3,
    "tqc": TQC,
    "crossq": CrossQ,
}
ON_POLICY = frozenset({"ppo", "a2c"})
LIVE_KEYS = {
    "ppo": ("learning_rate", "clip_range", "ent_coef", "n_epochs", "target_kl"),
    "a2c": ("learning_rate", "ent_coef"),
    "sac": ("learning_rate", "gradient_steps"),
    "td3": ("learning_rate", "gradient_steps"),
    "tqc": ("learning_rate", "gradient_steps"),
    "crossq": ("learning_rate", "gradient_steps"),
}
"""Hyper-parameters that the `set` command may change while training, by algorithm."""


def algorithm_name(algorithm: Algorithm) -> str:
    """Return the short name that YAML and the command line use, such as `ppo`."""
    return str(algorithm.__struct_config__.tag)
