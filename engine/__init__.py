"""The training engine: it turns a run directory into events and checkpoints."""
