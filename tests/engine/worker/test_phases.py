from engine.worker.phases import ACT, LEARN, OTHER, SIMULATE, WAIT, Phases


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_every_second_belongs_to_one_phase() -> None:
    clock = Clock()
    phases = Phases(clock)
    clock.now = 1.0
    with phases(LEARN):
        clock.now = 3.0
        with phases(ACT):
            clock.now = 3.5
        clock.now = 4.0
    clock.now = 4.25
    seconds = phases.take()
    assert (seconds[OTHER], seconds[LEARN], seconds[ACT]) == (1.25, 2.5, 0.5)
    assert sum(seconds.values()) == 4.25


def test_taking_begins_anew_in_the_same_phase() -> None:
    clock = Clock()
    phases = Phases(clock)
    with phases(LEARN):
        clock.now = 1.0
        phases.take()
        clock.now = 3.0
    assert phases.take()[LEARN] == 2.0


def test_what_others_did_meanwhile_is_moved() -> None:
    clock = Clock()
    phases = Phases(clock)
    with phases(WAIT):
        clock.now = 10.0
    phases.move(7.0, source=WAIT, target=SIMULATE)
    seconds = phases.take()
    assert (seconds[WAIT], seconds[SIMULATE]) == (3.0, 7.0)


def test_an_error_ends_its_phase() -> None:
    clock = Clock()
    phases = Phases(clock)
    try:
        with phases(LEARN):
            raise ValueError
    except ValueError:
        pass
    clock.now = 2.0
    assert phases.take()[OTHER] == 2.0
