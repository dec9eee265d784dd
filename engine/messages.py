"""How a child process speaks to the one that started it: a JSON object a line on stderr; `error` is for the user."""

import json
import sys
from typing import Any


def tell(**message: Any) -> None:
    """Send a message to the parent process."""
    print(json.dumps(message), file=sys.stderr, flush=True)  # noqa: T201 - the protocol with the parent
