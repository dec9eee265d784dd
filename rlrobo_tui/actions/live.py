"""What is possible with a run in sight."""

from rlrobo_tui.actions.action import Action, Danger, Need

_RUN = "Run"
_CHARTS = "Charts"
_PANELS = "Panels"
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
        danger=Danger.STEERS, need=_ENGINE, cli="rlrobo checkpoint {run}", is_in_footer=False,
    ),
    Action(
        id="stop", scope="live", keys="s", label="Stop", help="Save a checkpoint and end the run; asks first.",
        group=_RUN, danger=Danger.ENDS, need=_ENGINE, cli="rlrobo stop {run}",
    ),
    Action(
        id="kill", scope="live", keys="X", label="Kill", group=_RUN, danger=Danger.ENDS, need=_ENGINE,
        help="Kill an engine that does not answer; asks for the run's name.", cli="rlrobo stop --kill {run}",
        is_in_footer=False,
    ),
    Action(
        id="go_on", scope="live", keys="R", label="Resume", group=_RUN, danger=Danger.STEERS,
        help="Go on from the last checkpoint of an ended run; asks.",
        need=Need("may_go_on", "a run that ended early"), cli="rlrobo resume {run}",
    ),
    Action(
        id="attach", scope="live", keys="F", label="Follow", group=_RUN, danger=Danger.STEERS, is_in_footer=False,
        help="Follow a run in the cloud from here again: bring its events, launch its next attempt when it needs one.",
        cli="rlrobo cloud attach {run}", need=Need("may_attach", "a run in the cloud that nothing here follows"),
    ),
    Action(
        id="next_metric", scope="live", keys="a", label="Metric", group=_CHARTS,
        help="Show the next key metric in the focused chart.",
    ),
    Action(
        id="pick_metric", scope="live", keys="A", label="Metrics", group=_CHARTS, is_in_footer=False,
        help="Choose the metric of the focused chart from all.",
    ),
    Action(
        id="inspect", scope="live", keys="i", label="Inspect", group=_CHARTS,
        help="Read values at a cursor that moves in all charts.",
    ),
    Action(
        id="left", scope="live", keys="h,left", label="Left", group=_CHARTS, is_in_footer=False, shown_key="h",
        help="Move the cursor, else the window, to the left.",
    ),
    Action(
        id="right", scope="live", keys="l,right", label="Right", group=_CHARTS, is_in_footer=False, shown_key="l",
        help="Move the cursor, else the window, to the right.",
    ),
    Action(
        id="zoom_in", scope="live", keys="equals_sign,plus", label="Zoom in", group=_CHARTS, is_in_footer=False,
        shown_key="= +", help="Show a shorter part of the run, about the cursor or at its end.",
    ),
    Action(
        id="zoom_out", scope="live", keys="underscore", label="Zoom out", group=_CHARTS, is_in_footer=False,
        shown_key="_", help="Show a longer part of the run.",
    ),
    Action(
        id="follow", scope="live", keys="0", label="All", group=_CHARTS, is_in_footer=False,
        help="Show the whole run and follow it.",
    ),
    Action(
        id="log_axis", scope="live", keys="y", label="Log axis", group=_CHARTS, is_in_footer=False,
        help="Switch the focused chart's values to a logarithmic axis, or back.",
    ),
    Action(
        id="x_axis", scope="live", keys="x", label="X axis", group=_CHARTS, is_in_footer=False,
        help="Draw over timesteps, wall clock, or time since the start.",
    ),
    Action(
        id="smooth", scope="live", keys="m", label="Smooth", help="Moving average: 0.9, 0.97, off, 0.6.",
        group=_CHARTS, is_in_footer=False,
    ),
    Action(
        id="full", scope="live", keys="f", label="Full", group=_PANELS, is_in_footer=False,
        help="Give the focused panel the whole screen, or take it back.",
    ),
    Action(
        id="layout", scope="live", keys="L", label="Layout", group=_PANELS, is_in_footer=False,
        help="Next layout: balanced, dense (more charts), focus (one chart).",
    ),
    Action(
        id="next_panel", scope="live", keys="tab", label="Next panel", group=_PANELS, is_in_footer=False,
        help="Focus the next panel; a, A, y and f are about the focused one.",
    ),
    Action(
        id="previous_panel", scope="live", keys="shift+tab", label="Previous panel", group=_PANELS,
        is_in_footer=False, shown_key="⇧tab", help="Focus the panel before.",
    ),
    Action(
        id="down", scope="live", keys="j,down", label="Down", group=_PANELS, is_in_footer=False, shown_key="j",
        help="Scroll the side panel down.",
    ),
    Action(
        id="up", scope="live", keys="k,up", label="Up", group=_PANELS, is_in_footer=False, shown_key="k",
        help="Scroll the side panel up.",
    ),
    Action(
        id="replay", scope="live", keys="v", label="Replay", help="See the robot do what it has learned.",
        cli="rlrobo replay {run}",
    ),
    Action(
        id="robot", scope="live", keys="b", label="Robot", group=_PANELS, is_in_footer=False,
        help="Show or hide the robot beside the charts, moved by the newest checkpoint; far away only when asked.",
        need=Need("has_room_for_robot", "a terminal of 200x50"),
    ),
    Action(id="log", scope="live", keys="e", label="Log", help="All that happened, and the engine's output."),
    Action(
        id="report", scope="live", keys="E", label="Report", danger=Danger.STEERS, is_in_footer=False,
        help="Save the run as one HTML page in its folder.", cli="rlrobo report {run} --output FILE.html",
    ),
    Action(
        id="newer_run", scope="live", keys="left_square_bracket", label="Newer", help="Watch the next newer run.",
        is_in_footer=False, shown_key="[",
    ),
    Action(
        id="older_run", scope="live", keys="right_square_bracket", label="Older", help="Watch the next older run.",
        is_in_footer=False, shown_key="]",
    ),
)  # fmt: skip
