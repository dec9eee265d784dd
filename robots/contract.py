"""What every task promises, as checks that raise ContractError. Tests and `rlrobo robots check` call the same ones.

Each gets a function that makes batches of the task and closes none of them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol

import numpy as np

from robots.env import BatchStep, RobotBatch
from robots.errors import ContractError, NonFiniteStateError

if TYPE_CHECKING:
    from robots.spec import TaskSpec

NUM_STEPS = 60
"""Long enough for a fall and a new episode in most tasks, short enough for slow ones."""
SEED = 5


class MakeBatch(Protocol):
    """Makes a batch of the task in question."""

    def __call__(self, num_envs: int, *, seed: int = SEED, first_env_index: int = 0) -> RobotBatch:
        """Return a new batch."""
        ...


def keeps_shapes_types_and_ranges(make: MakeBatch) -> None:
    """Observations, rewards and flags have the declared shapes, types and bounds in random play."""
    batch = make(2)
    low, high = batch.task.reward_range
    size = batch.observation_space.shape
    _promise(batch.observation_space.contains(batch.reset()[0]), "the first observation is outside its bounds")
    for step in play(batch, NUM_STEPS):
        _promise(step.observations.shape == (2, *size), f"observations have the shape {step.observations.shape}")
        _promise(step.observations.dtype == step.rewards.dtype == np.float32, "observations or rewards are not float32")
        _promise(step.terminated.dtype == step.truncated.dtype == bool, "terminated or truncated is not bool")
        _promise(all(map(batch.observation_space.contains, step.observations)), "an observation is outside its bounds")
        span = f"reward_range, {low:g} to {high:g}"
        seen = f"{step.rewards.min():g} to {step.rewards.max():g}"
        _promise(bool(np.all((low <= step.rewards) & (step.rewards <= high))), f"rewards {seen} leave {span}")


def actions_have_an_effect(make: MakeBatch) -> None:
    """Opposite actions move the joints differently."""
    moved = []
    for sign in (-1.0, 1.0):
        batch = make(1)
        batch.reset()
        rng = np.random.default_rng(0)
        actions = sign * rng.uniform(0.2, 1.0, (NUM_STEPS // 2, 1, *(batch.action_space.shape or ())))
        for action in actions:
            batch.step(action)
            moved.append(batch.mdp.simulation.state.joint_position.copy())
    first, second = moved[: NUM_STEPS // 2], moved[NUM_STEPS // 2 :]
    _promise(not np.array_equal(first, second), "no action moves a joint; look at efforts and gains in `control`")


def same_seed_and_actions_give_the_same_trajectory(make: MakeBatch) -> None:
    """Two batches of one seed do exactly the same."""
    _promise_equal(record(make(2)), record(make(2)), "the same seed and actions lead to different trajectories")


def earlier_episodes_leave_no_trace(make: MakeBatch) -> None:
    """A used batch that is seeded again does what a new one does."""
    fresh, used = make(1), make(1)
    record(used)
    used.reseed(SEED)
    _promise_equal(record(fresh), record(used), "what an earlier episode did shows in a later one")


def results_do_not_depend_on_how_environments_are_divided(make: MakeBatch) -> None:
    """Three environments in one batch do what they do in three."""
    together = record(make(3), action_rows=slice(0, 3))
    for env in range(3):
        single = record(make(1, first_env_index=env), action_rows=slice(env, env + 1))
        _promise_equal(single[:, 0], together[:, env], f"environment {env} does something else in a batch of its own")


def what_follows_a_rebuild_depends_on_its_key_only(make: MakeBatch) -> None:
    """After a rebuild the past has no influence."""
    used, fresh = make(2, seed=1), make(2, seed=2)
    record(used)
    trajectories = []
    for batch in (used, fresh):
        first = batch.rebuild(7, 3)
        trajectories.append(np.array([first, *(step.observations for step in play(batch, NUM_STEPS))]))
    _promise_equal(trajectories[0], trajectories[1], "the past shows after a rebuild")


def two_resets_differ(make: MakeBatch) -> None:
    """Episodes begin differently, in time and among environments."""
    batch = make(2)
    first, second = batch.reset(), batch.reset()
    differ = not np.array_equal(first[0], first[1]) and not np.array_equal(first[0], second[0])
    _promise(differ, "every episode begins with the same observation; add a term to `resets`")


def arrays_are_not_shared_between_steps(make: MakeBatch) -> None:
    """What a step returned stays as it was."""
    batch = make(1)
    batch.reset()
    first, second = play(batch, 2)
    for name in ("observations", "rewards", "terminated", "truncated"):
        shares = np.shares_memory(getattr(first, name), getattr(second, name))
        _promise(not shares, f"two steps share the array `{name}`")


def time_limit_truncates_and_does_not_terminate(make: MakeBatch) -> None:
    """The last step of an episode truncates, unless something else ends it."""
    batch = make(1)
    batch.reset()
    batch.mdp.step_count[:] = batch.task.max_episode_steps - 1
    step = next(play(batch, 1))
    _promise(bool(step.truncated[0]) and not step.terminated[0], "the time limit does not truncate")
    _promise(step.episodes[0].termination == "time_limit", f"{step.episodes[0].termination} ended the episode")
    _promise(step.episodes[0].length_steps == batch.task.max_episode_steps, "the episode's length is wrong")


def reward_sums_add_up_to_the_return(make: MakeBatch) -> None:
    """The terms of an episode add up to its return, and to the rewards of its steps."""
    batch = make(1)
    batch.reset()
    rewards = 0.0
    for step in play(batch, batch.task.max_episode_steps):
        rewards += float(step.rewards[0])
        if step.episodes:
            episode = step.episodes[0]
            total = episode.episode_return
            _promise(bool(np.isclose(total, rewards, rtol=1e-4, atol=1e-2)), f"return {total:g}, rewards {rewards:g}")
            terms = sum(episode.reward_sums.values())
            _promise(bool(np.isclose(terms, total)), f"return {total:g}, sum of the terms {terms:g}")
            return
    raise ContractError("no episode ended within the time limit")


def nan_action_is_named(make: MakeBatch) -> None:
    """An action that is no number stops at once, with environment, step and last states."""
    batch = make(2, first_env_index=10)
    batch.reset()
    actions = np.zeros((2, *(batch.action_space.shape or ())))
    batch.step(actions)
    actions[1, 0] = np.nan
    try:
        batch.step(actions)
    except NonFiniteStateError as err:
        _promise((err.term, err.env_index, err.step) == ("action", 11, 2), f"the error names something else: {err}")
        _promise(err.states["joint_position"].shape[0] == 2, "the error does not hold the last states")
        return
    raise ContractError("NaN as an action goes unnoticed")


PROMISES: tuple[Callable[[MakeBatch], None], ...] = (
    keeps_shapes_types_and_ranges,
    actions_have_an_effect,
    same_seed_and_actions_give_the_same_trajectory,
    earlier_episodes_leave_no_trace,
    results_do_not_depend_on_how_environments_are_divided,
    what_follows_a_rebuild_depends_on_its_key_only,
    two_resets_differ,
    arrays_are_not_shared_between_steps,
    time_limit_truncates_and_does_not_terminate,
    reward_sums_add_up_to_the_return,
    nan_action_is_named,
)


@contextlib.contextmanager
def batches_of(task: TaskSpec) -> Iterator[MakeBatch]:
    """Yield what makes batches of a task; they are closed at the end."""
    with contextlib.ExitStack() as stack:

        def make(num_envs: int, *, seed: int = SEED, first_env_index: int = 0) -> RobotBatch:
            batch = RobotBatch(task, num_envs=num_envs, seed=seed, first_env_index=first_env_index)
            stack.callback(batch.close)
            return batch

        yield make


def constant_elements(make: MakeBatch, *, num_steps: int = 400) -> list[int]:
    """Return the elements of the observation that never change in random play and among many starts.

    A robot that hardly moves at random sees its world by being put to many places.
    """
    batch = make(2)
    placed = [batch.reset() for _ in range(20)]
    observations = np.concatenate([*placed, *(step.observations for step in play(batch, num_steps))])
    return np.flatnonzero(observations.min(axis=0) == observations.max(axis=0)).tolist()


def play(batch: RobotBatch, num_steps: int, action_rows: slice | None = None) -> Iterator[BatchStep]:
    """Step with random actions, the same ones in every call."""
    rng = np.random.default_rng(0)
    num_rows = batch.num_envs if action_rows is None else 3
    for _ in range(num_steps):
        actions = rng.uniform(-1, 1, (num_rows, *(batch.action_space.shape or ())))
        yield batch.step(actions if action_rows is None else actions[action_rows])


def record(batch: RobotBatch, num_steps: int = NUM_STEPS, action_rows: slice | None = None) -> np.ndarray:
    """Reset and play; return observations and reward (num_steps, num_envs, observation_size + 1)."""
    batch.reset()
    return np.array([np.c_[step.observations, step.rewards] for step in play(batch, num_steps, action_rows)])


def _promise(is_kept: bool, otherwise: str) -> None:
    if not is_kept:
        raise ContractError(otherwise)


def _promise_equal(first: np.ndarray, second: np.ndarray, otherwise: str) -> None:
    if not np.array_equal(first, second):
        step = int(np.argwhere(first != second)[0][0])
        raise ContractError(f"{otherwise}, from step {step + 1} on")
