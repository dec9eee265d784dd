"""The contract between the engine and everything that watches it."""
