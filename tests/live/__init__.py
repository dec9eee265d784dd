"""Tests that spend money on a real AWS account; only `pytest --live` runs them."""
