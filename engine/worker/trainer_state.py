"""What training needs besides weights to go on as if it had never stopped."""

from pathlib import Path

import msgspec
import numpy as np
from gymnasium import spaces
from msgspec import Struct, field
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from stable_baselines3.common.save_util import load_from_zip_file, recursive_setattr

from engine.protocol.checkpoints import POLICY, STATE, Checkpoint
from engine.protocol.errors import CheckpointError
from engine.protocol.provenance import package_versions, processor_name
from engine.worker.replay_storage import has_replay


class TrainerState(Struct, frozen=True, kw_only=True):
    """Content of a checkpoint's state.json."""

    num_timesteps: int
    """Timesteps trained."""
    num_updates: int
    """Gradient steps or epochs, as the algorithm counts them."""
    num_episodes: int
    """Episodes begun, as the algorithm counts them."""
    total_timesteps: int
    """Timesteps that schedules end at."""
    live: dict[str, float] = field(default_factory=dict)
    """Hyper-parameters changed while training."""
    replay_position: int = 0
    """Next row that the replay buffer writes."""
    is_replay_full: bool = False
    """Whether the replay buffer has wrapped around."""
    levels: dict[str, list[float]] = field(default_factory=dict)
    """Level of each curriculum in each environment."""
    num_threads: int = 1
    """Threads of torch; another number adds in another order."""
    device: str = "cpu"
    """Where the networks lived."""
    processor: str = ""
    """Name of the processor; another one may have other instructions, and then rounds otherwise."""


def capture(model: BaseAlgorithm, **others: object) -> TrainerState:
    """Return the state of `model`; `others` are the fields that the model does not know."""
    buffer = model.replay_buffer if isinstance(model, OffPolicyAlgorithm) else None
    return TrainerState(
        num_timesteps=model.num_timesteps,
        num_updates=getattr(model, "_n_updates", 0),
        num_episodes=model._episode_num,
        replay_position=buffer.pos if buffer else 0,
        is_replay_full=buffer.full if buffer else False,
        device=model.device.type,
        processor=processor_name(),
        **others,  # type: ignore[arg-type]
    )


def write_state(state: TrainerState, folder: Path) -> None:
    """Write state.json."""
    (folder / STATE).write_bytes(msgspec.json.format(msgspec.json.encode(state)))


def read_state(checkpoint: Checkpoint) -> TrainerState:
    """Read state.json. Raises CheckpointError."""
    try:
        return msgspec.json.decode((checkpoint.path / STATE).read_bytes(), type=TrainerState)
    except (OSError, msgspec.DecodeError) as err:
        raise CheckpointError(f"{checkpoint.path / STATE}: cannot be read: {err}; resume from another one.") from err


def restore_model(model: BaseAlgorithm, checkpoint: Checkpoint, state: TrainerState) -> None:
    """Put weights, optimisers and counters of a checkpoint into a fresh `model` of the same configuration.

    Raises CheckpointError when they do not fit.
    """
    try:
        _, parameters, variables = load_from_zip_file(checkpoint.path / POLICY, device=model.device)
        model.set_parameters(parameters, exact_match=True, device=model.device)
    except (OSError, ValueError, KeyError, RuntimeError) as err:
        raise CheckpointError(
            f"{checkpoint.path / POLICY}: does not fit this configuration: {err}; "
            "the networks and the algorithm must be those it was trained with."
        ) from err
    for name, tensor in (variables or {}).items():
        if tensor is not None:
            recursive_setattr(model, f"{name}.data", tensor.data)
    model.num_timesteps = state.num_timesteps
    model._n_updates = state.num_updates  # type: ignore[attr-defined]
    model._episode_num = state.num_episodes
    # SB3 resets the environments, which adds to their statistics, unless it sees an observation; the barrier resets.
    assert model.env is not None
    model._last_obs = _zeros(model.observation_space, model.env.num_envs)  # type: ignore[assignment]


def _zeros(space: spaces.Space, num_envs: int) -> np.ndarray | dict[str, np.ndarray]:
    if isinstance(space, spaces.Dict):
        return {name: np.zeros((num_envs, *part.shape), dtype=np.float32) for name, part in space.items()}  # type: ignore[misc]
    return np.zeros((num_envs, *space.shape), dtype=np.float32)  # type: ignore[misc]


def reasons_against_exactness(checkpoint: Checkpoint, state: TrainerState, now: TrainerState) -> list[str]:
    """Return why a run resumed from `checkpoint` is not the same run, bit by bit; empty where it is."""
    reasons = []
    if not checkpoint.manifest.is_barrier:
        reasons.append(f"the checkpoint was saved between two barriers ({checkpoint.manifest.reason})")
    if now.device != "cpu":
        reasons.append("a GPU adds in no fixed order")
    for name in ("device", "num_threads", "processor"):
        before, after = getattr(state, name), getattr(now, name)
        if before != after:
            reasons.append(f"{name} was {before} and is {after}")
    versions = package_versions()
    for name, before in checkpoint.manifest.versions.items():
        if name not in ("rlrobo", "textual", "msgspec") and versions.get(name) != before:
            reasons.append(f"{name} was {before} and is {versions.get(name)}")
    if state.total_timesteps != now.total_timesteps:
        reasons.append(f"schedules ended at {state.total_timesteps} timesteps and end at {now.total_timesteps}")
    if (state.replay_position or state.is_replay_full) and not has_replay(checkpoint):
        reasons.append("the checkpoint has no replay buffer")
    return reasons
