"""Sentences about what is selected, below a list."""

from textual.widgets import Static


class Detail(Static):
    """The page is laid out anew only where they need another height: a cursor that moves must not pay for it."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id, markup=False)
        self._said, self._height = "", 0

    def say(self, text: str) -> None:
        """Show `text`."""
        if text == self._said:
            return
        width = max(1, self.content_size.width)
        height = sum(-(-len(line) // width) for line in text.splitlines())
        self.update(text, layout=height != self._height)
        self._said, self._height = text, height
