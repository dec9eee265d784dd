"""`python -m tests.cloud.instance_agent BUCKET_DIR FOLDER RUN ATTEMPT`: an agent whose bucket is a directory."""

import sys
from pathlib import Path

from cloud.agent import work
from cloud.imds import Imds
from cloud.machine import Machine
from tests.cloud.directory_store import DirectoryStore

if __name__ == "__main__":
    bucket, folder, run_id, number = sys.argv[1:]
    machine = Machine(DirectoryStore(Path(bucket)), Imds(), Path(folder))
    sys.exit(work(machine, run_id, int(number)))
