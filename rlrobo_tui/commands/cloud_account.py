"""What the account holds of ours; run as a process of its own by the app, with `--region R` and `--remove ID`."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from engine.protocol.errors import RlroboError

if TYPE_CHECKING:
    from cloud.aws import Aws
    from cloud.store import ObjectStore
    from cloud.sweep import Sweep


def look_at_account(aws: Aws, regions: Sequence[str]) -> Sweep:
    """Return our instances in these regions, and what nobody needs of all that is ours there.

    A region that does not answer is told in the answer; CloudError where none does.
    """
    from cloud.errors import CloudError
    from cloud.sweep import find_orphans

    sweep = find_orphans(aws, regions, lambda region, stack: _store_of(aws, region, stack), now=time.time())
    if sweep.unchecked and set(regions) <= set(sweep.unchecked):
        raise CloudError(next(iter(sweep.unchecked.values())), is_temporary=True)
    return sweep


def main(arguments: Sequence[str] | None = None) -> int:
    """Remove what is named, then write what there is as one JSON object to stderr; an error is a sentence."""
    from cloud.aws import Aws
    from cloud.errors import CloudError
    from cloud.sweep import remove

    parser = argparse.ArgumentParser()
    parser.add_argument("--region", action="append", default=[])
    parser.add_argument("--remove", action="append", default=[])
    asked = parser.parse_args(arguments)
    try:
        aws = Aws.open(asked.region[0] if asked.region else "")
        regions = asked.region or [aws.region]
        sweep = look_at_account(aws, regions)
        unwanted = [orphan for orphan in sweep.orphans if orphan.id in asked.remove]
        if unwanted:
            failures = remove(aws, unwanted)
            _say({"sweep": look_at_account(aws, regions)})
            if failures:
                raise CloudError(" ".join(failures.values()))
        else:
            _say({"sweep": sweep})
    except RlroboError as err:
        _say({"error": str(err)})
        return 1
    return 0


def _store_of(aws: Aws, region: str, stack: str) -> ObjectStore | None:
    from cloud.changes import find_stack
    from cloud.deploy import read_outputs

    door = aws.in_region(region)
    return None if find_stack(door, stack) is None else door.store(read_outputs(door, stack).bucket)


def _say(message: dict[str, Any]) -> None:
    sys.stderr.write(msgspec.json.encode(message).decode() + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
