"""Keep VecNormalize's statistics as plain arrays, which any NumPy program can read.

obs_mean, obs_var (observation_size,)   obs_count          running statistics of observations
ret_mean, ret_var ()                    ret_count          running statistics of the discounted return
norm_obs, norm_reward, clip_obs, clip_reward, gamma, epsilon                            how they are applied

Where the task has goals, there are obs_mean.observation, obs_mean.achieved_goal, obs_mean.desired_goal, and so on.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from stable_baselines3.common.running_mean_std import RunningMeanStd
from stable_baselines3.common.vec_env import VecNormalize

from robots.env import Observation

_SETTINGS = ("norm_obs", "norm_reward", "clip_obs", "clip_reward", "gamma", "epsilon")


class ObservationNormalizer:
    """Frozen normalisation of observations, as the policy saw them in training."""

    def __init__(self, path: Path) -> None:
        """Read the statistics in `path`."""
        with np.load(path, allow_pickle=False) as data:
            self._is_on = bool(data["norm_obs"])
            self._clip = float(data["clip_obs"])
            suffixes = [name.removeprefix("obs_mean") for name in data.files if name.startswith("obs_mean")]
            self._mean = {suffix: data[f"obs_mean{suffix}"] for suffix in suffixes}
            self._std = {suffix: np.sqrt(data[f"obs_var{suffix}"] + data["epsilon"]) for suffix in suffixes}

    def __call__(self, observations: Observation) -> Observation:
        """Return normalised observations (num_envs, observation_size), float32, or those of each name."""
        if not self._is_on:
            return observations
        if isinstance(observations, Mapping):
            return {name: self._normalize(part, f".{name}") for name, part in observations.items()}
        assert isinstance(observations, np.ndarray)
        return self._normalize(observations, "")

    def _normalize(self, observations: np.ndarray, suffix: str) -> np.ndarray:
        shifted = (observations - self._mean[suffix]) / self._std[suffix]
        return np.clip(shifted, -self._clip, self._clip).astype(np.float32)


def save_normalizer(env: VecNormalize, path: Path) -> None:
    """Write the statistics of `env`; without observation statistics there are none in the file but zeros."""
    arrays: dict[str, object] = {"obs_mean": np.zeros(()), "obs_var": np.ones(()), "obs_count": 0.0}
    if env.norm_obs:
        arrays = {}
        for suffix, statistics in _statistics(env).items():
            arrays[f"obs_mean{suffix}"] = statistics.mean
            arrays[f"obs_var{suffix}"] = statistics.var
            arrays[f"obs_count{suffix}"] = statistics.count
    returns = {"ret_mean": env.ret_rms.mean, "ret_var": env.ret_rms.var, "ret_count": env.ret_rms.count}
    settings = {name: getattr(env, name) for name in _SETTINGS}
    np.savez(path, **arrays, **returns, **settings)  # type: ignore[arg-type]


def load_normalizer(env: VecNormalize, path: Path) -> None:
    """Put the statistics in `path` into `env`, which keeps its own settings."""
    with np.load(path, allow_pickle=False) as data:
        for suffix, statistics in _statistics(env).items():
            statistics.mean, statistics.var = data[f"obs_mean{suffix}"], data[f"obs_var{suffix}"]
            statistics.count = float(data[f"obs_count{suffix}"])
        env.ret_rms.mean, env.ret_rms.var = data["ret_mean"], data["ret_var"]
        env.ret_rms.count = float(data["ret_count"])


def _statistics(env: VecNormalize) -> dict[str, RunningMeanStd]:
    """Return the running statistics by the end of their arrays' names; none where observations are left alone."""
    if not env.norm_obs:
        return {}
    if isinstance(env.obs_rms, dict):
        return {f".{name}": statistics for name, statistics in env.obs_rms.items()}
    return {"": env.obs_rms}
