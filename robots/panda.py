"""The Franka Emika Panda, an arm of seven joints with a gripper, and the goal tasks of panda-gym.

tests/robots/test_panda_parity.py steps them and panda-gym 3.0.7 side by side and says what it takes to make the two
equal.
"""

from __future__ import annotations

from dataclasses import replace

from robots.control import EndEffectorControl
from robots.spec import ObservationTerm, RobotSpec, TaskSpec
from robots.tabletop import (
    CAMERA,
    CUBE,
    GOALS_ABOVE_TABLE,
    LONG_TABLE,
    PUCK,
    Scene,
    goal_task,
    goals_between,
    hand_terms,
)
from robots.terms import manipulation

HAND = "panda_grasptarget"
"""Link between the finger tips."""
FINGERS = ("panda_finger_joint1", "panda_finger_joint2")
NEUTRAL = {
    "panda_joint1": 0.0,
    "panda_joint2": 0.41,
    "panda_joint3": 0.0,
    "panda_joint4": -1.85,
    "panda_joint5": 0.0,
    "panda_joint6": 2.26,
    "panda_joint7": 0.79,
}
"""rad; the hand points down at (0.04, 0, 0.2), about."""
MAX_EFFORT = dict(zip((*NEUTRAL, *FINGERS), (87.0, 87.0, 87.0, 87.0, 12.0, 120.0, 120.0, 170.0, 170.0), strict=True))
"""N·m and N; panda-gym's, above the model's own 12 N·m for joints 6 and 7 and 20 N for the fingers."""

SHUT_GRIPPER = EndEffectorControl(
    link=HAND,
    step_m=0.05,
    quaternion_w=(1.0, 0.0, 0.0, 0.0),
    max_effort=MAX_EFFORT,
    fingers=FINGERS,
)
GRIPPER = replace(SHUT_GRIPPER, finger_step_m=0.2)

PANDA = RobotSpec(
    name="panda",
    model="pybullet_data/franka_panda/panda.urdf",
    joints=(*NEUTRAL, *FINGERS),
    control=SHUT_GRIPPER,
    start_position_w=(-0.6, 0.0, 0.0),
    default_joint_position=NEUTRAL,
    is_fixed=True,
    link_friction={"panda_leftfinger": (1.0, 0.001), "panda_rightfinger": (1.0, 0.001)},
    camera=CAMERA,
)


def panda_reach(reward: str = "sparse") -> TaskSpec:
    """Bring the hand to a point above the table.

    PandaReach-v3 of panda-gym 3.0.7.

    | index | observation                        | unit |
    |-------|------------------------------------|------|
    | 0-2   | achieved goal: the hand's position | m    |
    | 3-5   | desired goal                       | m    |
    | 6-8   | the hand's position                | m    |
    | 9-11  | the hand's velocity                | m/s  |

    The action moves the hand by up to 5 cm a step along x, y and z; it keeps pointing down and stays above the table.
    A step earns -1 until the hand is within 5 cm of the goal, then 0; or minus the distance, with the dense reward.
    An episode ends with success, or after 2 s (50 steps).
    Goals are uniform in a box of 0.3 m. Random actions (uniform, 30 episodes) return -42 on average.
    TQC with hindsight (configs/panda_reach/tqc.yaml) returns -1.7 ± 0.9 after 20k timesteps, with success in all of 100
    episodes (seed 1); -1.8 ± 0.9 on PandaReach-v1, which does not end with success (rl-baselines3-zoo, benchmark.md,
    one run). -5 counts as solved.
    """
    scene = Scene(goals=GOALS_ABOVE_TABLE)
    return goal_task("panda_reach", PANDA, scene, observations=hand_terms(HAND), reward=reward)


