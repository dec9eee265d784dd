"""Arithmetic in C for where NumPy's calls cost more than what they compute. It is compiled on the user's machine."""
