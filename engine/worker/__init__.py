"""The only code that imports torch and stable_baselines3."""
