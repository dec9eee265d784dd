"""Saved statistics normalise as VecNormalize did."""

from pathlib import Path

import numpy as np
import pytest
from stable_baselines3.common.vec_env import VecNormalize

from engine.protocol.presets import build_config
from engine.worker.environments import make_training_env
from engine.worker.normalizer import ObservationNormalizer, load_normalizer, save_normalizer

OBSERVATIONS = np.array([[0.1, -0.2, 0.3, 50.0], [0.0, 0.0, 0.0, 0.0]], dtype=np.float32)


def played(*overrides: str) -> VecNormalize:
    env = make_training_env(build_config("cartpole_balance", overrides=["num_envs=2", "num_workers=1", *overrides]))
    env.reset()
    for _ in range(20):
        env.step(np.full((2, 1), 0.5, dtype=np.float32))
    return env


def test_observations_are_normalised_and_clipped_as_in_training(tmp_path: Path) -> None:
    env = played("normalization.clip_obs=5")
    save_normalizer(env, tmp_path / "normalizer.npz")
    expected = env.normalize_obs(OBSERVATIONS)
    found = ObservationNormalizer(tmp_path / "normalizer.npz")(OBSERVATIONS)
    assert isinstance(found, np.ndarray)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-6)  # type: ignore[arg-type]
    assert found[0, 3] == 5.0


def test_observations_stay_as_they_are_where_normalisation_is_off(tmp_path: Path) -> None:
    save_normalizer(played("normalization.observations=false"), tmp_path / "normalizer.npz")
    np.testing.assert_array_equal(ObservationNormalizer(tmp_path / "normalizer.npz")(OBSERVATIONS), OBSERVATIONS)


def test_statistics_come_back_into_a_new_environment(tmp_path: Path) -> None:
    saved, fresh = (
        played(),
        make_training_env(build_config("cartpole_balance", overrides=["num_envs=2", "num_workers=1"])),
    )
    save_normalizer(saved, tmp_path / "normalizer.npz")
    load_normalizer(fresh, tmp_path / "normalizer.npz")
    np.testing.assert_array_equal(fresh.normalize_obs(OBSERVATIONS), saved.normalize_obs(OBSERVATIONS))  # type: ignore[arg-type]
    assert (fresh.ret_rms.mean, fresh.ret_rms.var, fresh.ret_rms.count) == pytest.approx(
        (saved.ret_rms.mean, saved.ret_rms.var, saved.ret_rms.count)
    )


def test_the_file_needs_no_pickle(tmp_path: Path) -> None:
    save_normalizer(played(), tmp_path / "normalizer.npz")
    with np.load(tmp_path / "normalizer.npz", allow_pickle=False) as data:
        assert {"obs_mean", "obs_var", "ret_var", "gamma"} <= set(data)
