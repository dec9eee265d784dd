"""Robots and tasks: declarations, and the one environment that runs them."""
