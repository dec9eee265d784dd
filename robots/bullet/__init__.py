"""Everything that calls PyBullet. The rest of the package sees only robots/simulation.py and robots/render.py."""
