"""The panel beside the chart: what the return is made of, how episodes end, what varies, how learning goes."""

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from rlrobo_tui.glossary import short_name
from rlrobo_tui.health import Hint, hints
from rlrobo_tui.quantities import number, percent
from rlrobo_tui.run_view import RunView
from rlrobo_tui.time_use import efficiency_sentence, time_shares
from rlrobo_tui.widgets.text_bars import share_bars, signed_bars, value_rows

WAITING = Content.styled("comes with the first episode", "$muted")

HOST = (("host/cpu_percent", "processor"), ("host/gpu_percent", "GPU"), ("host/memory_percent", "memory"))


class SidePanel(VerticalScroll, can_focus=True):
    """Boxes that say what they wait for while they are empty; what varies has one where something does."""

    def compose(self) -> ComposeResult:
        """Lay out the boxes."""
        for name, title in (
            ("health", "! look at"),
            ("terms", "reward terms, mean episode"),
            ("endings", "episodes end by"),
            ("variation", "levels and draws"),
            ("losses", "learning"),
            ("time", "time goes into"),
            ("host", "machine"),
        ):
            box = Static(WAITING, id=name, classes="box")
            box.border_title = title
            yield box

    def __init__(self, *, id: str, classes: str) -> None:
        super().__init__(id=id, classes=classes)
        self._view: RunView | None = None

    def on_resize(self) -> None:
        """Draw what was shown before the panel had room, and fit bars into another width."""
        if self._view is not None:
            self.show(self._view)

    def show(self, view: RunView) -> None:
        """Draw the state of `view`, where there is room for the panel."""
        self._view = view
        if not self.is_on_screen:
            return
        width = max(20, self.query_one("#terms", Static).content_size.width)
        terms = reward_terms(view)
        self._put("#terms", signed_bars(terms, width=width) if terms else WAITING)
        endings = ending_shares(view)
        self._put("#endings", share_bars(endings, width=width) if endings else WAITING)
        varying = variation(view)
        self.query_one("#variation", Static).display = bool(varying)
        self._put("#variation", value_rows(varying, width=width))
        found = hints(view)
        self.query_one("#health", Static).display = bool(found)
        self._put("#health", advice(found))
        self._put("#losses", learning(view, odd={hint.metric for hint in found}, width=width))
        self._put("#time", time_use(view, width=width))
        machine = host(view, width=width)
        self.query_one("#host", Static).display = bool(machine)
        self._put("#host", machine)

    def _put(self, selector: str, content: Content) -> None:
        """Lay out the screen again only when a box needs another height; that is what costs."""
        box = self.query_one(selector, Static)
        if box.content == content:
            return
        needed = content.get_height({}, max(1, box.content_size.width))
        box.update(content, layout=needed != box.content_size.height)


def reward_terms(view: RunView) -> dict[str, float]:
    """Return each reward term's weighted sum over an episode: the mean of 100 episodes, or of the latest ones."""
    windowed = {
        short_name(name): series[-1].value for name, series in view.series.items() if name.startswith("reward/")
    }
    return windowed or view.reward_sums


def ending_shares(view: RunView) -> dict[str, float]:
    """Return the part of the recent episodes that each cause ended, the largest first."""
    series = {name: points for name, points in view.series.items() if name.startswith("termination/")}
    newest = max((points[-1].step for points in series.values()), default=0)
    # A cause that no recent episode had is not measured any more; its last value is history.
    shares = {short_name(name): points[-1].value for name, points in series.items() if points[-1].step == newest}
    if not shares and view.num_episodes:
        shares = {name: number / view.num_episodes for name, number in view.terminations.items()}
    return dict(sorted(shares.items(), key=lambda item: -item[1]))


def variation(view: RunView) -> list[tuple[str, str, str]]:
    """Return a row for each curriculum's level and for what each randomisation drew, on average."""
    levels = [name for name in view.series if name.startswith("curriculum/")]
    draws = [name for name in view.series if name.startswith("randomization/")]
    return [
        *((f"{short_name(name)} (level)", percent(view.series[name][-1].value), "$accent") for name in levels),
        *((short_name(name), number(view.latest(name)), "") for name in draws),
    ]


def advice(found: list[Hint]) -> Content:
    """Return each hint in a line of its own."""
    lines = [Content.styled(f"{short_name(hint.metric)}: {hint.text}", "$warning") for hint in found]
    return Content("\n").join(lines)


def learning(view: RunView, *, odd: set[str], width: int) -> Content:
    """Return the latest training metrics; those that look odd have a sign."""
    names = sorted(name for name in view.series if name.startswith("train/") and name != "train/n_updates")
    if not names:
        return Content.styled("comes with the first update", "$muted")
    rows = [
        (
            short_name(name),
            ("! " if name in odd else "") + number(view.latest(name)),
            "$warning bold" if name in odd else "",
        )
        for name in names
    ]
    return value_rows(rows, width=width)


def host(view: RunView, *, width: int) -> Content:
    """Return a bar for processor, memory and GPU of the machine that trains; empty where they are not measured."""
    shares = {label: value / 100 for metric, label in HOST if (value := view.latest(metric)) is not None}
    if not shares:
        return Content("")
    used = view.latest("host/memory_bytes")
    lines = [share_bars(shares, width=width)]
    if used is not None:
        lines.append(Content.styled(f"{used / 2**30:.1f} GiB of memory in use", "$muted"))
    return Content("\n").join(lines)


def time_use(view: RunView, *, width: int) -> Content:
    """Return a bar for each phase of training, then how near sampling is to what is possible."""
    shares = time_shares(view)
    if not shares:
        return Content.styled("comes with the first update", "$muted")
    sentence = efficiency_sentence(view)
    advice = [Content.styled(sentence, "$muted")] if sentence else []
    return Content("\n").join([share_bars(shares, width=width), *advice])
