"""Follow one run: read its new events, fold them into a RunView and notice when its engine dies."""

from engine.protocol.json_lines import event_reader
from engine.protocol.lock import read_holder
from engine.protocol.run_dir import RunDir
from rlrobo_tui.run_view import RunView


class RunTail:
    """The view of one run, brought up to date by `poll`. Not thread-safe: one thread polls, others read copies."""

    def __init__(self, run: RunDir) -> None:
        self.run = run
        self.view = RunView(run_id=run.id)
        self.num_events = 0
        """How many events were read."""
        self._reader = event_reader(run.events)
        self._was_alive = False

    @property
    def num_corrupt(self) -> int:
        """Lines of the event file that could not be read."""
        return self._reader.num_corrupt

    def poll(self) -> bool:
        """Read what is new; return whether the view changed. Never blocks on the engine."""
        # The order matters: an engine that is dead before the read has written all it ever will.
        is_alive = self._may_engine_live()
        events = self._reader.read_new()
        self.view.fold(events)
        self.num_events += len(events)
        was_over = self.view.status.is_over
        if not was_over and not is_alive and (self._was_alive or self.view.started_at is not None):
            self.view.mark_dead()
        self._was_alive = is_alive
        return bool(events) or self.view.status.is_over != was_over

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come."""
        return self.view.status.is_over

    def _may_engine_live(self) -> bool:
        """An engine on another machine counts as alive: only its own machine can tell."""
        holder = read_holder(self.run.lock_file)
        return holder is not None and (not holder.is_here or holder.is_alive)
