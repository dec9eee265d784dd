"""The keys of the cloud page that are about the whole account: a child process asks AWS, and ends what nobody needs."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import msgspec
from textual.message import Message

from cloud.sweep import Sweep
from engine.protocol.errors import RlroboError
from rlrobo_tui.account import Account
from rlrobo_tui.child_job import ChildJob, Order
from rlrobo_tui.quantities import count_of
from rlrobo_tui.screens.dialogs import Confirm
from rlrobo_tui.screens.page import Page

FRESH_S = 60.0
"""An answer of AWS is good for so long; opening the page again does not ask again."""
CHILD = "rlrobo_tui.commands.cloud_account"
ROOT = Path(__file__).parents[2]
"""Where this package is; a user's own folder must not come before it."""


class AccountKeys(Page[None]):
    """Mix-in for the cloud page."""

    class Told(Message):
        """The child told what the account holds."""

        def __init__(self, sweep: Sweep) -> None:
            super().__init__()
            self.sweep = sweep

    class AskingOver(Message):
        """The child ended, with what went wrong."""

        def __init__(self, error: RlroboError | None) -> None:
            super().__init__()
            self.error = error

    def __init__(self) -> None:
        super().__init__()
        self._job: ChildJob | None = None
        self._is_removing = False

    @property
    def regions(self) -> list[str]:
        """Regions to ask besides that of the user's AWS settings."""
        raise NotImplementedError

    @property
    def has_orphans(self) -> bool:
        """Whether the last look found an instance that nobody needs."""
        account = self.rlrobo.account
        return account is not None and bool(account.orphans)

    def draw_account(self) -> None:
        """Show what is known of the account."""
        raise NotImplementedError

    def ask_if_old(self) -> None:
        """Ask, unless that was done a moment ago."""
        account = self.rlrobo.account
        if account is None or time.time() - account.asked_at > FRESH_S:
            self._ask([])

    def stop_asking(self) -> None:
        """End the child, unless it removes something; whoever opens the page next asks anew."""
        if self._job is None:
            return
        if not self._is_removing:
            self._job.stop()
        account = self.rlrobo.account
        if account is not None:
            known = msgspec.structs.replace(account, asked_at=0.0, is_asking=False)
            self.rlrobo.account = known if known.sweep is not None else None

    def action_refresh(self) -> None:
        """Ask AWS."""
        self._ask([])

    def action_end_orphans(self) -> None:
        """Ask the user, then end them."""
        account = self.rlrobo.account
        orphans = account.orphans if account else ()
        if not orphans:  # the palette offered it, and they ended meanwhile
            return
        what = [f"{each.kind.value} {each.id} in {each.region}: {each.reason}." for each in orphans]
        consequence = "\n".join([*what, "What runs saved in S3 stays."])
        question = Confirm(f"End {count_of(len(orphans), 'orphan')}?", consequence=consequence, verb="End")
        words = [word for each in orphans for word in ("--remove", each.id)]
        self.app.push_screen(question, lambda is_yes: self._ask(words) if is_yes else None)

    def on_account_keys_told(self, message: Told) -> None:
        """Keep what the child told."""
        self.rlrobo.account = Account(asked_at=time.time(), sweep=message.sweep)
        self.draw_account()

    def on_account_keys_asking_over(self, message: AskingOver) -> None:
        """Say what went wrong."""
        self._job = None
        account = self.rlrobo.account or Account(asked_at=time.time())
        error = str(message.error) if message.error else ""
        self.rlrobo.account = msgspec.structs.replace(account, error=error, is_asking=False)
        self.draw_account()

    def _ask(self, arguments: list[str]) -> None:
        if self._job is not None:
            return
        regions = [word for region in self.regions for word in ("--region", region)]
        account = self.rlrobo.account or Account(asked_at=time.time())
        self.rlrobo.account = msgspec.structs.replace(account, asked_at=time.time(), error="", is_asking=True)
        self._is_removing = bool(arguments)
        order = Order(module=CHILD, arguments=[*regions, *arguments], folder=ROOT)
        self._job = ChildJob(order, listen=self._listen, over=lambda error: self.post_message(self.AskingOver(error)))
        self.draw_account()

    def _listen(self, message: dict[str, Any]) -> None:
        if "sweep" in message:
            self.post_message(self.Told(msgspec.convert(message["sweep"], Sweep)))
