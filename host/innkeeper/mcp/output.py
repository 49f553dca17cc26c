"""Messages on their way out: queued, joined, and written with as few calls as possible."""

from __future__ import annotations

import trio

from innkeeper.mcp.descriptors import Writer


class PeerGoneError(Exception):
    """Nobody reads what we write any more."""


class Output:
    """Lines for one descriptor.

    `flush` writes at once what goes in; `keep_writing`, a task, does the rest. Both raise
    `PeerGoneError` when the descriptor takes nothing any more.
    """

    def __init__(self, writer: Writer, *, bytes_max: int) -> None:
        self._writer = writer
        self._bytes_max = bytes_max
        self._messages: list[bytes] = []
        self._rest = memoryview(b"")  # what a write left over; it goes out first
        self._queued_bytes = 0
        self._work = trio.lowlevel.ParkingLot()  # where keep_writing waits for some
        self._progress = trio.lowlevel.ParkingLot()  # where others wait for room

    @property
    def is_full(self) -> bool:
        """Whether the peer is so far behind that it should get no more work done."""
        return self._queued_bytes > self._bytes_max

    @property
    def is_empty(self) -> bool:
        """Whether everything has been written."""
        return not self._queued_bytes

    def send(self, message: bytes) -> None:
        """Queue one message; it goes out with the next flush."""
        self._messages.append(message)
        self._queued_bytes += len(message) + 1

    def notify(self, message: bytes) -> None:
        """Send a message that may be lost: it is when the peer is far behind."""
        if not self.is_full:
            self.send(message)
            self.flush_soon()

    def flush(self) -> None:
        """Write what can be written now; `keep_writing` does the rest."""
        if not self._messages or self._rest:
            return
        if self._writer.is_ready:
            self._gather()
            self._advance(self._write_now())
        if self._queued_bytes:
            self.flush_soon()

    def flush_soon(self) -> None:
        """Let `keep_writing` write, together with what else comes up in this turn."""
        self._work.unpark()

    async def keep_writing(self) -> None:
        """Write what `flush` could not; runs until cancelled."""
        while True:
            if self.is_empty:
                await self._work.park()
                continue
            if not self._rest:
                self._gather()
            try:
                written = await self._writer.write_when_ready(self._rest)
            except OSError as error:
                raise PeerGoneError from error
            self._advance(written)

    async def wait_while(self, *, full: bool) -> None:
        """Wait until the queue is no longer full, or else until it is empty."""
        while self.is_full if full else not self.is_empty:
            await self._progress.park()

    def _gather(self) -> None:
        self._messages.append(b"")  # for the last line's end
        self._rest = memoryview(b"\n".join(self._messages))
        self._messages.clear()

    def _write_now(self) -> int:
        try:
            return self._writer.write(self._rest)
        except OSError as error:
            raise PeerGoneError from error

    def _advance(self, written: int) -> None:
        self._rest = self._rest[written:]
        self._queued_bytes -= written
        if self._progress:
            self._progress.unpark_all()
