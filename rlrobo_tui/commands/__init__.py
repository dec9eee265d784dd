"""One module for each `rlrobo` command. cli.py imports only the one that is called."""
