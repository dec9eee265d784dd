"""Replay of a checkpoint: in the PyBullet GUI, in the terminal, as video."""
