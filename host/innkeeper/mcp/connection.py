"""One client of a line-based transport.

Theory of operation. One task at a time *leads*: it reads, and takes each request's first step on
the spot. A call that finishes at once never costs a task. When one suspends, the leader becomes
that call's task and another task takes the lead, so that the input (with its cancellations) is
always being read. Passing the lead costs a turn of the loop, so where the last call suspended the
next one gets a task from the start. A task that has finished its call takes one that waits.

The reading stops, and with it the client, while too much is under way (`JobTable`) or too many
answers lie unread. A leader that works for `slice_s` without a pause gives the other tasks a turn.

The end of the input ends everything: calls get `drain_s` to finish, then they are cancelled. An
output that nobody reads ends it at once.
"""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Final

import trio

from innkeeper.mcp import answers
from innkeeper.mcp.jobs import Job, JobTable
from innkeeper.mcp.lines import LineBuffer, TooLong
from innkeeper.mcp.messages import ProtocolError
from innkeeper.mcp.output import Output, PeerGoneError
from innkeeper.mcp.resumption import Suspended, first_step, rest_of
from innkeeper.mcp.revisions import INVALID_REQUEST

if TYPE_CHECKING:
    from innkeeper.mcp.descriptors import Input, Writer
    from innkeeper.mcp.server import McpServer

_LAST_WRITES_S: Final = 1.0  # for a peer that still reads after closing its end


class Connection:
    """Serves one client, from its first line to the end of its input."""

    def __init__(self, server: McpServer, source: Input, sink: Writer) -> None:
        self._server = server
        self._limits = server.limits
        self._source = source
        self._output = Output(sink, bytes_max=self._limits.output_bytes_max)
        self._lines = LineBuffer(self._limits.message_bytes_max)
        self._session = server.open_session(notify=self._output.notify)
        self._jobs = JobTable(self._session, self._limits)
        self._nursery: trio.Nursery
        self._resting = trio.lowlevel.ParkingLot()  # tasks that are ready to lead
        self._input_ended = False
        self._calls_suspend = False  # whether the last call did

    async def run(self) -> None:
        """Serve until the input ends or nobody reads the output."""
        try:
            async with trio.open_nursery() as self._nursery:
                self._nursery.start_soon(self._output.keep_writing)
                self._nursery.start_soon(self._server.watch_tools)
                self._nursery.start_soon(self._work)
        except BaseExceptionGroup as group:
            _reraise(group)
        finally:
            self._server.close_session(self._session)

    async def _work(self) -> None:
        """One task's life: lead, finish the call that suspended, and then whatever waits."""
        while True:
            answer = None
            with trio.CancelScope() as scope:
                job, suspended = await self._lead()
                self._jobs.begin(job, scope.cancel)
                self._pass_the_lead()
                answer = await rest_of(suspended)
            self._finish(job, None if scope.cancel_called else answer)
            await self._run_waiting()
            await self._resting.park()

    def _pass_the_lead(self) -> None:
        if self._resting:
            self._resting.unpark()
        else:
            self._nursery.start_soon(self._work)

    async def _lead(self) -> tuple[Job, Suspended[bytes]]:
        """Read messages and answer them, up to the first call that suspends."""
        turn_ends_s = perf_counter() + self._limits.slice_s
        while True:
            line = self._lines.take()
            if line is None:
                await self._read()
            else:
                started = self._start(line)
                if started is not None:
                    return started
                if perf_counter() < turn_ends_s and not self._jobs.has_waiting:
                    continue
                self._output.flush()
                await trio.lowlevel.checkpoint()
            await self._make_room()
            turn_ends_s = perf_counter() + self._limits.slice_s

    async def _read(self) -> None:
        self._output.flush()
        if self._input_ended:
            await self._leave()
        chunk = await self._source.read()
        if chunk:
            self._lines.feed(chunk)
        else:
            self._lines.end()
            self._input_ended = True

    async def _make_room(self) -> None:
        """Wait while more is under way than this client may have."""
        await self._jobs.wait_for_room()
        if self._output.is_full:
            await self._output.wait_while(full=True)

    def _start(self, line: bytes | TooLong) -> tuple[Job, Suspended[bytes]] | None:
        """Answer a message or see to it that it will be; a call that has suspended comes back."""
        if isinstance(line, TooLong):
            self._output.send(self._too_long())
            return None
        if not line or line.isspace():
            return None
        reply = self._session.receive(line)
        if reply is None:
            return None
        if isinstance(reply, bytes):
            self._output.send(reply)
            return None
        return self._start_job(Job(reply, len(line)))

    def _start_job(self, job: Job) -> tuple[Job, Suspended[bytes]] | None:
        if self._jobs.is_busy and not job.exchange.long_lived:
            self._jobs.queue(job)
            return None
        if self._calls_suspend:
            scope = trio.CancelScope()
            self._jobs.begin(job, scope.cancel)
            self._nursery.start_soon(self._run, job, scope)
            return None
        outcome = self._first_step(job)
        if isinstance(outcome, Suspended):
            return job, outcome
        self._output.send(outcome)
        return None

    def _first_step(self, job: Job) -> bytes | Suspended[bytes]:
        outcome = first_step(job.exchange.answer(self._output.notify))
        self._calls_suspend = isinstance(outcome, Suspended)
        return outcome

    async def _run(self, job: Job, scope: trio.CancelScope) -> None:
        """A call in a task of its own, and then those that wait."""
        await self._run_one(job, scope)
        await self._run_waiting()

    async def _run_waiting(self) -> None:
        while self._jobs.has_waiting:
            job = self._jobs.take_waiting()
            scope = trio.CancelScope()
            self._jobs.begin(job, scope.cancel)
            await self._run_one(job, scope)
            await trio.lowlevel.checkpoint()  # calls that never suspend must not fill the turn

    async def _run_one(self, job: Job, scope: trio.CancelScope) -> None:
        answer = None
        with scope:
            if not scope.cancel_called:
                outcome = self._first_step(job)
                answer = await rest_of(outcome) if isinstance(outcome, Suspended) else outcome
        self._finish(job, None if scope.cancel_called else answer)

    def _finish(self, job: Job, answer: bytes | None) -> None:
        """Send the answer; a cancelled call (None) gets none."""
        self._jobs.end(job)
        if answer is None:
            return
        self._output.send(answer)
        if self._jobs.is_running:
            self._output.flush_soon()  # others may finish in this very turn
        else:
            self._output.flush()

    def _too_long(self) -> bytes:
        return answers.error(
            ProtocolError(
                INVALID_REQUEST,
                f"a message is over {self._limits.message_bytes_max} bytes",
                data={"code": "payload_too_large"},
            )
        )

    async def _leave(self) -> None:
        """After the end of the input: let go of everything, and end all tasks."""
        self._session.end_subscriptions()
        with trio.move_on_after(self._limits.drain_s):
            await self._jobs.wait_for_all()
        self._session.cancel_all()
        self._output.flush()
        with trio.move_on_after(_LAST_WRITES_S):
            await self._output.wait_while(full=False)
        self._nursery.cancel_scope.cancel()
        await trio.lowlevel.checkpoint()


def _reraise(group: BaseExceptionGroup[BaseException]) -> None:
    """Raise what is left of `group` without the absence of a reader, an interrupt by itself."""
    _, others = group.split(PeerGoneError)
    if others is None:
        return
    if others.subgroup(KeyboardInterrupt) is not None:
        raise KeyboardInterrupt from None
    raise others
