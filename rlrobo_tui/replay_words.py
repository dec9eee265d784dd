"""What the replay page says about what plays. Pure: state in, styled text out."""

from textual.content import Content

from engine.replay.wire import Frame, Lane
from rlrobo_tui.badges import BADGES
from rlrobo_tui.quantities import count, number
from rlrobo_tui.replay_controls import Controls
from rlrobo_tui.run_view import RunView

FIRST_PICTURE = "the first picture takes some seconds; all keys work meanwhile"
KEYS_AFTER_FAILURE = (("r", "try again"), ("J K", "another checkpoint"), ("g", "window"), ("esc", "back"))


def title(view: RunView, aside: str, *, is_ascii: bool) -> Content:
    """Return the page's first line; `aside` is what goes on beside the page, such as a recording."""
    badge = BADGES[view.status]
    parts = [view.task or view.run_id, view.algorithm.upper(), f"seed {view.seed}" if view.task else ""]
    line = Content.assemble(("Replay  ", "$primary bold"), ("  ·  ".join(part for part in parts if part), "bold"))
    if view.started_at is not None:
        line = line.append(Content.assemble("   ", (badge.text(is_ascii=is_ascii), f"${badge.color}")))
    return line.append(Content.assemble("   ", (aside, "$warning"))) if aside else line


def failure(reason: str) -> Content:
    """Return why nothing plays, and what can be done now."""
    keys = [Content.assemble((key, "$primary bold"), (f" {words}   ", "$muted")) for key, words in KEYS_AFTER_FAILURE]
    return Content.assemble((reason, "$error bold"), "\n", *keys)


def loading(what: str, waited_s: float) -> Content:
    """Return what the first picture waits for."""
    return Content.assemble((f"Loading {what}… {waited_s:.0f} s\n", "$foreground"), (FIRST_PICTURE, "$muted"))


def state_line(controls: Controls, num_back: int, *, width: int) -> Content:
    """Return how it is played: for all checkpoints in sight."""
    if num_back:
        state = f"‖ {num_back} back"
    elif controls.is_paused:
        state = "‖ paused"
    else:
        state = f"▶ {speed_text(controls.speed)}"
    facts = [
        controls.view,
        f"seed {controls.seed}",
        "most likely actions" if controls.is_deterministic else "sampled actions",
        controls.quality.name,
    ]
    return _line(state, facts, width=width)


def lane_line(lane: Lane, frame: Frame, *, width: int) -> Content:
    """Return how it goes for one checkpoint."""
    limit = f"/{frame.max_steps}" if frame.max_steps else ""
    facts = [
        f"return {number(lane.episode_return)}",
        f"ended: {lane.ending}" if lane.ending else "",
        f"step {lane.step}{limit}",
        f"episode {lane.episode}",
        f"{lane.step * frame.control_dt_s:.1f} s",
        "" if lane.last_return is None or lane.ending else f"last {number(lane.last_return)}",
    ]
    return _line(count(lane.checkpoint), facts, width=width)


def speed_text(speed: float) -> str:
    """Return a speed in a few characters."""
    return f"×{speed:g}" if speed else "as fast as possible"


def _line(head: str, facts: list[str], *, width: int) -> Content:
    """Return as many facts as fit, the first ones first."""
    line = f" {head}"
    for fact in facts:
        if fact and len(line) + len(fact) + 4 <= width:
            line += f" · {fact}"
    return Content.assemble((f" {head}", "$foreground bold"), (line[len(head) + 1 :] + " ", "$foreground")).stylize(
        "on $surface"
    )
