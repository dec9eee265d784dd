"""The second step of a new run: algorithm and preset in one list, and every setting that can differ from them."""

from __future__ import annotations

from functools import partial

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import OptionList, Static

from engine.protocol.algorithms import ALGORITHMS
from engine.protocol.presets import preset_names, preset_words
from engine.protocol.settings import read_settings
from rlrobo_tui.quantities import count_of
from rlrobo_tui.run_card import preset_page, setting_page, tuned_algorithms
from rlrobo_tui.run_form import FIELDS, Answers, Problem, judge, with_setting
from rlrobo_tui.run_settings import Setting, flow, settings_of, value_of
from rlrobo_tui.screens.edit_setting import EditSetting
from rlrobo_tui.struct_docs import first_line
from rlrobo_tui.widgets.choice_list import Choice, ChoiceList, Group
from rlrobo_tui.widgets.form_field import FormField
from rlrobo_tui.widgets.form_step import Answered, Explained, FormState, FormStep
from robots.registry import TASKS


class AlgorithmStep(FormStep):
    """Presets of every algorithm, the run's length and seed, and the other settings on demand."""

    TITLE = "Algorithm"
    ANSWERS = ("steps", "seed", "overrides")

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self.is_open = False
        """Whether the other settings are in sight."""
        self._state: FormState | None = None
        self._target = ""

    def compose(self) -> ComposeResult:
        """Lay out the presets, the fields and the settings."""
        yield ChoiceList(id="presets")
        yield FormField("steps", "timesteps", note="such as 200k or 1e6")
        yield FormField("seed", "seed", note="same seed, same training")
        yield Static(id="more")
        yield ChoiceList(id="settings")
        yield FormField("overrides", "set", note="key=value, …: anything else")

    def on_mount(self) -> None:
        """Begin without the settings."""
        self.query_one("#settings").display = False

    def show(self, state: FormState) -> None:
        """Show presets, fields and settings."""
        super().show(state)
        self._state = state
        answers = state.answers
        presets, chosen = self.query_one("#presets", ChoiceList), f"{answers.algorithm}/{answers.preset}"
        if answers.target != self._target or presets.chosen != chosen:
            self._target = answers.target
            presets.fill(_presets(answers.target), chosen)
        self._hint(state)
        self._show_settings(state)

    def explain(self, state: FormState) -> tuple[str, Content]:
        """Return what is known of the preset, or of the setting under the cursor."""
        setting = self._setting() if self.query_one("#settings").has_focus else self.setting_in_focus(state)
        if setting is None:
            return "algorithm and preset", preset_page(state.config, state.answers)
        return "setting", setting_page(setting, state.config)

    def toggle(self) -> None:
        """Show the other settings, or hide them."""
        self.is_open = not self.is_open
        settings = self.query_one("#settings", ChoiceList)
        settings.display = self.is_open
        self.set_class(self.is_open, "-open")
        if self._state is not None:
            self._show_settings(self._state)
        if self.is_open:
            settings.focus()
            if not settings.chosen:
                settings.action_first()
        else:
            self.query_one("#presets").focus()

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Take a preset, or explain a setting."""
        event.stop()
        if event.option_list.id == "presets" and event.option_id:
            algorithm, _, preset = event.option_id.partition("/")
            self.post_message(Answered(algorithm=algorithm, preset=preset))
        self.post_message(Explained())

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Let the user type another value for a setting."""
        setting, state = self._setting(), self._state
        if event.option_list.id != "settings" or setting is None or state is None:
            return
        event.stop()
        dialog = EditSetting(
            setting,
            state.config,
            preset_value=_preset_value(state, setting),
            judge=partial(_judge, state.answers, setting),
        )
        self.app.push_screen(dialog, partial(self._take, setting))

    def _take(self, setting: Setting, text: str | None) -> None:
        if text is None or self._state is None:
            return
        self.post_message(Answered(settings=with_setting(self._state.answers, setting.key, text).settings))

    def _setting(self) -> Setting | None:
        key = self.query_one("#settings", ChoiceList).chosen
        return next((each for each in self._settings() if each.key == key), None)

    def _settings(self) -> list[Setting]:
        """Return the settings that have no field of their own."""
        if self._state is None:
            return []
        answers = self._state.answers
        taken = [key for key, _ in FIELDS.values()]
        return [each for each in settings_of(answers.algorithm, TASKS.get(answers.target)) if each.key not in taken]

    def _hint(self, state: FormState) -> None:
        hints = {"steps": f"{state.config.total_timesteps:,}", "seed": flow(state.config.seed)}
        for each in self.query(FormField):
            if each.field in hints and not getattr(state.answers, each.field):
                each.hint(hints[each.field])

    def _show_settings(self, state: FormState) -> None:
        changed = len(state.answers.settings)
        mark = "▾" if self.is_open else "▸"
        words = f", {count_of(changed, 'change')}" if changed else ""
        self.query_one("#more", Static).update(
            Content.assemble((f"{mark} {len(self._settings())} more settings{words}", "$accent"), ("   ^t", "$primary"))
        )
        if self.is_open:
            settings = self.query_one("#settings", ChoiceList)
            settings.fill(_setting_groups(self._settings(), state), settings.chosen)


def _presets(task: str) -> list[Group]:
    tuned = tuned_algorithms(task)
    groups: list[Group] = []
    for name in sorted(ALGORITHMS, key=lambda name: name not in tuned):
        heading = Content.assemble((name.upper(), "$accent bold"), "  ", (first_line(ALGORITHMS[name]), "$muted"))
        choices = [
            Choice(
                f"{name}/{preset}", Content.assemble(f"  {preset:<9}", (_first_sentence(task, name, preset), "$muted"))
            )
            for preset in preset_names(task, name)
        ]
        groups.append(Group(heading, tuple(choices)))
    return groups


def _first_sentence(task: str, algorithm: str, preset: str) -> str:
    return preset_words(task, algorithm, preset).partition(". ")[0].rstrip(".") + "."


def _setting_groups(settings: list[Setting], state: FormState) -> list[Group]:
    groups: list[Group] = []
    for name in dict.fromkeys(each.group for each in settings):
        lines = [Choice(each.key, _line(each, state)) for each in settings if each.group == name]
        groups.append(Group(Content.styled(name, "$accent bold"), tuple(lines)))
    return groups


def _line(setting: Setting, state: FormState) -> Content:
    changed = state.answers.settings.get(setting.key)
    value = changed if changed is not None else flow(value_of(state.config, setting.key))
    return Content.assemble(
        ("* " if changed is not None else "  ", "$warning bold"),
        setting.key.rpartition(".")[2].ljust(24),
        (value.ljust(22), "$warning" if changed is not None else "$foreground"),
        (f" default {setting.default}", "$muted"),
    )


def _preset_value(state: FormState, setting: Setting) -> str:
    config = judge(with_setting(state.answers, setting.key, ""), read_settings())
    return "" if isinstance(config, Problem) else flow(value_of(config, setting.key))


def _judge(answers: Answers, setting: Setting, text: str) -> str:
    """Return what is wrong with a value, or nothing."""
    found = judge(with_setting(answers, setting.key, text), read_settings())
    return found.sentence if isinstance(found, Problem) and found.field == "settings" else ""
