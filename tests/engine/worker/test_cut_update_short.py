"""A stop does not wait for an update of thousands of minibatches."""

from engine.protocol.presets import build_config
from engine.worker.algorithms import build_model
from engine.worker.environments import make_training_env
from engine.worker.training import cut_update_short


def test_an_update_ends_at_its_first_minibatch_once_a_stop_is_asked_for() -> None:
    config = build_config("cartpole_balance", preset="sb3", overrides=["num_envs=2", "n_steps=16", "batch_size=8"])
    env = make_training_env(config)
    model = build_model(config, env, device="cpu")
    model.learn(32)
    before = model._n_updates  # type: ignore[attr-defined]
    cut_update_short(model)
    model.train()  # type: ignore[attr-defined]
    assert before == config.algorithm.n_epochs  # type: ignore[union-attr]
    assert model._n_updates == before + 1  # type: ignore[attr-defined]
    env.close()
