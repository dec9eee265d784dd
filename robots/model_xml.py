"""Read the XML of a robot model with line numbers, and collect what is wrong with it. Knows no physics engine.

Called by robots/urdf.py, robots/mjcf.py and robots/model_references.py.
"""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path
from xml.parsers import expat

from robots.errors import ModelFileError

MAX_BYTES = 20_000_000
"""Chosen: models with a hundred joints are below 1 MB; geometry belongs into mesh files."""
MAX_SHOWN = 8
"""Problems that one error lists."""
MAX_LENGTH_M = 1000.0
"""Chosen: no robot is larger; such numbers come from models in millimetres or from faults."""
MASS_RANGE_KG = (1e-6, 1e6)
"""Chosen: what moves weighs neither less, which makes the equations of motion singular, nor more."""
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[-+]?(?:nan|inf(?:inity)?)", re.IGNORECASE)


class Element(ET.Element):
    """An element that knows its line."""

    line: int = 0

    def find_all(self, tag: str) -> list[Element]:
        """Return the children of this tag."""
        return [child for child in self if child.tag == tag and isinstance(child, Element)]

    def first(self, tag: str) -> Element | None:
        """Return the first child of this tag."""
        return next(iter(self.find_all(tag)), None)

    def descendants(self) -> list[Element]:
        """Return this element and all below it."""
        return [element for element in self.iter() if isinstance(element, Element)]


class Findings:
    """What a check of one file has found; problems stop the loading, warnings do not."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: list[str] = []
        self.warnings: list[str] = []

    def problem(self, element: Element, text: str) -> None:
        """Note something that the physics engine must not meet."""
        self.problems.append(self._at(element, text))

    def warn(self, element: Element, text: str) -> None:
        """Note something that is allowed and perhaps not meant."""
        self.warnings.append(self._at(element, text))

    def raise_problems(self) -> None:
        """Raise ModelFileError with all problems, if there are any."""
        if self.problems:
            shown = self.problems[:MAX_SHOWN]
            if len(self.problems) > MAX_SHOWN:
                shown.append(f"and {len(self.problems) - MAX_SHOWN} more")
            raise ModelFileError("\n".join(shown))

    def numbers(self, element: Element, attribute: str, *, what: str, count: int | None = None) -> list[float] | None:
        """Return the numbers of an attribute, or None where it has none or they are wrong, which becomes a problem."""
        text = element.get(attribute)
        if text is None:
            return None
        where = f"{what}: <{element.tag} {attribute}>"
        values = [self._number(element, word, where) for word in text.split()]
        if any(value is None for value in values):
            return None
        numbers = [value for value in values if value is not None]
        if count is not None and len(numbers) != count:
            note = self.warn if len(numbers) > count else self.problem  # PyBullet leaves out what is too much
            note(element, f"{where}: expected {count} number{'s' * (count > 1)}, got {text!r}.")
            return None
        if not all(math.isfinite(number) for number in numbers):
            self.problem(element, f"{where}: got {text!r}, which is not finite.")
            return None
        return numbers

    def number(self, element: Element, attribute: str, *, what: str) -> float | None:
        """Return one number, as `numbers` does."""
        found = self.numbers(element, attribute, what=what, count=1)
        return found[0] if found else None

    def _number(self, element: Element, word: str, where: str) -> float | None:
        match = _NUMBER.match(word)
        if match is None:
            self.problem(element, f"{where}: expected a number, got {word!r}.")
            return None
        if match.group() != word:  # PyBullet reads as much as makes a number
            self.warn(element, f"{where}: {word!r} is read as {match.group()}.")
        return float(match.group())

    def _at(self, element: Element, text: str) -> str:
        return f"{self.path}:{element.line}: {text}"


def parse_xml(path: Path, *, roots: Sequence[str]) -> Element:
    """Return the root element of a file. Raises ModelFileError, with the line where it knows it."""
    try:
        content = path.read_bytes()
    except OSError as err:
        raise ModelFileError(f"{path}: cannot be read: {err.strerror}; correct the path.") from err
    if not content.strip():
        raise ModelFileError(f"{path}: is empty; expected a URDF or MJCF model.")
    if len(content) > MAX_BYTES:
        raise ModelFileError(
            f"{path}: has {len(content) / 1e6:.0f} MB; allowed: {MAX_BYTES / 1e6:.0f} MB. Put geometry into mesh files."
        )
    try:
        root = _parse(content)
    except expat.ExpatError as err:
        reason = expat.ErrorString(err.code)
        raise ModelFileError(f"{path}:{err.lineno}:{err.offset + 1}: not valid XML: {reason}; mend it there.") from err
    except ValueError as err:
        raise ModelFileError(f"{path}: not valid XML: {err}.") from err
    if root.tag not in roots:
        raise ModelFileError(
            f"{path}:{root.line}: begins with <{root.tag}>; expected {' or '.join(f'<{tag}>' for tag in roots)}."
        )
    return root


def _parse(content: bytes) -> Element:
    parser = expat.ParserCreate()
    stack: list[Element] = []
    found: list[Element] = []

    def begin(tag: str, attributes: dict[str, str]) -> None:
        element = Element(tag, attributes)
        element.line = parser.CurrentLineNumber
        (stack[-1] if stack else found).append(element)
        stack.append(element)

    def refuse_entity(*_: object) -> None:
        raise ValueError("it declares entities, which no robot model needs")

    parser.StartElementHandler = begin
    parser.EndElementHandler = lambda _: stack.pop()
    parser.EntityDeclHandler = refuse_entity
    # Some models in the wild have blank lines before the XML declaration, which parsers refuse; PyBullet does not.
    parser.Parse(_blank_declaration(content), True)
    return found[0]


def _blank_declaration(content: bytes) -> bytes:
    match = re.match(rb"\s+<\?xml[^>]*\?>", content)
    return re.sub(rb"[^\n]", b" ", match.group()) + content[match.end() :] if match else content
