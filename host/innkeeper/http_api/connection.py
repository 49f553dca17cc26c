"""One accepted TCP connection: its reads, writes and waits, around hypercorn's HTTP/1.1.

hypercorn's own connection (`hypercorn.trio.serve`, 0.18) lets one client's mistake end the whole
server: a WebSocket handshake with a body or with a header that is not ASCII, a malformed
HTTP2-Settings value, an HTTP/2 path that is not ASCII. It also waits without bound, shielded from
cancellation, for a client that does not read. So hypercorn parses and speaks ASGI, and this takes
the place of its connection:

* an error ends the connection it happened on, and is logged;
* a client may be idle, or send a head, for `keep_alive_s`, and take an answer for `send_s`;
* a closing connection first reads on for `linger_s`: with unread bytes in it, TCP would throw away
  the answer that the client has not read yet;
* while a pipelined request waits for the one before it, reading goes on, so that a client that
  leaves is noticed.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import trio
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.trio.task_group import TaskGroup
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import AppWrapper, ConnectionState
from hypercorn.utils import parse_socket_addr

from innkeeper.http_api.protocol import FaceConfig, Http11
from innkeeper.http_api.settings import HttpSettings

_log = logging.getLogger(__name__)
_READ_BYTES: Final = 1 << 16
_BROKEN: Final = (trio.BrokenResourceError, trio.ClosedResourceError)


class Connection:
    """One connection; `run` returns when it is closed, and raises nothing but Cancelled.

    `idle_since_s` is the Trio time since which it waits for a request, infinity while one is
    being answered.
    """

    def __init__(
        self,
        stream: trio.SocketStream,
        settings: HttpSettings,
        *,
        app: AppWrapper,
        config: FaceConfig,
        context: WorkerContext,
    ) -> None:
        self.idle_since_s = math.inf
        self._stream = stream
        self._settings = settings
        self._app = app
        self._config = config
        self._context = context
        self._writing = trio.Lock()
        self._patience = trio.CancelScope()
        self._is_closing = False
        self._ahead = bytearray()

    async def run(self) -> None:
        """Serve the connection until either side closes it."""
        try:
            async with TaskGroup() as tasks:
                self._protocol = self._make_protocol(tasks)
                self._set_idle(True)
                await self._read()
        except Exception:
            _log.exception("a connection failed")
        finally:
            await trio.aclose_forcefully(self._stream)

    def close_idle(self) -> bool:
        """Close the connection if it waits for a request; return whether it does."""
        is_idle = self.idle_since_s < math.inf
        if is_idle:
            self._patience.cancel()
        return is_idle

    def _make_protocol(self, tasks: TaskGroup) -> Http11:
        socket = self._stream.socket
        protocol = Http11(
            self._app,
            self._config,
            self._context,
            tasks,
            ConnectionState({}),
            False,
            None,
            parse_socket_addr(socket.family, socket.getsockname()),
            self._send,
        )
        protocol.can_read = _Pause(self._read_ahead)
        return protocol

    async def _read(self) -> None:
        with suppress(trio.EndOfChannel, *_BROKEN), self._patience:
            while data := await self._next():
                if not self._is_closing:
                    await self._protocol.handle(RawData(data))
            if not self._is_closing:
                await self._protocol.handle(RawData(b""))
        await self._protocol.handle(Closed())

    async def _next(self) -> bytes:
        if self._ahead:
            data = bytes(self._ahead)
            self._ahead.clear()
            return data
        return await self._stream.receive_some(_READ_BYTES)

    async def _read_ahead(self) -> None:
        while len(self._ahead) < _READ_BYTES:
            data = await self._stream.receive_some(_READ_BYTES)
            if not data:
                raise trio.EndOfChannel
            self._ahead += data
        await trio.sleep_forever()

    async def _send(self, event: Event) -> None:
        if isinstance(event, RawData):
            await self._write(event.data)
        elif isinstance(event, Updated):
            self._set_idle(event.idle)
        elif isinstance(event, Closed):
            await self._finish()
            await self._protocol.handle(Closed())

    async def _write(self, data: bytes) -> None:
        async with self._writing:
            try:
                with trio.fail_after(self._settings.send_s):
                    await self._stream.send_all(data)
                return
            except (*_BROKEN, trio.TooSlowError):
                self._is_closing = True
                await trio.aclose_forcefully(self._stream)
        await self._protocol.handle(Closed())

    async def _finish(self) -> None:
        if self._is_closing:
            return
        self._is_closing = True
        self._patience.deadline = trio.current_time() + self._settings.linger_s
        async with self._writing:
            with suppress(*_BROKEN):
                await self._stream.send_eof()

    def _set_idle(self, is_idle: bool) -> None:
        if self._is_closing:
            return
        self.idle_since_s = trio.current_time() if is_idle else math.inf
        self._patience.deadline = self.idle_since_s + self._settings.keep_alive_s


class _Pause:
    """The event that hypercorn's reader waits for before it takes a pipelined request."""

    def __init__(self, meanwhile: Callable[[], Awaitable[None]]) -> None:
        self._meanwhile = meanwhile
        self._scope = trio.CancelScope()

    async def clear(self) -> None:
        self._scope = trio.CancelScope()

    async def set(self) -> None:
        self._scope.cancel()

    async def wait(self) -> None:
        with self._scope:
            await self._meanwhile()

    def is_set(self) -> bool:
        return self._scope.cancel_called
