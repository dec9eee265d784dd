"""How the app looks: which theme, which characters, how often it draws. Preferences take effect at once."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import msgspec
from textual import work
from textual.app import App
from textual.filter import LineFilter
from textual.theme import Theme

from engine.protocol.errors import RlroboError
from rlrobo_tui.folders import config_dir
from rlrobo_tui.preferences import Preferences, write_preference
from rlrobo_tui.terminal import AsciiFilter, can_show_unicode, is_over_ssh
from rlrobo_tui.themes import FALLBACKS, THEMES


class Appearance(App[None]):
    """Mix-in for the app."""

    preferences: Preferences
    is_ascii: bool = False
    """Whether only ASCII characters are drawn."""
    is_low_bandwidth: bool = False
    """Whether charts are drawn seldom and robots not at all."""

    def __init__(self) -> None:
        super().__init__()
        self._ascii_filter = AsciiFilter()
        self._writing = threading.Lock()

    @property
    def has_colored_pictures(self) -> bool:
        """Whether pictures may be coloured."""
        return not (self.is_ascii or self.no_color)

    def take_preferences(self, preferences: Preferences, *, ascii: bool, low_bandwidth: bool) -> None:
        """Begin with these; `ascii` and `low_bandwidth` are asked for whatever is preferred."""
        self.preferences = preferences
        self.register_themes()
        self._begin_with(THEMES[preferences.theme])
        self._must_be_ascii, self._must_save_bandwidth = ascii, low_bandwidth
        self._decide()

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Give themes of others the variables that they lack."""
        return FALLBACKS

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Add the ASCII filter where it is wanted."""
        filters = super().get_line_filters()
        return [*filters, self._ascii_filter] if self.is_ascii else filters

    def register_themes(self) -> None:
        """Make our themes known to Textual."""
        for theme in THEMES.values():
            self.register_theme(theme)

    def apply_preferences(self) -> None:
        """Look as is preferred."""
        self._decide()
        self.theme = THEMES[self.preferences.theme].name
        is_quiet = is_over_ssh() or self.is_low_bandwidth
        self.animation_level = "none" if is_quiet else "full"
        self.refresh(layout=True)

    def prefer(self, key: str, value: Any) -> None:
        """Take a preference: at once, and in settings.yaml for the next start."""
        self.preferences = msgspec.structs.replace(self.preferences, **{key: value})
        self.apply_preferences()
        self._write(key, value)

    def _begin_with(self, theme: Theme) -> None:
        """Have a theme before style sheets are read: a change reads all of them anew, which delays the start."""
        self.set_reactive(Appearance.theme, theme.name)
        classes = {f"-theme-{theme.name}": True, "-dark-mode": theme.dark, "-light-mode": not theme.dark}
        self.update_classes(classes, update=False)
        self._refresh_truecolor_filter(self.ansi_theme)
        self.stylesheet.set_variables(self.get_css_variables())

    def _decide(self) -> None:
        preferred = self.preferences
        self.is_ascii = self._must_be_ascii or _is_on(preferred.ascii, auto=not can_show_unicode())
        self.is_low_bandwidth = self._must_save_bandwidth or _is_on(preferred.low_bandwidth, auto=False)

    @work(thread=True, group="settings")
    def _write(self, key: str, value: Any) -> None:
        path = config_dir() / "settings.yaml"
        try:
            with self._writing:
                write_preference(path, key, value)
        except (OSError, RlroboError) as err:
            reason = f"{path}: cannot be written: {err.strerror}" if isinstance(err, OSError) else str(err)
            text = f"{reason} The choice lasts until the app is left."
            self.call_from_thread(self.notify, text, severity="error", markup=False)


def _is_on(switch: str, *, auto: bool) -> bool:
    return auto if switch == "auto" else switch == "on"
