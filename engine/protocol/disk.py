"""How many bytes a run will write, before it starts, and whether they are free.

An estimate to refuse what cannot work and to warn of what may not; within a factor of two of small runs, which a test
measures. Called by whoever starts a run. Knows no task: the sizes of observation and action are passed in.
"""

import itertools
import shutil
from pathlib import Path

from msgspec import Struct

from engine.protocol.algorithms import ON_POLICY, NetArch, algorithm_name
from engine.protocol.config import RunConfig, timesteps_per_update
from engine.protocol.errors import StorageError

FLOAT_BYTES = 4
FIXED_BYTES = 40_000
"""A checkpoint without weights and transitions: SB3's description of the model, normaliser, manifest; measured."""
SEGMENT_BYTES = 16 << 20
"""The replay buffer is saved in segments of this size; two checkpoints share those that did not change."""
LOG_BYTES_PER_S = 1_800
"""Two metrics events and two episode events a second, the most an engine writes; measured."""
TIMESTEPS_PER_S = {True: 2_000, False: 300}
"""chosen: what one core of a laptop does, on-policy and off-policy; a faster machine writes fewer events."""
DUMP_BYTES = 750
"""TensorBoard's scalars of one dump; measured."""
TIMESTEPS_PER_EPISODE = 50
"""chosen: off-policy algorithms dump once an episode, and those of an unskilled policy are short."""
_DEFAULT_UNITS = {
    "ppo": ([64, 64], [64, 64]),
    "a2c": ([64, 64], [64, 64]),
    "sac": ([256, 256], [256, 256]),
    "td3": ([400, 300], [400, 300]),
    "tqc": ([256, 256], [256, 256]),
    "crossq": ([256, 256], [1024, 1024]),
}
"""Hidden layers of actor and critic that Stable-Baselines3 2.9 and sb3-contrib 2.9 choose for observation vectors."""
_NUM_QUANTILES = 25
_NUM_CRITICS = 2


class RunSize(Struct, frozen=True, kw_only=True):
    """Bytes that a run is going to write."""

    first_checkpoint_bytes: int
    """Its first checkpoint, without which the run can save nothing."""
    checkpoints_bytes: int
    """All checkpoints that are on disk at once, at most."""
    logs_bytes: int
    """Events and TensorBoard."""

    @property
    def total_bytes(self) -> int:
        """The whole run."""
        return self.checkpoints_bytes + self.logs_bytes


def estimate(config: RunConfig, *, observation_size: int, action_size: int) -> RunSize:
    """Return what a run of `config` is going to write on a task of these sizes."""
    weights = FIXED_BYTES + policy_bytes(config, observation_size=observation_size, action_size=action_size)
    transition = transition_bytes(config, observation_size=observation_size, action_size=action_size)
    total, interval = config.total_timesteps, config.checkpoints.every_timesteps or config.total_timesteps
    capacity = getattr(config.algorithm, "buffer_size", 0)
    filled = min(capacity, total) * transition
    changed = min(filled, interval * transition + SEGMENT_BYTES)
    return RunSize(
        first_checkpoint_bytes=weights + min(capacity, total, interval) * transition,
        checkpoints_bytes=filled + weights + (_num_checkpoints(config) - 1) * (weights + changed),
        logs_bytes=_logs_bytes(config),
    )


def policy_bytes(config: RunConfig, *, observation_size: int, action_size: int) -> int:
    """Return the size of policy.zip: every parameter once, its optimiser's state, and the target networks.

    Adam (arXiv:1412.6980) keeps two numbers for each parameter, RMSProp one.
    """
    name = algorithm_name(config.algorithm)
    actor_units, critic_units = _hidden_units(config, name)
    if name in ON_POLICY:
        trained = _num_parameters([observation_size, *actor_units, action_size]) + action_size
        trained += _num_parameters([observation_size, *critic_units, 1])
        copies = 2 if getattr(config.algorithm, "use_rms_prop", False) else 3
        return trained * copies * FLOAT_BYTES
    num_heads = 1 if name == "td3" else 2
    num_outputs = _NUM_QUANTILES if name == "tqc" else 1
    actor = _num_parameters([observation_size, *actor_units, num_heads * action_size])
    critics = _num_parameters([observation_size + action_size, *critic_units, num_outputs])
    critics *= config.algorithm.policy_kwargs.n_critics or _NUM_CRITICS
    targets = {"td3": actor + critics, "crossq": 0}.get(name, critics)
    return (3 * (actor + critics) + targets) * FLOAT_BYTES


def transition_bytes(config: RunConfig, *, observation_size: int, action_size: int) -> int:
    """Return the size of one row of the replay buffer: two observations, action, reward, done and time-out.

    0 for an algorithm that has none.
    """
    if algorithm_name(config.algorithm) in ON_POLICY:
        return 0
    return (2 * observation_size + action_size + 3) * FLOAT_BYTES


def check_space(folder: Path, size: RunSize) -> str:
    """Return a warning when the whole run may not fit on the disk of `folder`, else nothing.

    Raises StorageError when not even its first checkpoint does.
    """
    free = free_bytes(folder)
    if free < size.first_checkpoint_bytes:
        raise StorageError(
            f"{folder}: the first checkpoint takes about {in_words(size.first_checkpoint_bytes)} and {in_words(free)} "
            "are free; free some space, choose another disk with RLROBO_RUNS_DIR, or a smaller buffer_size."
        )
    if free < size.total_bytes:
        return (
            f"{folder}: the run may write {in_words(size.total_bytes)} and {in_words(free)} are free; "
            "free some space, or lower checkpoints.keep_last."
        )
    return ""


def free_bytes(folder: Path) -> int:
    """Return what is free on the disk that `folder` is on, or will be."""
    existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    return shutil.disk_usage(existing).free


def in_words(size_bytes: float) -> str:
    """Write a number of bytes with its unit: 523 kB, 1.2 GB."""
    for unit in ("B", "kB", "MB", "GB"):
        if size_bytes < 1000:
            return f"{size_bytes:.3g} {unit}"
        size_bytes /= 1000
    return f"{size_bytes:.3g} TB"


def _num_checkpoints(config: RunConfig) -> int:
    """Return how many checkpoints are on disk at once: those that are kept, and one that is being written."""
    total, rules = config.total_timesteps, config.checkpoints
    intervals = [every for every in (rules.every_timesteps, config.evaluation.every_timesteps) if every]
    saved = total // min(intervals) + 1 if intervals else 1  # any evaluation may be the best, and the last is saved
    if not rules.keep_last:
        return saved
    stretches = total // rules.keep_every if rules.keep_every else 0
    return min(saved, rules.keep_last + rules.keep_best + stretches + 1)


def _logs_bytes(config: RunConfig) -> int:
    is_on_policy = algorithm_name(config.algorithm) in ON_POLICY
    dumps = config.total_timesteps / (timesteps_per_update(config) if is_on_policy else TIMESTEPS_PER_EPISODE)
    events = LOG_BYTES_PER_S * config.total_timesteps / TIMESTEPS_PER_S[is_on_policy]
    return round(dumps * DUMP_BYTES + events)


def _hidden_units(config: RunConfig, name: str) -> tuple[list[int], list[int]]:
    units = config.algorithm.policy_kwargs.net_arch
    if units is None:
        return _DEFAULT_UNITS[name]
    if isinstance(units, NetArch):
        return units.pi, (units.vf if name in ON_POLICY else units.qf) or []
    return units, units


def _num_parameters(widths: list[int]) -> int:
    """Return the weights and biases of a fully connected network with these layers."""
    return sum((inputs + 1) * outputs for inputs, outputs in itertools.pairwise(widths))
