"""Keep VecNormalize's statistics as plain arrays, which any NumPy program can read.

obs_mean, obs_var (observation_size,)   obs_count          running statistics of observations
ret_mean, ret_var ()                    ret_count          running statistics of the discounted return
norm_obs, norm_reward, clip_obs, clip_reward, gamma, epsilon                            how they are applied
"""

from pathlib import Path

import numpy as np
from stable_baselines3.common.vec_env import VecNormalize

_SETTINGS = ("norm_obs", "norm_reward", "clip_obs", "clip_reward", "gamma", "epsilon")


class ObservationNormalizer:
    """Frozen normalisation of observations, as the policy saw them in training."""

    def __init__(self, path: Path) -> None:
        """Read the statistics in `path`."""
        with np.load(path, allow_pickle=False) as data:
            self._is_on = bool(data["norm_obs"])
            self._clip = float(data["clip_obs"])
            self._mean = data["obs_mean"]
            self._std = np.sqrt(data["obs_var"] + data["epsilon"])

    def __call__(self, observations: np.ndarray) -> np.ndarray:
        """Return normalised observations (num_envs, observation_size), float32."""
        if not self._is_on:
            return observations
        return np.clip((observations - self._mean) / self._std, -self._clip, self._clip).astype(np.float32)


def save_normalizer(env: VecNormalize, path: Path) -> None:
    """Write the statistics of `env`; zeros stand for observation statistics that are not kept."""
    size = env.observation_space.shape
    statistics = env.obs_rms if env.norm_obs else None
    np.savez(
        path,
        obs_mean=statistics.mean if statistics else np.zeros(size),  # type: ignore[union-attr]
        obs_var=statistics.var if statistics else np.ones(size),  # type: ignore[union-attr]
        obs_count=statistics.count if statistics else 0.0,  # type: ignore[union-attr]
        ret_mean=env.ret_rms.mean,
        ret_var=env.ret_rms.var,
        ret_count=env.ret_rms.count,
        **{name: getattr(env, name) for name in _SETTINGS},  # type: ignore[arg-type]
    )


def load_normalizer(env: VecNormalize, path: Path) -> None:
    """Put the statistics in `path` into `env`, which keeps its own settings."""
    with np.load(path, allow_pickle=False) as data:
        if env.norm_obs:
            env.obs_rms.mean, env.obs_rms.var = data["obs_mean"], data["obs_var"]  # type: ignore[union-attr]
            env.obs_rms.count = float(data["obs_count"])  # type: ignore[union-attr]
        env.ret_rms.mean, env.ret_rms.var = data["ret_mean"], data["ret_var"]
        env.ret_rms.count = float(data["ret_count"])
