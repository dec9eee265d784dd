"""One line of advice a day, for the list of runs; settings.yaml switches it off."""

TIPS = (
    "space marks runs, 3 compares them.",
    "/ filters: state:running robot:ant reward>1000 -seed:3",
    "o sorts by the next column, O turns the order round, G groups.",
    "q leaves the app; training goes on without it.",
    "Y copies the command that does the same in a shell.",
    "p pauses the selected run, or all that are marked.",
    "ctrl+o makes the app read-only: nothing can be started, steered or ended.",
    "keys.yaml gives any action another key; rlrobo doctor says where it is.",
    "A run is a folder: copy it to another machine and go on there with rlrobo resume.",
)


def tip_of(day: int) -> str:
    """Return the tip of a day."""
    return TIPS[day % len(TIPS)]