def panda_push(reward: str = "sparse") -> TaskSpec:
    """Push a cube over the table to a goal, with a shut gripper.

    PandaPush-v3 of panda-gym 3.0.7.

    | index | observation                          | unit  |
    |-------|--------------------------------------|-------|
    | 0-2   | achieved goal: the cube's position   | m     |
    | 3-5   | desired goal                         | m     |
    | 6-8   | the hand's position                  | m     |
    | 9-11  | the hand's velocity                  | m/s   |
    | 12-14 | the cube's position                  | m     |
    | 15-17 | the cube's roll, pitch, yaw          | rad   |
    | 18-20 | the cube's velocity                  | m/s   |
    | 21-23 | the cube's angular velocity          | rad/s |

    Action, reward and end are those of panda_reach, with the cube in the hand's place. Cube (4 cm, 1 kg) and goal are
    uniform in a square of 0.3 m. Random actions (uniform, 30 episodes) return -47 on average.
    TQC with hindsight returns -6.4 ± 6.4 on PandaPush-v1 (rl-baselines3-zoo, benchmark.md, one run). Not trained
    here: it takes hours. -10 counts as solved.
    """
    scene = Scene(thing=CUBE, goals=goals_between((-0.15, -0.15, 0.02), (0.15, 0.15, 0.02)))
    return goal_task("panda_push", PANDA, scene, observations=hand_terms(HAND), reward=reward)


def panda_slide(reward: str = "sparse") -> TaskSpec:
    """Hit a puck so that it slides over the table to a goal out of reach, with a shut gripper.

    PandaSlide-v3 of panda-gym 3.0.7.

    | index | observation                          | unit  |
    |-------|--------------------------------------|-------|
    | 0-2   | achieved goal: the puck's position   | m     |
    | 3-5   | desired goal                         | m     |
    | 6-8   | the hand's position                  | m     |
    | 9-11  | the hand's velocity                  | m/s   |
    | 12-14 | the puck's position                  | m     |
    | 15-17 | the puck's roll, pitch, yaw          | rad   |
    | 18-20 | the puck's velocity                  | m/s   |
    | 21-23 | the puck's angular velocity          | rad/s |

    Action, reward and end are those of panda_push, with a puck (6 cm wide, 3 cm high, 1 kg, friction 0.04) in the
    cube's place. It begins in a square of 0.3 m, goals are 0.4 m further ahead. Random actions (uniform, 30 episodes)
    return -50 on average.
    TQC with hindsight returns -27.5 ± 9.9 on PandaSlide-v1 (rl-baselines3-zoo, benchmark.md, one run). Not trained
    here: it takes hours. -30 counts as solved.
    """
    scene = Scene(thing=PUCK, table=LONG_TABLE, goals=goals_between((0.25, -0.15, 0.03), (0.55, 0.15, 0.03)))
    camera = replace(CAMERA, distance_m=1.5, target_offset_w=(0.6, 0.0, 0.1))
    return goal_task("panda_slide", replace(PANDA, camera=camera), scene, observations=hand_terms(HAND), reward=reward)


def panda_pick_and_place(reward: str = "sparse") -> TaskSpec:
    """Grasp a cube and hold it at a goal on the table or above it.

    PandaPickAndPlace-v3 of panda-gym 3.0.7.

    | index | observation                          | unit  |
    |-------|--------------------------------------|-------|
    | 0-2   | achieved goal: the cube's position   | m     |
    | 3-5   | desired goal                         | m     |
    | 6-8   | the hand's position                  | m     |
    | 9-11  | the hand's velocity                  | m/s   |
    | 12    | the gripper's width                  | m     |
    | 13-15 | the cube's position                  | m     |
    | 16-18 | the cube's roll, pitch, yaw          | rad   |
    | 19-21 | the cube's velocity                  | m/s   |
    | 22-24 | the cube's angular velocity          | rad/s |

    The fourth element of the action changes the gripper's width by up to 0.2 m a step. Reward and end are those of
    panda_push. Goals are up to 0.2 m above the table, three tenths of them on it. Random actions (uniform, 30 episodes)
    return -50 on average.
    TQC with hindsight returns -8.0 ± 6.7 on PandaPickAndPlace-v1 (rl-baselines3-zoo, benchmark.md, one run). Not
    trained here: it takes hours. -12 counts as solved.
    """
    gripper = ObservationTerm(function=manipulation.gripper_width, params={"joints": FINGERS})
    scene = Scene(thing=CUBE, goals=goals_between((-0.15, -0.15, 0.02), (0.15, 0.15, 0.22), low_share=0.3))
    return goal_task(
        "panda_pick_and_place",
        replace(PANDA, control=GRIPPER),
        scene,
        observations={**hand_terms(HAND), "gripper_width": gripper},
        reward=reward,
    )
