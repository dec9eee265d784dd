"""The terminal app and the `rlrobo` command."""
