"""The steps of a form in one line: where the user is, and where something is wrong."""

from textual.content import Content
from textual.widgets import Static


class StepBar(Static):
    """Marks tell the steps apart without colour."""

    def show(self, title: str, steps: dict[str, str], *, present: str, wrong: str) -> None:
        """Show the steps (name and title), with the present one and the one with a problem (empty: none)."""
        parts = [Content.styled(f"{title}  ", "bold")]
        for name, words in steps.items():
            mark = "✗" if name == wrong else "●" if name == present else "○"
            style = "$error bold" if name == wrong else "$primary bold" if name == present else "$muted"
            parts += [Content.styled(f" {mark} {words} ", style), Content.styled("─", "$faint")]
        self.update(Content.assemble(*parts[:-1]))
