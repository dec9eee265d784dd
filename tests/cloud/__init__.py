"""Tests of the training process and its contract."""
