"""A small window to change one setting: what it means, what it may be, and what is wrong with what is typed."""

from collections.abc import Callable

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from engine.protocol.config import RunConfig
from rlrobo_tui.actions.registry import bindings_of
from rlrobo_tui.run_card import setting_page
from rlrobo_tui.run_settings import Setting, flow, value_of


class EditSetting(ModalScreen[str | None]):
    """Closes with the new value, with an empty one for the preset's, or with None."""

    BINDINGS = bindings_of("overlay")

    def __init__(self, setting: Setting, config: RunConfig, *, preset_value: str, judge: Callable[[str], str]) -> None:
        """`config` holds its present value, the preset another one; `judge` returns what is wrong with a third."""
        super().__init__()
        self._setting, self._config, self._preset_value, self._judge = setting, config, preset_value, judge

    def compose(self) -> ComposeResult:
        """Lay out the explanation, the field and the place for what is wrong."""
        with Vertical(id="dialog") as dialog:
            dialog.border_title = "change a setting"
            dialog.border_subtitle = "enter take it · nothing: as the preset · esc close"
            yield Static(setting_page(self._setting, self._config), id="meaning")
            yield Input(flow(value_of(self._config, self._setting.key)), id="value", compact=True)
            yield Static(id="verdict", markup=False)

    def on_mount(self) -> None:
        """Let the user type."""
        self.query_one(Input).focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Judge what is typed."""
        self._say(self._judge(event.value.strip()))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Close with what is typed, unless something is wrong with it."""
        text = event.value.strip()
        problem = self._judge(text)
        if problem:
            self._say(problem)
            return
        self.dismiss("" if text == self._preset_value else text)

    def action_close(self) -> None:
        """Close without a change."""
        self.dismiss(None)

    def _say(self, problem: str) -> None:
        typed = self.query_one(Input).value.strip()
        fine = "allowed" if typed else f"as the preset: {self._preset_value}"
        text = Content.styled(f"✗ {problem}", "$error") if problem else Content.styled(f"✓ {fine}", "$success")
        self.query_one("#verdict", Static).update(text)
