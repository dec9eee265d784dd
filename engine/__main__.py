"""`python -m engine RUN_DIR`: train one run in this process."""

import os
import sys


def main() -> int:
    """Train; return the exit code."""
    # Read when NumPy is loaded. Its products are too small to share: a second thread costs more than it does.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from engine.worker.main import main as train

    return train(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
