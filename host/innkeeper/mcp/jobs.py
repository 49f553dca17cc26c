"""The requests of one connection that take time: those that run, and those that wait."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from innkeeper.mcp.exchanges import Exchange
    from innkeeper.mcp.limits import Limits
    from innkeeper.mcp.messages import RequestId
    from innkeeper.mcp.session import Session


class Job:
    """A request under way, and how long its message was."""

    __slots__ = ("exchange", "size_bytes")

    def __init__(self, exchange: Exchange, size_bytes: int) -> None:
        self.exchange = exchange
        self.size_bytes = size_bytes


class JobTable:
    """Counts jobs and keeps the session informed of the ids in use.

    `in_flight_max` jobs and `in_flight_bytes_max` of messages run at a time, besides those that
    only listen; as many bytes again, and `waiting_max` jobs, may wait.
    """

    def __init__(self, session: Session, limits: Limits) -> None:
        self._session = session
        self._limits = limits
        self._running = 0
        self._running_bytes = 0
        self._listening = 0
        self._waiting: OrderedDict[RequestId, Job] = OrderedDict()
        self._waiting_bytes = 0
        self._change = trio.lowlevel.ParkingLot()

    @property
    def is_running(self) -> bool:
        """Whether any job does work."""
        return self._running > 0

    @property
    def is_busy(self) -> bool:
        """Whether the next job has to wait."""
        return (
            self._running >= self._limits.in_flight_max
            or self._running_bytes >= self._limits.in_flight_bytes_max
        )

    @property
    def has_waiting(self) -> bool:
        """Whether `take_waiting` has something."""
        return bool(self._waiting)

    @property
    def _is_overfull(self) -> bool:
        return (
            len(self._waiting) >= self._limits.waiting_max
            or self._waiting_bytes >= self._limits.in_flight_bytes_max
        )

    def begin(self, job: Job, cancel: Callable[[], object]) -> None:
        """A job runs from now on; `cancel` ends it."""
        self._session.began(job.exchange.id, cancel)
        if job.exchange.long_lived:
            self._listening += 1
        else:
            self._running += 1
            self._running_bytes += job.size_bytes

    def end(self, job: Job) -> None:
        """A job runs no more."""
        self._session.ended(job.exchange.id)
        if job.exchange.long_lived:
            self._listening -= 1
        else:
            self._running -= 1
            self._running_bytes -= job.size_bytes
        self._change.unpark_all()

    def queue(self, job: Job) -> None:
        """A job waits; cancelling it means forgetting it."""
        request_id = job.exchange.id
        self._waiting[request_id] = job
        self._waiting_bytes += job.size_bytes
        self._session.began(request_id, partial(self._forget, request_id))

    def take_waiting(self) -> Job:
        """The job that has waited longest."""
        _, job = self._waiting.popitem(last=False)
        self._waiting_bytes -= job.size_bytes
        self._change.unpark_all()
        return job

    async def wait_for_room(self) -> None:
        """Wait while as many jobs wait as may."""
        while self._is_overfull:
            await self._change.park()

    async def wait_for_all(self) -> None:
        """Wait until nothing is under way."""
        while self._running or self._waiting or self._listening:
            await self._change.park()

    def _forget(self, request_id: RequestId) -> None:
        job = self._waiting.pop(request_id)
        self._waiting_bytes -= job.size_bytes
        self._session.ended(request_id)
        self._change.unpark_all()
