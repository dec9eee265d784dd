"""What an action is."""

from dataclasses import dataclass
from enum import Enum


class Danger(Enum):
    """What an action can do to others. Whoever only watches gets the safe ones."""

    SAFE = "safe"
    """Changes what is shown, and nothing else."""
    STEERS = "steers"
    """Starts or steers a run, or writes a file; it can be undone or repeated."""
    ENDS = "ends"
    """Ends or deletes something; it always asks first."""


@dataclass(frozen=True)
class Need:
    """What must be so before an action is possible."""

    property: str
    """Of the screen, or of the app: whether it is so."""
    words: str
    """The same in words, after `needs`: `a running engine`."""


@dataclass(frozen=True, kw_only=True)
class Action:
    """Something that a user can do."""

    id: str
    """The screen's or the app's method is `action_<id>`."""
    scope: str
    """Page on which it is valid, `app` for all pages, or `overlay`."""
    keys: str
    """Keys, separated by commas, in Textual's names."""
    label: str
    """One word for the footer."""
    help: str
    """One sentence for the help page and the palette."""
    group: str = "Keys"
    """Heading in the help page."""
    danger: Danger = Danger.SAFE
    need: Need | None = None
    """None: always possible."""
    cli: str = ""
    """The command that does the same; `{run}` is the id of the run in sight."""
    is_in_footer: bool = True
    """Whether the footer shows it."""
    shown_key: str | None = None
    """How the key is written; None: as Textual writes it."""

    @property
    def binding_id(self) -> str:
        """Name in the key map: `live.pause`."""
        return f"{self.scope}.{self.id}"

    @property
    def keys_text(self) -> str:
        """The keys as the help page writes them."""
        return self.shown_key or self.keys.replace(",", " ")
