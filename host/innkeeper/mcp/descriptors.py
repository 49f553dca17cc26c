"""Reading and writing the file descriptors that a client hands to a stdio server.

They may be pipes, sockets, terminals or files. Input is read only when the kernel says that there
is some, so that the descriptor can stay blocking: it is shared with whoever started us. Output to a
pipe or socket is switched to non-blocking while we serve, because there "writable" promises 4 KiB
and no more; it is switched back at the end.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final, Self

import trio

READ_BYTES: Final = 64 * 1024  # what a pipe holds; above 128 KiB each read would map fresh memory
_STANDARD: Final = (0, 1)
_STDERR_FD: Final = 2


class Input:
    """A descriptor to read from, of any kind."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._waits = not stat.S_ISREG(os.fstat(fd).st_mode)  # epoll refuses files

    async def read(self) -> bytes:
        """Some bytes, or none at the end of the input; always a checkpoint."""
        while True:
            await self._readable()
            try:
                return os.read(self._fd, READ_BYTES)
            except BlockingIOError:  # it was non-blocking already, and there is nothing after all
                continue
            except OSError as error:
                if error.errno in (errno.ECONNRESET, errno.EIO):  # the peer or its terminal is gone
                    return b""
                raise

    async def _readable(self) -> None:
        if self._waits:
            try:
                await trio.lowlevel.wait_readable(self._fd)
                return
            except PermissionError:  # epoll's answer for what is always ready, as /dev/null
                self._waits = False
        await trio.lowlevel.checkpoint()


class Writer:
    """A descriptor to write to, of any kind; as a context it leaves it as it was found."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        mode = os.fstat(fd).st_mode
        self.is_stream = stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
        self.is_ready = self.is_stream or stat.S_ISREG(mode)  # `write` does not block
        self._blocking: bool | None = None

    def __enter__(self) -> Self:
        if self.is_stream:
            self._blocking = os.get_blocking(self._fd)
            os.set_blocking(self._fd, False)
        return self

    def __exit__(self, *_: object) -> None:
        if self._blocking is not None:
            os.set_blocking(self._fd, self._blocking)

    def write(self, data: bytes | memoryview) -> int:
        """Write what goes in now, perhaps nothing; raises OSError when the reader is gone."""
        try:
            return os.write(self._fd, data)
        except BlockingIOError:
            return 0

    async def write_when_ready(self, data: bytes | memoryview) -> int:
        """Write some of `data` as soon as the descriptor takes it."""
        if not self.is_ready:  # a terminal: it may be stopped, and its mode is not ours to change
            return await trio.to_thread.run_sync(os.write, self._fd, data, abandon_on_cancel=True)
        if self.is_stream:
            await trio.lowlevel.wait_writable(self._fd)
        return self.write(data)


@contextmanager
def private(fd: int) -> Iterator[int]:
    """A descriptor that nobody else uses while it carries the protocol.

    Where `fd` is a standard stream of the process, its number stands for something else meanwhile
    (0 for nothing, 1 for stderr): a stray `print`, here or in a child, cannot spoil the protocol.
    """
    if fd not in _STANDARD:
        yield fd
        return
    place = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, _STDERR_FD + 1)
    try:
        _put_stand_in(fd)
        yield place
    finally:
        with suppress(OSError, ValueError):  # what was printed meanwhile is not for the client
            sys.stdout.flush()
        os.dup2(place, fd)
        os.close(place)


def _put_stand_in(fd: int) -> None:
    try:
        stand_in = os.dup(_STDERR_FD) if fd else os.open(os.devnull, os.O_RDONLY)
    except OSError:  # there is no stderr
        stand_in = os.open(os.devnull, os.O_WRONLY)
    os.dup2(stand_in, fd)
    os.close(stand_in)
