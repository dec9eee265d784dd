"""Tests of rlrobo_tui.bench, the measurements of the app."""
