"""The keys of the list of runs that sort, group and mark; the app's memory holds what was chosen."""

from __future__ import annotations

from collections.abc import Sequence

from engine.protocol.errors import UnknownNameError
from engine.protocol.summary import RunSummary
from rlrobo_tui.run_order import SORTABLE, Grouping, Order, parse_order
from rlrobo_tui.screens.page import Page


class RunArranging(Page[None]):
    """What the list adds its runs to."""

    @property
    def shown(self) -> Sequence[RunSummary]:
        """The runs that the filter lets through."""
        raise NotImplementedError

    def draw(self) -> None:
        """Draw what was chosen."""
        raise NotImplementedError

    def action_down(self) -> None:
        """Move to the next run."""
        raise NotImplementedError

    @property
    def has_marks(self) -> bool:
        """Whether a run is marked."""
        return bool(self.rlrobo.memory.marks)

    @property
    def order(self) -> Order:
        """By what the runs are sorted."""
        try:
            return parse_order(self.rlrobo.memory.runs.sort)
        except UnknownNameError:  # another version of the app wrote it
            return Order()

    @property
    def grouping(self) -> Grouping:
        """What the runs of one group have in common."""
        return next((each for each in Grouping if each.value == self.rlrobo.memory.runs.group), Grouping.NONE)

    def sort(self, order: Order) -> None:
        """Sort by something else."""
        self.rlrobo.memory.runs.sort = order.text
        self.draw()

    def action_sort(self) -> None:
        """Sort by the next column."""
        self.sort(Order(SORTABLE[(SORTABLE.index(self.order.column) + 1) % len(SORTABLE)]))

    def action_reverse(self) -> None:
        """Turn the order round."""
        self.sort(Order(self.order.column, not self.order.is_reversed))

    def action_group(self) -> None:
        """Use the next grouping."""
        every = list(Grouping)
        self.rlrobo.memory.runs.group = every[(every.index(self.grouping) + 1) % len(every)].value
        self.draw()

    def action_mark(self) -> None:
        """Mark the selected run or take its mark off, and go to the next one."""
        marks = self.rlrobo.memory.marks
        if self.run_id in marks:
            marks.remove(self.run_id)
        else:
            marks.append(self.run_id)
        self.action_down()
        self.draw()

    def action_mark_all(self) -> None:
        """Mark all that are shown."""
        marks = self.rlrobo.memory.marks
        marks += [run.id for run in self.shown if run.id not in marks]
        self.draw()

    def action_unmark_all(self) -> None:
        """Take all marks off."""
        self.rlrobo.memory.marks.clear()
        self.draw()
