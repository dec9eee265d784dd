"""Run as a process of its own by the app: tells what each check of `rlrobo doctor` found, as soon as it is found."""

import sys

import msgspec

from rlrobo_tui.commands.checks import CHECKS, Verdict, check_terminal


def main() -> None:
    """Write one JSON object a line to stderr; the terminal is left out, since this process has none."""
    for check in CHECKS:
        if check is check_terminal:
            continue
        found = check()
        sys.stderr.write(msgspec.json.encode(found).decode() + "\n")
        sys.stderr.flush()
        if found.name == "settings" and found.verdict is Verdict.FAILURE:
            return  # every other check reads them


if __name__ == "__main__":
    main()
