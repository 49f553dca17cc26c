"""Serves the HTTP face: listens, keeps the connections, and ends in good order.

Ending has three bounds: new connections stop and idle ones close at once; running calls have
`drain_s` to finish; those that have not are cancelled, their clients told `unavailable`, and what
is still open a second later is closed.
"""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable
from importlib.metadata import version as distribution_version
from typing import Final

import trio
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import AppWrapper

from innkeeper.http_api.access import AccessCheck
from innkeeper.http_api.app import HttpApi
from innkeeper.http_api.bind import open_listener, parse_bind
from innkeeper.http_api.connection import Connection
from innkeeper.http_api.hosting import ToolHost
from innkeeper.http_api.protocol import FaceConfig
from innkeeper.http_api.settings import HttpSettings
from innkeeper.http_api.watch import CallWatch

DEFAULT_BIND: Final = "127.0.0.1:8090"

_LAST_WORDS_S: Final = 1.0


async def serve(
    host: ToolHost,
    *,
    bind: str = DEFAULT_BIND,
    settings: HttpSettings | None = None,
    shutdown_trigger: Callable[[], Awaitable[None]] = trio.sleep_forever,
    task_status: trio.TaskStatus[list[str]] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve `host` over HTTP until `shutdown_trigger` returns, then drain; or until cancelled.

    Reports the bound addresses as URLs (`["http://127.0.0.1:8090"]`). Raises RequestRefused for a
    `bind` that cannot be read, PermissionRefused (policy_denied) for one that is not a loopback
    address, HostFailure (unavailable) when it is taken.
    """
    settings = settings or HttpSettings()
    where = parse_bind(bind)
    watch = CallWatch()
    access = AccessCheck((where.name, *settings.hosts), settings.origins)
    app = HttpApi(host, settings, watch, access=access, version=distribution_version("innkeeper"))
    connections = Connections(app, settings)
    listener = open_listener(where)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(watch.run)
        async with trio.open_nursery() as accepting:
            accepting.start_soon(_accept, listener, connections, nursery)
            task_status.started([f"http://{where.name}:{listener.getsockname()[1]}"])
            await shutdown_trigger()
            accepting.cancel_scope.cancel()
        await connections.drain(watch)
        nursery.cancel_scope.cancel()


async def _accept(listener: socket.socket, connections: Connections, nursery: trio.Nursery) -> None:
    listeners = [trio.SocketListener(trio.socket.from_stdlib_socket(listener))]
    await trio.serve_listeners(connections.serve, listeners, handler_nursery=nursery)


class Connections:
    """The open connections of one face, `connections_max` at most.

    A further one takes the place of the one that has been idle for longest; with none idle it is
    closed at once.
    """

    def __init__(self, app: HttpApi, settings: HttpSettings) -> None:
        self._app: AppWrapper = ASGIWrapper(app)  # type: ignore[arg-type]  # our ASGI types are wider
        self._settings = settings
        self._config = FaceConfig(settings)
        self._context = WorkerContext(None)
        self._open: set[Connection] = set()
        self._none_left = trio.Event()

    async def serve(self, stream: trio.SocketStream) -> None:
        """Serve one accepted connection until it closes."""
        if len(self._open) >= self._settings.connections_max and not self._close_idlest():
            await trio.aclose_forcefully(stream)
            return
        connection = Connection(
            stream, self._settings, app=self._app, config=self._config, context=self._context
        )
        self._open.add(connection)
        try:
            await connection.run()
        finally:
            self._open.discard(connection)
            if not self._open:
                self._none_left.set()

    async def drain(self, watch: CallWatch) -> None:
        """Let what runs finish, within the bounds above."""
        await self._context.terminated.set()  # from now on a connection closes with its answer
        for connection in self._open:
            connection.close_idle()
        if not await self._wait_none_left(self._settings.drain_s):
            watch.stop()
            await self._wait_none_left(_LAST_WORDS_S)

    def _close_idlest(self) -> bool:
        idlest = min(self._open, key=lambda connection: connection.idle_since_s)
        return idlest.close_idle()

    async def _wait_none_left(self, wait_s: float) -> bool:
        with trio.move_on_after(wait_s):
            while self._open:
                self._none_left = trio.Event()
                await self._none_left.wait()
        return not self._open
