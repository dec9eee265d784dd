"""The colours can be read, on every ground that text lies on."""

from typing import get_args, get_type_hints

import pytest
from textual.color import Color

from rlrobo_tui.preferences import Preferences
from rlrobo_tui.themes import FALLBACKS, NUM_SERIES, THEMES
from tests.rlrobo_tui.contrast import contrast

TEXTS = ("foreground", "muted", "primary", "secondary", "accent", "success", "warning", "error")
SERIES = tuple(f"series-{index}" for index in range(1, NUM_SERIES + 1))
GROUNDS = ("background", "surface", "panel")
LEAST = {"dark": 4.5, "light": 4.5, "high-contrast": 7.0, "mono": 4.5}


def colors(theme: str) -> dict[str, str]:
    found = THEMES[theme]
    return {**found.to_color_system().generate(), **found.variables}


def test_every_theme_of_the_settings_exists() -> None:
    assert set(THEMES) == set(get_args(get_type_hints(Preferences)["theme"]))


@pytest.mark.parametrize(("theme", "least"), LEAST.items())
def test_text_can_be_read_on_every_ground(theme: str, least: float) -> None:
    found = colors(theme)
    poor = {
        (text, ground): ratio
        for text in (*TEXTS, *SERIES)
        for ground in GROUNDS
        if (ratio := contrast(Color.parse(found[text]), Color.parse(found[ground]))) < least
    }
    assert poor == {}


@pytest.mark.parametrize(("theme", "least"), LEAST.items())
def test_the_row_under_the_cursor_can_be_read(theme: str, least: float) -> None:
    found = colors(theme)
    text, ground = (Color.parse(found[f"block-cursor-{part}"]) for part in ("foreground", "background"))
    assert contrast(text, ground) >= least


def test_the_ansi_theme_uses_the_terminals_own_colours_only() -> None:
    found = colors("ansi")
    assert [name for name in (*TEXTS, *SERIES, "background") if Color.parse(found[name]).ansi is None] == []


def test_the_mono_theme_has_no_hue() -> None:
    found = colors("mono")
    assert {Color.parse(found[name]).hsl.s for name in (*TEXTS, *SERIES, *GROUNDS)} == {0.0}


@pytest.mark.parametrize("theme", [name for name in THEMES if name != "mono"])
def test_curves_differ_in_colour(theme: str) -> None:
    found = colors(theme)
    assert len({found[name] for name in SERIES}) == NUM_SERIES


def test_themes_of_others_have_something_for_every_variable_of_ours() -> None:
    assert {*SERIES, "muted", "faint", "border-blurred"} <= set(FALLBACKS)
