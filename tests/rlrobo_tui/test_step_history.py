"""Reward terms and actions of an episode's steps, as cells."""

from engine.replay.wire import Lane
from rlrobo_tui.step_history import NOTHING, OTHERS, StepHistory, largest_terms, level_bar, stacked, values_of


def lane(step: int, num_new: int, *, episode: int = 1) -> Lane:
    terms = [{"alive": float(number)} for number in range(step - num_new + 1, step + 1)]
    actions = [[0.0]] * num_new
    return Lane(checkpoint=1, episode=episode, step=step, episode_return=0.0, reward_terms=terms, actions=actions)


def values(history: StepHistory, at: Lane) -> list[float]:
    return [terms["alive"] for terms in history.until(at).terms]


def test_steps_of_several_frames_follow_each_other_up_to_the_moment_looked_at() -> None:
    history = StepHistory()
    history.take(lane(3, 3))
    history.take(lane(5, 2))
    assert values(history, lane(5, 0)) == [1, 2, 3, 4, 5]
    assert values(history, lane(2, 0)) == [1, 2]


def test_another_episode_begins_anew_and_an_old_one_is_gone() -> None:
    history = StepHistory()
    history.take(lane(3, 3))
    history.take(lane(2, 2, episode=2))
    assert values(history, lane(2, 0, episode=2)) == [1, 2]
    assert values(history, lane(3, 0)) == []


def test_small_terms_are_added_up() -> None:
    step = {name: float(size) for name, size in zip("abcdefg", (9, 8, 1, 7, 6, -2, 5), strict=True)}
    names = largest_terms([step])
    assert names == ["a", "b", "d", "e", "g", OTHERS]
    assert values_of(step, names) == [9, 8, 7, 6, 5, -1]


def test_positive_terms_stand_on_the_line_that_negative_ones_hang_from() -> None:
    # 3 above and 1 below in 4 cells: one cell for each unit.
    assert stacked([[2.0, 1.0, -1.0], [0.0, 3.0, 0.0]], 4) == [[1, 0, 0, 2], [1, 1, 1, NOTHING]]


def test_nothing_to_stack_is_empty() -> None:
    assert stacked([[0.0]], 2) == [[NOTHING, NOTHING]]


def test_levels_go_from_the_lowest_to_the_highest_value() -> None:
    assert level_bar([-1.0, 0.0, 1.0, 9.0], limit=1.0, levels="abc") == "abcc"
