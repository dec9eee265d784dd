"""The app's colours: Okabe and Ito's palette, which survives colour blindness, on quiet grounds.

Text has a contrast of at least 4.5:1 with its ground (WCAG 2.1, 1.4.3).
"""

from textual.theme import Theme

DARK = Theme(
    name="rlrobo-dark",
    primary="#56b4e9",
    secondary="#8b98a9",
    accent="#e69f00",
    success="#2fbf8f",
    warning="#f0c945",
    error="#f0764a",
    foreground="#d5dde7",
    background="#0f141a",
    surface="#141b23",
    panel="#1d2732",
    dark=True,
    variables={
        "muted": "#8b98a9",
        "faint": "#3d5468",
        "border-blurred": "#2b3947",
        "border": "#56b4e9",
        "footer-key-foreground": "#56b4e9",
        "footer-background": "#141b23",
        "footer-description-foreground": "#8b98a9",
        "block-cursor-background": "#24486a",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-text-style": "bold",
    },
)

LIGHT = Theme(
    name="rlrobo-light",
    primary="#0068a8",
    secondary="#5a6675",
    accent="#a05a00",
    success="#00704f",
    warning="#7a5c00",
    error="#b3390b",
    foreground="#1c242e",
    background="#fbfcfd",
    surface="#f1f4f7",
    panel="#e4e9ee",
    dark=False,
    variables={
        "muted": "#5a6675",
        "faint": "#a9bccb",
        "border-blurred": "#c3ced9",
        "border": "#0068a8",
        "footer-key-foreground": "#0068a8",
        "footer-background": "#f1f4f7",
        "footer-description-foreground": "#5a6675",
        "block-cursor-background": "#0068a8",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-text-style": "bold",
    },
)

THEMES = {"dark": DARK, "light": LIGHT}
"""By their names in the settings."""

FALLBACKS = {"muted": "gray", "faint": "gray", "border-blurred": "gray"}
"""For themes of others, which do not have these variables."""
