"""`rlrobo cloud`: training on rented machines, and what it costs."""

import typer

from rlrobo_tui.commands import cloud_runs, cloud_stack

cloud = typer.Typer(
    no_args_is_help=True,
    help="Prepare an AWS account, and look after the runs there.",
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
cloud_stack.add_to(cloud)
cloud_runs.add_to(cloud)
