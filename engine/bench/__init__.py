"""Measure training against Stable-Baselines3 as it is."""
