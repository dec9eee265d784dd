"""Propose a robot's YAML file in a process of its own: `python -m robots.propose MODEL NAME FILE OPTIONS`.

Prints one line of JSON: the text, warnings about the model, what it decided; an error is `{"error": …}` on stderr.
PyBullet may abort or hang on a broken model, so `rlrobo robots new`, which calls this, stays another process.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from robots.bullet.inspection import Inspection
from robots.bullet.loading import find_model
from robots.errors import RobotError
from robots.model_file import check_model, declared_motors
from robots.proposal import Goal, Proposal, propose
from robots.proposal_task import Target
from robots.proposal_text import action_scale, write_yaml

NUM_POSES = 400
"""From which the box of targets comes."""
QUANTILES = (0.2, 0.8)
"""Chosen: a box around most of the places that the tip gets to, whose corners it mostly can reach as well."""
THRESHOLD_SHARE = 0.05
"""Of the arm's length."""


@dataclass(frozen=True, kw_only=True)
class Proposed:
    """What is printed."""

    text: str
    """Of the YAML file."""
    warnings: tuple[str, ...]
    """About the model."""
    goal: str
    """What is to be learnt."""
    num_driven: int
    """Joints."""


def write(model: str, *, name: str, file: str, written_model: str = "", is_fixed: bool | None = None) -> Proposed:
    """Propose a task for `model` as the file `file`, in which the model is called `written_model`.

    Raises ModelFileError.
    """
    path = find_model(model)
    warnings = check_model(path)
    inspection = Inspection(model)
    proposal = propose(
        lambda pose, axes: inspection.measure(pose, base_axes=axes), declared_motors(path), is_fixed=is_fixed
    )
    target = _target(inspection, proposal) if proposal.goal is Goal.REACH else None
    inspection.close()
    text = write_yaml(proposal, name=name, model=written_model or model, file=file, target=target)
    return Proposed(text=text, warnings=warnings, goal=proposal.goal.value, num_driven=len(proposal.driven))


def main(arguments: list[str] | None = None) -> int:
    """Propose and print; return the exit code."""
    parser = argparse.ArgumentParser(prog="robots.propose")
    parser.add_argument("model", help="where it is from here")
    parser.add_argument("name")
    parser.add_argument("file", help="name of the YAML file")
    parser.add_argument("--written-model", default="", help="the model's path from the YAML file")
    parser.add_argument("--fixed", choices=("guess", "yes", "no"), default="guess")
    options = parser.parse_args(arguments)
    try:
        proposed = write(
            options.model,
            name=options.name,
            file=options.file,
            written_model=options.written_model,
            is_fixed={"guess": None, "yes": True, "no": False}[options.fixed],
        )
    except RobotError as err:
        print(json.dumps({"error": str(err)}), file=sys.stderr)  # noqa: T201 - the protocol with the parent
        return 2
    print(json.dumps(asdict(proposed)))  # noqa: T201 - stdout is data
    return 0


def _target(inspection: Inspection, proposal: Proposal) -> Target:
    """Draw poses around the stance and box in where the last link gets to."""
    tip = _tip(proposal)
    rng = np.random.default_rng(0)
    positions = inspection.positions(tip, [_draw_pose(proposal, rng) for _ in range(NUM_POSES)])
    low, high = (np.quantile(positions, share, axis=0) for share in QUANTILES)
    length = float(np.linalg.norm(positions - proposal.base.centre_w, axis=1).max())
    return Target(tip=tip, low_w=_point(low), high_w=_point(high), threshold_m=max(THRESHOLD_SHARE * length, 1e-3))


def _point(numbers: Sequence[float] | np.ndarray) -> tuple[float, float, float]:
    x, y, z = (float(number) for number in numbers)
    return x, y, z


def _draw_pose(proposal: Proposal, rng: np.random.Generator) -> Mapping[str, float]:
    pose = dict(proposal.stance)
    for joint in proposal.driven:
        scale = action_scale(joint, proposal)
        value = pose.get(joint.name, 0.0) + rng.uniform(-scale, scale)
        pose[joint.name] = float(np.clip(value, joint.lower, joint.upper)) if joint.has_limits else float(value)
    return pose


def _tip(proposal: Proposal) -> str:
    """The last link that is fixed to what the most joints move."""
    last = max(proposal.driven, key=lambda joint: joint.depth)
    return proposal.robot.rigid_group(last.child_link)[-1].name


if __name__ == "__main__":
    sys.exit(main())
