"""What is possible where runs are compared."""

from rlrobo_tui.actions.action import Action, Need

_LINES = "Lines"
_AXES = "Axes"
_BELOW = "Table"
_SEEDS = Need("has_groups", "two runs whose configurations differ in the seed alone")

ACTIONS = (
    Action(
        id="back", scope="compare", keys="escape", label="Runs", shown_key="esc",
        help="Back to the list of runs; space marks there what is compared here.",
    ),
    Action(
        id="next_metric", scope="compare", keys="a", label="Metric", group=_LINES,
        help="Compare the next key metric.",
    ),
    Action(
        id="pick_metric", scope="compare", keys="A", label="Metrics", group=_LINES, is_in_footer=False,
        help="Choose the metric from all, with their meanings.", cli="rlrobo compare RUN RUN --metric METRIC",
    ),
    Action(
        id="aggregate", scope="compare", keys="g", label="Seeds", group=_LINES, need=_SEEDS,
        help="Draw runs that differ in the seed alone as their mean, or each for itself again.",
        cli="rlrobo compare RUN RUN --aggregate",
    ),
    Action(
        id="band", scope="compare", keys="b", label="Band", group=_LINES, is_in_footer=False, need=_SEEDS,
        help="Show or hide the 95 % interval of a mean over seeds (Student's t).",
    ),
    Action(
        id="smooth", scope="compare", keys="m", label="Smooth", group=_LINES, is_in_footer=False,
        help="Moving average: 0.9, 0.97, off, 0.6. The table's numbers are never smoothed.",
    ),
    Action(
        id="hide", scope="compare", keys="space", label="Hide", shown_key="space", group=_LINES, is_in_footer=False,
        help="Hide the line under the cursor, or show it again.",
    ),
    Action(
        id="x_axis", scope="compare", keys="x", label="Axis", group=_AXES,
        help="Align on timesteps, the time of day, the time since each run's start, or dollars where runs had a price.",
        cli="rlrobo compare RUN RUN --x cost",
    ),
    Action(
        id="inspect", scope="compare", keys="i", label="Inspect", group=_AXES,
        help="Read the values of all lines at a cursor, which h and l move.",
    ),
    Action(
        id="left", scope="compare", keys="h,left", label="Left", group=_AXES, is_in_footer=False, shown_key="h",
        help="Move the cursor, else the window, to the left.",
    ),
    Action(
        id="right", scope="compare", keys="l,right", label="Right", group=_AXES, is_in_footer=False, shown_key="l",
        help="Move the cursor, else the window, to the right.",
    ),
    Action(
        id="zoom_in", scope="compare", keys="equals_sign,plus", label="Zoom in", group=_AXES, is_in_footer=False,
        shown_key="+ =", help="Show half as much.",
    ),
    Action(
        id="zoom_out", scope="compare", keys="underscore", label="Zoom out", group=_AXES, is_in_footer=False,
        shown_key="_", help="Show twice as much.",
    ),
    Action(
        id="follow", scope="compare", keys="0", label="All", group=_AXES, is_in_footer=False,
        help="Show everything, to the latest.",
    ),
    Action(
        id="table", scope="compare", keys="t", label="Table", group=_BELOW, is_in_footer=False,
        help="Show or hide the table.",
    ),
    Action(
        id="diff", scope="compare", keys="d", label="Config", group=_BELOW,
        help="Show or hide the keys in which the configurations differ.",
    ),
    Action(
        id="open", scope="compare", keys="enter", label="Open", shown_key="enter", group=_BELOW, is_in_footer=False,
        help="Watch the run under the cursor.", cli="rlrobo watch {run}",
    ),
    Action(
        id="down", scope="compare", keys="j,down", label="Down", group=_BELOW, is_in_footer=False, shown_key="j",
        help="Next line of the table; it lies on top in the chart.",
    ),
    Action(
        id="up", scope="compare", keys="k,up", label="Up", group=_BELOW, is_in_footer=False, shown_key="k",
        help="Previous line of the table.",
    ),
)  # fmt: skip
