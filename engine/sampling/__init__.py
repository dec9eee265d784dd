"""Rollouts: many simulations in each of several processes, policies in NumPy, results in shared memory. No torch."""
