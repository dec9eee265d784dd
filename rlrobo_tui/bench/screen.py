"""What stands on a terminal after an app has written to it: the characters alone, without colours.

Knows the few sequences that Textual's apps write, not those of every program.
"""

import codecs
import re

from rich.cells import cell_len

_PARTS = re.compile(
    r"\x1b\[(?P<parameters>[0-9;:?<>=!]*)[ -/]*(?P<command>[@-~])"
    r"|\x1b[PX^_\]].*?(?:\x1b\\|\x07)"
    r"|\x1b[()*+].|\x1b[^\[PX^_\]()*+]"
    r"|(?P<control>[\x00-\x1a\x1c-\x1f\x7f])"
    r"|(?P<text>[^\x00-\x1f\x7f]+)",
    re.DOTALL,
)
LONGEST = 65_536
"""Chosen: no sequence has so many characters."""


class Screen:
    """The characters on a terminal; it is told of everything that is written to it."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        """The beginning of a sequence whose end is still to come."""
        self._x = self._y = 0
        self._clear()

    @property
    def text(self) -> str:
        """The lines; a character of two columns is followed by nothing for its second one."""
        return "\n".join("".join(row).rstrip() for row in self._rows)

    def feed(self, written: bytes) -> None:
        """Take what an app wrote, in pieces of any length."""
        text, position = self._rest + self._decoder.decode(written), 0
        while part := _PARTS.match(text, position):
            position = part.end()
            if (words := part["text"]) is not None:
                self._write(words)
            elif part["control"] is not None:
                self._control(part["control"])
            elif part["command"] is not None:
                self._obey(part["command"], part["parameters"])
        rest = text[position:]
        # What was never going to become a sequence must not hold up what follows.
        self._rest = rest if len(rest) <= LONGEST else ""

    def _clear(self) -> None:
        self._rows = [[" "] * self.width for _ in range(self.height)]

    def _write(self, text: str) -> None:
        for char in text:
            size = 1 if char.isascii() else cell_len(char)
            if self._y < self.height and self._x + size <= self.width and size:
                self._rows[self._y][self._x : self._x + size] = [char, *[""] * (size - 1)]
            self._x += size

    def _control(self, char: str) -> None:
        if char == "\r":
            self._x = 0
        elif char == "\n":
            self._y = min(self._y + 1, self.height - 1)
        elif char == "\b":
            self._x = max(0, self._x - 1)

    def _obey(self, command: str, parameters: str) -> None:
        numbers = [int(text) if text.isdigit() else 1 for text in parameters.split(";")]
        if command in "Hf":
            row, column = (*numbers, 1)[:2]
            self._y, self._x = max(1, row) - 1, max(1, column) - 1
        elif command == "G":
            self._x = max(1, numbers[0]) - 1
        elif command in "ABCD" and not parameters.startswith("?"):
            distance = max(1, numbers[0])
            self._y += {"A": -distance, "B": distance}.get(command, 0)
            self._x += {"C": distance, "D": -distance}.get(command, 0)
            self._y, self._x = max(0, min(self._y, self.height - 1)), max(0, self._x)
        elif command == "J" and parameters in ("2", "3"):
            self._clear()
        elif command == "K" and parameters in ("", "0") and self._y < self.height:
            self._rows[self._y][self._x :] = [" "] * max(0, self.width - self._x)
