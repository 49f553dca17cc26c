"""Calls that are due at fixed times, whatever the host is busy with.

They come from another process (`benchmarks.peers.prober`) over a socket, as a client's do: a timer
of the host's own loop would be as late as the host is, and only exact to a millisecond.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

import msgspec
import trio

from benchmarks.measure.process import ROOT
from benchmarks.peers.prober import CALL

EVERY_S: Final = 0.002
RECEIVE_BYTES: Final = 65_536


class Prober:
    """Another process that wants one and the same call answered, again and again."""

    def __init__(self, stream: trio.SocketStream, operation: Callable[[], Awaitable[object]]):
        self._stream = stream
        self._operation = operation

    async def run(self, lasting_s: float) -> list[float]:
        """The microseconds that each call took, from when it was due to when it was answered."""
        count = int(lasting_s / EVERY_S)
        await self._stream.send_all(f"{count} {EVERY_S}\n".encode())
        received = b""
        while not received.endswith(b"]"):
            received += await self._stream.receive_some(RECEIVE_BYTES)
            if received == CALL:
                await self._operation()
                await self._stream.send_all(CALL)
                received = b""
        return msgspec.json.decode(received, type=list[float])


@asynccontextmanager
async def prober(operation: Callable[[], Awaitable[object]]) -> AsyncIterator[Prober]:
    """The process, started and warm."""
    ours, theirs = socket.socketpair()
    command = [sys.executable, "-m", "benchmarks.peers.prober", str(theirs.fileno())]
    async with trio.open_nursery() as nursery:
        start = partial(trio.run_process, command, cwd=ROOT, pass_fds=[theirs.fileno()])
        nursery.start_soon(start)
        stream = trio.SocketStream(trio.socket.from_stdlib_socket(ours))
        async with stream:
            probe = Prober(stream, operation)
            await probe.run(lasting_s=0.1)
            theirs.close()
            yield probe  # closing the stream ends the process
