"""`rlrobo tag`: file a run under words of your own."""

from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from engine.protocol.tags import changed_tags, read_tags, write_tags
from rlrobo_tui.commands.options import JsonOption, RunArgument, named_run
from rlrobo_tui.console import narrate, print_data, print_json

tag = typer.Typer(add_completion=False, rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]})


class TagCommand(TyperCommand):
    """Takes `-word` for a tag to take away, where click would look for an option of each letter."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the options first; all else are words."""
        options = [arg for arg in args if arg.startswith("--") or arg == "-h"]
        return super().parse_args(ctx, [*options, "--", *(arg for arg in args if arg not in options)])


@tag.command("tag", cls=TagCommand)
def _tag(
    run: RunArgument,
    words: Annotated[
        list[str] | None, typer.Argument(metavar="TAG|-TAG", help="Tags to add; with a minus sign, to take away.")
    ] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Give a run tags, take some away, or print them.

    `rlrobo runs --filter tag:NAME` lists the runs that have one.
    """
    found = named_run(run)
    tags = read_tags(found)
    if words:
        tags = changed_tags(tags, words)
        write_tags(found, tags)
    if as_json:
        print_json(tags)
    elif tags:
        print_data(" ".join(tags))
    else:
        narrate(f"{found.id} has no tags.")
