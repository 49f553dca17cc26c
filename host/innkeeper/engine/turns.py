"""Who may run now: at most so many at once, the rest wait in order, within their deadlines."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

import trio

from innkeeper.errors import LimitExceeded

WAITING_MAX: Final = 1024
WAIT_S_DEFAULT: Final = 30.0  # for a caller that names no deadline


class Turns:
    """Hands out `limit` turns, first come first served; at most `WAITING_MAX` wait."""

    __slots__ = ("_free", "_limit", "_name", "_waiting")

    def __init__(self, limit: int, name: str) -> None:
        self._limit = limit
        self._free = limit
        self._name = name
        self._waiting: OrderedDict[trio.lowlevel.Task, None] = OrderedDict()

    @property
    def idle(self) -> bool:
        """Whether nobody runs and nobody waits."""
        return self._free == self._limit and not self._waiting

    def take_now(self) -> bool:
        """Take a turn if one is free and nobody waits for it."""
        if self._free and not self._waiting:
            self._free -= 1
            return True
        return False

    async def wait(self, deadline: float | None) -> None:
        """Wait for a turn. `deadline` is in Trio time.

        Raises LimitExceeded: rate_limited where too many wait already, timeout where the turn does
        not come in time.
        """
        if len(self._waiting) >= WAITING_MAX:
            raise LimitExceeded(
                f"{self._name}: {self._limit} calls run and {WAITING_MAX} wait, which is all "
                "(concurrency_max)",
                code="rate_limited",
                retry_after_s=1.0,
            )
        if deadline is None:
            deadline = trio.current_time() + WAIT_S_DEFAULT
        with trio.CancelScope(deadline=deadline) as scope:
            await self._park()
        if scope.cancelled_caught:
            raise LimitExceeded(
                f"{self._name}: no turn within the deadline, {self._limit} calls run at once "
                "(concurrency_max)",
                code="timeout",
            )

    def give(self) -> None:
        """Give a turn back, or on to who waits longest."""
        if self._waiting:
            task, _ = self._waiting.popitem(last=False)
            trio.lowlevel.reschedule(task)
        else:
            self._free += 1

    async def _park(self) -> None:
        task = trio.lowlevel.current_task()
        self._waiting[task] = None

        def abort(_: object) -> trio.lowlevel.Abort:
            del self._waiting[task]
            return trio.lowlevel.Abort.SUCCEEDED

        await trio.lowlevel.wait_task_rescheduled(abort)
