"""What is possible while a checkpoint is replayed."""

from rlrobo_tui.actions.action import Action, Danger, Need

_PLAY = "Play"
_CHECKPOINTS = "Checkpoints"
_VIEW = "Camera"
_PICTURES = Need("has_picture", "a picture of the robot")
_MOVABLE = Need("has_camera", "a picture whose camera can be moved")
_SCOPE = "replay"

ACTIONS = (
    Action(
        id="play", scope=_SCOPE, keys="space", label="Play", help="Pause, and go on.", group=_PLAY, shown_key="space",
        need=_PICTURES,
    ),
    Action(
        id="faster", scope=_SCOPE, keys="greater_than_sign", label="Speed", shown_key="< >", group=_PLAY,
        help="Play slower (<) or faster (>): a tenth to four times real time, then as fast as possible.",
    ),
    Action(
        id="slower", scope=_SCOPE, keys="less_than_sign", label="Slower", shown_key="<", group=_PLAY,
        help="Play slower.", is_in_footer=False,
    ),
    Action(
        id="step", scope=_SCOPE, keys="full_stop", label="Step", shown_key=".", group=_PLAY, need=_PICTURES,
        help="Pause and take one control step; after pictures back, the next picture.", is_in_footer=False,
    ),
    Action(
        id="step_back", scope=_SCOPE, keys="comma", label="Step back", shown_key=",", group=_PLAY, need=_PICTURES,
        help="Pause and look at the picture before; the last ones are kept.", is_in_footer=False,
    ),
    Action(
        id="next_seed", scope=_SCOPE, keys="S", label="Seed", help="Other start states: the next seed.", group=_PLAY,
        is_in_footer=False,
    ),
    Action(
        id="sample", scope=_SCOPE, keys="D", label="Sampled", group=_PLAY,
        help="Let the policy sample its actions as in training, or take the most likely ones.", is_in_footer=False,
    ),
    Action(
        id="older", scope=_SCOPE, keys="J", label="Checkpoint", shown_key="J K", group=_CHECKPOINTS,
        help="Play the next older (J) or newer (K) checkpoint.",
    ),
    Action(
        id="newer", scope=_SCOPE, keys="K", label="Newer", group=_CHECKPOINTS, help="Play the next newer checkpoint.",
        is_in_footer=False,
    ),
    Action(
        id="follow", scope=_SCOPE, keys="F", label="Follow", group=_CHECKPOINTS, is_in_footer=False,
        help="Play each new checkpoint as soon as the episode under way has ended, or stay with this one.",
    ),
    Action(
        id="beside", scope=_SCOPE, keys="B", label="Beside", group=_CHECKPOINTS, is_in_footer=False,
        help="Play the best checkpoint, or another one, beside this one, in step with it.",
        need=Need("has_room_beside", "160 columns and two checkpoints"),
    ),
    Action(
        id="camera", scope=_SCOPE, keys="C", label="View", group=_VIEW, need=_MOVABLE,
        help="The next camera: follow, orbit, front, top.",
    ),
    Action(
        id="turn_left", scope=_SCOPE, keys="h,left", label="Turn left", help="Turn the camera to the left.",
        group=_VIEW, is_in_footer=False, need=_MOVABLE, shown_key="h ←",
    ),
    Action(
        id="turn_right", scope=_SCOPE, keys="l,right", label="Turn right", help="Turn the camera to the right.",
        group=_VIEW, is_in_footer=False, need=_MOVABLE, shown_key="l →",
    ),
    Action(
        id="tilt_up", scope=_SCOPE, keys="k,up", label="Raise", help="Look from higher up.", group=_VIEW,
        is_in_footer=False, need=_MOVABLE, shown_key="k ↑",
    ),
    Action(
        id="tilt_down", scope=_SCOPE, keys="j,down", label="Lower", help="Look from lower down.", group=_VIEW,
        is_in_footer=False, need=_MOVABLE, shown_key="j ↓",
    ),
    Action(
        id="zoom_in", scope=_SCOPE, keys="plus,equals_sign", label="Nearer", help="Move the camera nearer.",
        group=_VIEW, is_in_footer=False, need=_MOVABLE, shown_key="+",
    ),
    Action(
        id="zoom_out", scope=_SCOPE, keys="minus", label="Farther", help="Move the camera farther away.",
        group=_VIEW, is_in_footer=False, need=_MOVABLE, shown_key="-",
    ),
    Action(
        id="quality", scope=_SCOPE, keys="T", label="Quality", group=_VIEW, is_in_footer=False, need=_PICTURES,
        help="Fine colours, coarse ones for slow lines, or characters.",
    ),
    Action(
        id="full", scope=_SCOPE, keys="f", label="Full", help="The robot alone, or with all that surrounds it.",
        group=_VIEW, is_in_footer=False,
    ),
    Action(
        id="window", scope=_SCOPE, keys="g", label="Window", help="Open PyBullet's own window on a desktop.",
        cli="rlrobo replay {run}", is_in_footer=False,
    ),
    Action(
        id="record", scope=_SCOPE, keys="V", label="Record", danger=Danger.STEERS,
        cli="rlrobo replay {run} --video FILE",
        help="Record an episode as an MP4 in the run's folder; again: stop recording.",
    ),
    Action(
        id="again", scope=_SCOPE, keys="r", label="Again", help="Start the process that plays once more.",
        need=Need("has_failed", "a process that died"),
    ),
    Action(id="back", scope=_SCOPE, keys="escape", label="Back", help="The page before this one.", shown_key="esc"),
)  # fmt: skip
