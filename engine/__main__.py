"""`python -m engine RUN_DIR`: train one run in this process."""

import sys

from engine.worker.main import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
