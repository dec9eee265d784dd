"""Small environments of "another package", whose numbers are known by hand, registered with Gymnasium."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces


class Counter(gymnasium.Env[np.ndarray, np.ndarray]):
    """Observes [steps, a number drawn at the start]; step n earns n and, of action 2, ends the episode."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 10}  # noqa: RUF012
    observation_space = spaces.Box(-np.inf, np.inf, (2,), np.float64)
    action_space = spaces.Box(-2.0, 2.0, (1,), np.float32)

    def __init__(self, render_mode: str | None = None, step_reward: float = 1.0) -> None:
        self.render_mode, self._step_reward = render_mode, step_reward
        self.actions: list[np.ndarray] = []

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        super().reset(seed=seed)
        self._count, self._drawn = 0, float(self.np_random.random())
        return self._observe(), {}

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        self._count += 1
        self.actions.append(np.array(action))
        is_over = bool(action[0] == 2.0)
        info = {"is_success": is_over}
        return self._observe(), self._step_reward * self._count, is_over, False, info

    def render(self) -> Any:
        return np.full((30, 41, 3), 200, dtype=np.uint8)

    def _observe(self) -> np.ndarray:
        return np.array([self._count, self._drawn])


class Goal(Counter):
    """The place is the sum of the actions; the goal is drawn from ±1."""

    observation_space = spaces.Dict(  # type: ignore[assignment]
        {
            "observation": spaces.Box(-1.0, 1.0, (2,)),
            "achieved_goal": spaces.Box(-9.0, 9.0, (1,)),
            "desired_goal": spaces.Box(-1.0, 1.0, (1,)),
        }
    )
    action_space = spaces.Box(-1.0, 1.0, (1,), np.float32)

    def reset(self, **options: Any) -> tuple[Any, dict[str, Any]]:
        self._place = 0.0
        super().reset(**options)
        return self._observe(), {}

    def step(self, action: np.ndarray) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self._place += float(action[0])
        observation, *_ = super().step(action)
        reward = float(self.compute_reward(np.array([self._place]), np.array([self._goal]), {}))
        return observation, reward, False, False, {"is_success": reward == 0.0}

    def compute_reward(self, achieved: np.ndarray, desired: np.ndarray, info: object) -> np.ndarray:
        return -(np.abs(achieved - desired) > 0.5).any(axis=-1).astype(np.float64)

    @property
    def _goal(self) -> float:
        return 2.0 * self._drawn - 1.0

    def _observe(self) -> Any:
        return {
            "observation": np.array([0.25, 0.75]),
            "achieved_goal": np.array([self._place]),
            "desired_goal": np.array([self._goal]),
        }


class Spaces(Counter):
    """Has the spaces that it is given."""

    def __init__(self, observations: Any = None, actions: Any = None, **options: Any) -> None:
        super().__init__(**options)
        if observations is not None:
            self.observation_space = observations
        if actions is not None:
            self.action_space = actions


class Broken(Counter):
    """Observes a NaN on its third step."""

    def _observe(self) -> np.ndarray:
        return np.array([np.nan if self._count == 3 else 0.0, 0.0])


def register() -> None:
    """Offer them, each with a time limit of 5 steps but `Endless`."""
    for env in (Counter, Goal, Spaces, Broken):
        name = f"RlroboTest{env.__name__}-v0"
        if name not in gymnasium.registry:
            gymnasium.register(name, entry_point=f"{__name__}:{env.__name__}", max_episode_steps=5)
    if "RlroboTestEndless-v0" not in gymnasium.registry:
        gymnasium.register("RlroboTestEndless-v0", entry_point=f"{__name__}:Counter")


register()
