"""Words that people file a run under, `tags.json` in its directory. Viewers write it; no engine reads or writes it."""

import re
from collections.abc import Sequence

import msgspec

from engine.protocol.errors import UsageError
from engine.protocol.files import write_whole
from engine.protocol.run_dir import RunDir

MAX_LENGTH = 32
MAX_TAGS = 16
_TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*")


def read_tags(run: RunDir) -> tuple[str, ...]:
    """Return a run's tags in the order in which they were given; none where the file is absent or damaged."""
    try:
        return msgspec.json.decode(run.tags.read_bytes(), type=tuple[str, ...])
    except (OSError, msgspec.MsgspecError):
        return ()


def write_tags(run: RunDir, tags: Sequence[str]) -> None:
    """Replace a run's tags. Raises StorageError."""
    write_whole(run.tags, msgspec.json.encode(list(tags)) + b"\n")


def changed_tags(present: Sequence[str], words: Sequence[str]) -> tuple[str, ...]:
    """Return tags after each word was added, or taken away where a minus sign stands before it. Raises UsageError.

    Upper and lower case are told apart on screen alone: `Paper` takes the place of `paper`.
    """
    tags = list(present)
    for word in words:
        tag = word.removeprefix("-")
        if not _TAG.fullmatch(tag) or len(tag) > MAX_LENGTH:
            raise UsageError(
                f"{word!r}: no tag; it has letters, digits and . _ + - after a letter or digit, {MAX_LENGTH} at most."
            )
        tags = [each for each in tags if each.lower() != tag.lower()]
        if tag == word:
            tags.append(tag)
    if len(tags) > MAX_TAGS:
        raise UsageError(f"{len(tags)} tags; a run has {MAX_TAGS} at most. Take some away, such as -{tags[0]}.")
    return tuple(tags)
