"""Load the task of a configuration in a process of its own and print its facts: PyBullet may abort on a broken model.

`python -m engine.describe FOLDER CONFIG` with the configuration as JSON; prints TaskFacts as JSON, an error as
`{"error": …}` on stderr. A person uses `rlrobo robots check`.
"""

import json
import sys
from pathlib import Path

import msgspec

from engine.messages import tell
from engine.protocol.config import RunConfig, parse_config
from engine.protocol.errors import RlroboError, UsageError
from engine.protocol.task_facts import TaskFacts
from engine.tasks import describe
from robots.errors import NonFiniteStateError, RobotError, TaskDefinitionError
from robots.quiet import stdout_to_stderr


def main() -> int:
    """Print the facts; return the exit code."""
    folder, text = sys.argv[1:]
    try:
        with stdout_to_stderr():  # other packages' environments and plug-ins may print
            facts = _describe(parse_config(json.loads(text), source="configuration"), Path(folder))
    except (RlroboError, RobotError) as err:
        tell(error=str(err))
        return err.exit_code if isinstance(err, RlroboError) else UsageError.exit_code
    print(msgspec.json.encode(facts).decode())  # noqa: T201 - stdout is data
    return 0


def _describe(config: RunConfig, folder: Path) -> TaskFacts:
    try:
        return describe(config, folder)
    except NonFiniteStateError as err:
        text = f"{config.task}: {err.term}: not finite at the start of an episode; look at the term and its scale."
        raise TaskDefinitionError(text) from err


if __name__ == "__main__":
    sys.exit(main())
