"""The app's colours: Okabe and Ito's palette, which survives colour blindness, on quiet grounds.

Text has a contrast of at least 4.5:1 with its ground (WCAG 2.1, 1.4.3), 7:1 in the theme of high contrast; curves are
as light or dark as their ground asks for, in the palette's hues. `ansi` leaves all of it to the terminal.
"""

from dataclasses import dataclass

from textual.theme import BUILTIN_THEMES, Theme

NUM_SERIES = 8


@dataclass(frozen=True, kw_only=True)
class Palette:
    """Colours by what they are for; a word in the interface's markup is a name here."""

    background: str
    surface: str
    """Ground of bars and of what lies over a page."""
    panel: str
    """Ground of fields."""
    foreground: str
    muted: str
    """Text that explains other text."""
    faint: str
    """Lines that are no text: a curve's envelope, a grid."""
    rule: str
    """Borders of panels without the focus."""
    primary: str
    accent: str
    success: str
    warning: str
    error: str
    cursor: str
    """Ground of the row under the cursor."""
    on_cursor: str
    """Text on it."""
    series: tuple[str, ...]
    """Curves of several runs, in this order."""


_DARK = Palette(
    background="#0f141a", surface="#141b23", panel="#1d2732", foreground="#d5dde7", muted="#8b98a9", faint="#3d5468",
    rule="#2b3947", primary="#56b4e9", accent="#e69f00", success="#2fbf8f", warning="#f0c945", error="#f0764a",
    cursor="#24486a", on_cursor="#ffffff",
    series=("#56b4e9", "#e69f00", "#2fbf8f", "#d98cb5", "#f0e442", "#e8722a", "#4d9ddb", "#d5dde7"),
)  # fmt: skip
_LIGHT = Palette(
    background="#fbfcfd", surface="#f1f4f7", panel="#e4e9ee", foreground="#1c242e", muted="#5a6675", faint="#a9bccb",
    rule="#c3ced9", primary="#0068a8", accent="#955400", success="#00704f", warning="#735700", error="#b3390b",
    cursor="#0068a8", on_cursor="#ffffff",
    series=("#0068a8", "#955400", "#00704f", "#9a4c77", "#6e6500", "#b3390b", "#00558a", "#1c242e"),
)  # fmt: skip
_HIGH_CONTRAST = Palette(
    background="#000000", surface="#000000", panel="#1a1a1a", foreground="#ffffff", muted="#d0d0d0", faint="#8a8a8a",
    rule="#b0b0b0", primary="#7fd0ff", accent="#ffc04d", success="#4dffc3", warning="#fff176", error="#ff9a80",
    cursor="#ffffff", on_cursor="#000000",
    series=("#7fd0ff", "#ffc04d", "#4dffc3", "#ffa6d6", "#fff176", "#ff9a80", "#9fb8ff", "#ffffff"),
)  # fmt: skip
_MONO = Palette(
    background="#101010", surface="#181818", panel="#242424", foreground="#dcdcdc", muted="#9a9a9a", faint="#555555",
    rule="#3c3c3c", primary="#ffffff", accent="#ffffff", success="#dcdcdc", warning="#ffffff", error="#ffffff",
    cursor="#dcdcdc", on_cursor="#101010",
    series=("#ffffff", "#b4b4b4", "#dcdcdc", "#9a9a9a", "#ffffff", "#b4b4b4", "#dcdcdc", "#9a9a9a"),
)  # fmt: skip
# A terminal's own sixteen colours suit its own ground, whichever that is, so text that explains is not toned down.
_ANSI = Palette(
    background="ansi_default", surface="ansi_default", panel="ansi_default", foreground="ansi_default",
    muted="ansi_default", faint="ansi_bright_black", rule="ansi_bright_black", primary="ansi_cyan",
    accent="ansi_yellow", success="ansi_green", warning="ansi_yellow", error="ansi_red", cursor="ansi_blue",
    on_cursor="ansi_bright_white",
    series=(
        "ansi_cyan", "ansi_yellow", "ansi_green", "ansi_magenta",
        "ansi_bright_blue", "ansi_red", "ansi_blue", "ansi_default",
    ),
)  # fmt: skip


def _variables(palette: Palette) -> dict[str, str]:
    """Return the variables that the style sheets and the markup use besides Textual's own."""
    return {
        "muted": palette.muted,
        "faint": palette.faint,
        "border-blurred": palette.rule,
        "border": palette.primary,
        "footer-key-foreground": palette.primary,
        "footer-background": palette.surface,
        "footer-description-foreground": palette.muted,
        "block-cursor-background": palette.cursor,
        "block-cursor-foreground": palette.on_cursor,
        "block-cursor-text-style": "bold",
        **{f"series-{index}": color for index, color in enumerate(palette.series, start=1)},
    }


def _theme(name: str, palette: Palette, *, dark: bool, ansi: bool = False) -> Theme:
    return Theme(
        name=f"rlrobo-{name}",
        primary=palette.primary,
        secondary=palette.muted,
        accent=palette.accent,
        success=palette.success,
        warning=palette.warning,
        error=palette.error,
        foreground=palette.foreground,
        background=palette.background,
        surface=palette.surface,
        panel=palette.panel,
        dark=dark,
        ansi=ansi,
        variables={**(BUILTIN_THEMES["ansi-dark"].variables if ansi else {}), **_variables(palette)},
    )


DARK = _theme("dark", _DARK, dark=True)
LIGHT = _theme("light", _LIGHT, dark=False)

THEMES = {
    "dark": DARK,
    "light": LIGHT,
    "high-contrast": _theme("high-contrast", _HIGH_CONTRAST, dark=True),
    "ansi": _theme("ansi", _ANSI, dark=True, ansi=True),
    "mono": _theme("mono", _MONO, dark=True),
}
"""By their names in the settings."""

FALLBACKS = {
    "muted": "gray",
    "faint": "gray",
    "border-blurred": "gray",
    **{f"series-{index}": color for index, color in enumerate(_DARK.series, start=1)},
}
"""For themes of others, which do not have these variables."""
