"""MCP over a pair of descriptors: one JSON-RPC message a line (all revisions, transports/stdio).

Theory of operation. One task at a time *leads*: it reads, and takes each request's first step on
the spot. A call that finishes at once never costs a task. When one suspends, the leader becomes
that call's task and another task takes the lead, so that the input (with its cancellations) is
always being read. A task that has finished its call takes a waiting one, or rests until it leads
again.

Bounds: `in_flight_max` suspended calls, `waiting_max` calls behind them, `output_bytes_max` of
answers that the peer does not take. Over any of them the reading stops. A leader that works for
`slice_s` without a pause lets the other tasks have a turn.

The end of the input ends the server: calls get `drain_s` to finish, then they are cancelled. So
does an output that nobody reads.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Final

import trio

from innkeeper.mcp import answers
from innkeeper.mcp.descriptors import Input, Writer, private
from innkeeper.mcp.lines import LineBuffer, TooLong
from innkeeper.mcp.messages import ProtocolError, RequestId
from innkeeper.mcp.output import Output, PeerGoneError
from innkeeper.mcp.resumption import Suspended, first_step, rest_of
from innkeeper.mcp.revisions import INVALID_REQUEST
from innkeeper.mcp.server import McpServer

if TYPE_CHECKING:
    from innkeeper.mcp.exchanges import Exchange
    from innkeeper.mcp.hosting import Host
    from innkeeper.mcp.limits import Limits

_LAST_WRITES_S: Final = 1.0  # for a peer that still reads after closing its end


async def serve_stdio(
    host: Host,
    *,
    version: str,
    stdin_fd: int = 0,
    stdout_fd: int = 1,
    limits: Limits | None = None,
) -> None:
    """Serve one client until it closes `stdin_fd` or stops reading `stdout_fd`.

    While it runs, nothing but the protocol reaches the client: where the descriptors are the
    process's own, other output to 1 goes to stderr, and 0 reads as empty. Both are put back.
    """
    server = McpServer(host, version=version, limits=limits)
    with private(stdin_fd, stdout_fd) as (source_fd, sink_fd), Writer(sink_fd) as writer:
        await _Connection(server, Input(source_fd), writer).run()


class _Job:
    """A request under way, and how long its message was."""

    __slots__ = ("exchange", "size_bytes")

    def __init__(self, exchange: Exchange, size_bytes: int) -> None:
        self.exchange = exchange
        self.size_bytes = size_bytes


class _Connection:
    """One client, from its first line to the end of its input."""

    def __init__(self, server: McpServer, source: Input, sink: Writer) -> None:
        self._server = server
        self._limits = server.limits
        self._source = source
        self._output = Output(sink, bytes_max=self._limits.output_bytes_max)
        self._lines = LineBuffer(self._limits.message_bytes_max)
        self._session = server.open_session(notify=self._output.notify)
        self._nursery: trio.Nursery
        self._resting = trio.lowlevel.ParkingLot()  # tasks that are ready to lead
        self._jobs: dict[RequestId, _Job] = {}  # suspended calls
        self._jobs_bytes = 0
        self._open_streams = 0  # suspended exchanges that only listen
        self._waiting: OrderedDict[RequestId, _Job] = OrderedDict()
        self._waiting_bytes = 0
        self._change = trio.lowlevel.ParkingLot()  # where the leader waits for jobs to end
        self._ended = False

    async def run(self) -> None:
        """Serve until the input ends or nobody reads the output."""
        try:
            async with trio.open_nursery() as self._nursery:
                self._nursery.start_soon(self._output.keep_writing)
                self._nursery.start_soon(self._server.watch_tools)
                self._nursery.start_soon(self._work)
        except* PeerGoneError:
            pass
        finally:
            self._server.close_session(self._session)

    async def _work(self) -> None:
        """One task's life: lead, finish the call that suspended, and then whatever waits."""
        while True:
            answer = None
            with trio.CancelScope() as scope:
                job, suspended = await self._lead()
                self._begin(job, scope)
                self._pass_the_lead()
                answer = await rest_of(suspended)
            self._finish(job, None if scope.cancel_called else answer)
            while self._waiting:
                await self._run_waiting()
                await trio.lowlevel.checkpoint()
            await self._resting.park()

    def _pass_the_lead(self) -> None:
        if self._resting:
            self._resting.unpark()
        else:
            self._nursery.start_soon(self._work)

    async def _lead(self) -> tuple[_Job, Suspended[bytes]]:
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
                if perf_counter() < turn_ends_s and not self._waiting:
                    continue
                self._output.flush()
                await trio.lowlevel.checkpoint()
            await self._make_room()
            turn_ends_s = perf_counter() + self._limits.slice_s

    async def _read(self) -> None:
        self._output.flush()
        if self._ended:
            await self._leave()
        chunk = await self._source.read()
        if chunk:
            self._lines.feed(chunk)
        else:
            self._lines.end()
            self._ended = True

    async def _make_room(self) -> None:
        """Wait while more is under way than this peer may have."""
        limits = self._limits
        while (
            len(self._waiting) >= limits.waiting_max
            or self._waiting_bytes >= limits.in_flight_bytes_max
        ):
            await self._change.park()
        if self._output.is_full:
            await self._output.wait_while(full=True)

    def _start(self, line: bytes | TooLong) -> tuple[_Job, Suspended[bytes]] | None:
        """Answer one message, or queue it; the request if it has started and suspended."""
        if isinstance(line, TooLong):
            self._output.send(self._refusal())
            return None
        reply = self._session.receive(line) if line and not line.isspace() else None
        if reply is None:
            return None
        if isinstance(reply, bytes):
            self._output.send(reply)
            return None
        job = _Job(reply, len(line))
        if self._is_busy and not reply.long_lived:
            self._queue(job)
            return None
        outcome = first_step(reply.answer(self._output.notify))
        if isinstance(outcome, Suspended):
            return job, outcome
        self._output.send(outcome)
        return None

    def _refusal(self) -> bytes:
        most = self._limits.message_bytes_max
        return answers.error(
            ProtocolError(
                INVALID_REQUEST,
                f"a message may have {most} bytes",
                data={"code": "payload_too_large"},
            )
        )

    @property
    def _is_busy(self) -> bool:
        return (
            len(self._jobs) >= self._limits.in_flight_max
            or self._jobs_bytes >= self._limits.in_flight_bytes_max
        )

    def _queue(self, job: _Job) -> None:
        request_id = job.exchange.id
        self._waiting[request_id] = job
        self._waiting_bytes += job.size_bytes
        self._session.began(request_id, partial(self._drop_waiting, request_id))

    def _drop_waiting(self, request_id: RequestId) -> None:
        job = self._waiting.pop(request_id)
        self._waiting_bytes -= job.size_bytes
        self._session.ended(request_id)
        self._change.unpark_all()

    async def _run_waiting(self) -> None:
        """Run the call that has waited longest."""
        _, job = self._waiting.popitem(last=False)
        self._waiting_bytes -= job.size_bytes
        answer = None
        with trio.CancelScope() as scope:
            self._begin(job, scope)
            self._change.unpark_all()
            answer = await job.exchange.answer(self._output.notify)
        self._finish(job, None if scope.cancel_called else answer)

    def _begin(self, job: _Job, scope: trio.CancelScope) -> None:
        exchange = job.exchange
        self._session.began(exchange.id, scope.cancel)
        if exchange.long_lived:
            self._open_streams += 1
        else:
            self._jobs[exchange.id] = job
            self._jobs_bytes += job.size_bytes

    def _finish(self, job: _Job, answer: bytes | None) -> None:
        exchange = job.exchange
        self._session.ended(exchange.id)
        if exchange.long_lived:
            self._open_streams -= 1
        else:
            del self._jobs[exchange.id]
            self._jobs_bytes -= job.size_bytes
        if answer is not None:
            self._output.send(answer)
            if self._jobs:
                self._output.flush_soon()  # others may finish in this very turn
            else:
                self._output.flush()
        self._change.unpark_all()

    async def _leave(self) -> None:
        """After the end of the input: let go of everything, and end all tasks."""
        self._session.end_subscriptions()
        with trio.move_on_after(self._limits.drain_s):
            while self._jobs or self._waiting or self._open_streams:
                await self._change.park()
        self._session.cancel_all()
        self._output.flush()
        with trio.move_on_after(_LAST_WRITES_S):
            await self._output.wait_while(full=False)
        self._nursery.cancel_scope.cancel()
        await trio.lowlevel.checkpoint()
