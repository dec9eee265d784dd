"""The entries of the classic control and locomotion tasks."""

from __future__ import annotations

from robots.catalogue.entry import TaskEntry

ENTRIES = (
    TaskEntry(
        id="cartpole_balance",
        factory="robots.cartpole:cartpole_balance",
        summary="Keep a pole upright on a cart by pushing the cart along its rail.",
        robot="cartpole",
        observation_size=4,
        action_size=1,
        solved_return=475.0,
        random_return=26.0,
        episode_length_s=10.0,
        control_dt_s=0.02,
        family="classic",
        licence="zlib, bullet3 (pybullet_data/cartpole.urdf)",
    ),
    TaskEntry(
        id="ant_walk",
        factory="robots.ant:ant_walk",
        summary="Walk ahead on four legs; the benchmark task AntBulletEnv-v0.",
        robot="ant",
        observation_size=28,
        action_size=8,
        solved_return=2500.0,
        random_return=406.0,
        episode_length_s=16.5,
        control_dt_s=0.0165,
        family="classic",
        licence="zlib, bullet3 (pybullet_data/mjcf/ant.xml, from OpenAI Roboschool, MIT)",
    ),
)
