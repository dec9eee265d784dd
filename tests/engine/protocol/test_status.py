"""Every reason why a run ended says what the run is, whether to try again, and what to tell the user."""

import pytest

from engine.protocol.status import OUTCOMES, EndReason, Status


def test_every_end_reason_has_an_outcome() -> None:
    assert set(OUTCOMES) == set(EndReason)


@pytest.mark.parametrize("reason", EndReason)
def test_end_leads_to_a_status_that_is_over(reason: EndReason) -> None:
    assert OUTCOMES[reason].status.is_over


@pytest.mark.parametrize("reason", EndReason)
def test_end_has_a_sentence(reason: EndReason) -> None:
    assert OUTCOMES[reason].sentence.endswith(".")


def test_over_are_finished_stopped_and_failed() -> None:
    assert {status for status in Status if status.is_over} == {Status.FINISHED, Status.STOPPED, Status.FAILED}
