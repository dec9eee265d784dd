"""What is possible with a run in sight."""

from rlrobo_tui.actions.action import Action, Danger, Need

_RUN = "Run"
_CHARTS = "Charts"
_ENGINE = Need("has_engine", "a running engine")

ACTIONS = (
    Action(id="back", scope="live", keys="escape", label="Runs", help="Back to the list of runs.", shown_key="esc"),
    Action(
        id="pause", scope="live", keys="p", label="Pause", help="Hold training; the engine stays.", group=_RUN,
        danger=Danger.STEERS, need=Need("may_pause", "a run that trains"), cli="rlrobo pause {run}",
    ),
    Action(
        id="resume", scope="live", keys="p", label="Resume", help="Go on after a pause.", group=_RUN,
        danger=Danger.STEERS, need=Need("is_paused", "a paused run"), cli="rlrobo resume {run}",
    ),
    Action(
        id="checkpoint", scope="live", keys="c", label="Save", help="Save a checkpoint now.", group=_RUN,
        danger=Danger.STEERS, need=_ENGINE, cli="rlrobo checkpoint {run}",
    ),
    Action(
        id="stop", scope="live", keys="s", label="Stop", help="Save a checkpoint and end the run; asks first.",
        group=_RUN, danger=Danger.ENDS, need=_ENGINE, cli="rlrobo stop {run}",
    ),
    Action(
        id="go_on", scope="live", keys="R", label="Resume", group=_RUN, danger=Danger.STEERS,
        help="Go on from the last checkpoint of an ended run; asks.",
        need=Need("may_go_on", "a run that ended early"), cli="rlrobo resume {run}",
    ),
    Action(id="next_metric", scope="live", keys="a", label="Metric", help="Chart the next key metric.", group=_CHARTS),
    Action(
        id="pick_metric", scope="live", keys="A", label="Metrics", help="Choose the charted metric.", group=_CHARTS,
        is_in_footer=False,
    ),
    Action(
        id="smooth", scope="live", keys="m", label="Smooth", help="Moving average: 0.9, 0.97, off, 0.6.", group=_CHARTS
    ),
    Action(id="log", scope="live", keys="e", label="Log", help="All that happened, and the engine's output."),
    Action(
        id="newer_run", scope="live", keys="left_square_bracket", label="Newer", help="Watch the next newer run.",
        is_in_footer=False, shown_key="[",
    ),
    Action(
        id="older_run", scope="live", keys="right_square_bracket", label="Older", help="Watch the next older run.",
        is_in_footer=False, shown_key="]",
    ),
)  # fmt: skip
