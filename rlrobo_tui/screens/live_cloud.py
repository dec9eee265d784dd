"""What the live page knows of a run in the cloud beyond its events: costs, attempts, and who follows it."""

from __future__ import annotations

import threading

from textual import work
from textual.message import Message

from cloud.attach import ensure_link
from engine.protocol.errors import StorageError
from engine.protocol.run_dir import RunDir
from rlrobo_tui.cloud_runs import CloudRun, read_cloud_run
from rlrobo_tui.cloud_situations import cloud_notices
from rlrobo_tui.screens.page import Page

POLL_S = 1.0


class CloudKeys(Page[None]):
    """Mix-in for the live page. A run of this machine costs it one look for a file."""

    class CloudTold(Message):
        """The run's files below cloud/ tell something new."""

        def __init__(self, cloud: CloudRun) -> None:
            super().__init__()
            self.cloud = cloud

    class Followed(Message):
        """The run is followed again, or it could not be."""

        def __init__(self, error: StorageError | None) -> None:
            super().__init__()
            self.error = error

    run_dir: RunDir
    cloud: CloudRun | None = None
    """None: it trains, or trained, on this machine."""

    def draw_cloud(self) -> None:
        """Show what changed."""
        raise NotImplementedError

    @property
    def may_attach(self) -> bool:
        """Whether the run goes on in the cloud and nothing here follows it."""
        return self.cloud is not None and self.cloud.is_active and not self.cloud.is_followed

    @work(thread=True, exclusive=True, group="cloud", exit_on_error=False)
    def watch_cloud(self, left: threading.Event) -> None:
        """Read the files until the page was `left`."""
        known = None
        while (cloud := read_cloud_run(self.run_dir)) is not None:
            if cloud != known:
                known = cloud
                self.post_message(self.CloudTold(cloud))
            if left.wait(POLL_S):
                return

    @work(thread=True, exclusive=True, group="attach")
    def action_attach(self) -> None:
        """Follow the run from here again."""
        error = None
        try:
            ensure_link(self.run_dir)
        except StorageError as err:
            error = err
        self.post_message(self.Followed(error))

    def on_cloud_keys_cloud_told(self, message: CloudTold) -> None:
        """Keep it, and notify of what happened."""
        before, self.cloud = self.cloud, message.cloud
        for text, severity in cloud_notices(before, message.cloud) if before is not None else ():
            self.notify(text, severity=severity, markup=False)
        self.draw_cloud()

    def on_cloud_keys_followed(self, message: Followed) -> None:
        """Say how it went; the banner goes when the follower has its lock."""
        if message.error is None:
            self.notify("The run is followed from here again.")
        else:
            self.notify(str(message.error), severity="error", markup=False)
