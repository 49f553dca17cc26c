"""Ends the call of an HTTP client that has gone.

A client's leaving is seen by receiving on its exchange, which takes a task. Most calls are over
before one would have started: a call is watched only once a tick has seen it running. One task
does the ticking, and only while there are new calls.
"""

from __future__ import annotations

from types import TracebackType
from typing import Final

import trio

from innkeeper.errors import HostFailure
from innkeeper.http_api.asgi import Receive
from innkeeper.http_api.exchange import ClientGoneError

TICK_S: Final = 0.005


class WatchedCall:
    """One running call: a context manager whose body is cancelled when its client has gone.

    Code behind the `with` block runs only when the body was cancelled or raised nothing: return
    from inside the body, and raise `ended` behind it.
    """

    __slots__ = ("_listening", "_receive", "_running", "_scope", "ended")

    def __init__(self, receive: Receive, running: set[WatchedCall]) -> None:
        self.ended: Exception = ClientGoneError()
        self._receive = receive
        self._running = running
        self._scope = trio.CancelScope()
        self._listening: trio.CancelScope | None = None

    def __enter__(self) -> WatchedCall:
        self._running.add(self)
        self._scope.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        self._running.discard(self)
        if self._listening is not None:
            self._listening.cancel()
        return bool(self._scope.__exit__(kind, error, traceback))

    @property
    def is_watched(self) -> bool:
        return self._listening is not None

    def watch(self, nursery: trio.Nursery) -> None:
        """Start waiting for the client to go, until the call ends."""
        self._listening = trio.CancelScope()  # made here: the call may end before the task starts
        nursery.start_soon(self._listen, self._listening)

    def end(self, ended: Exception) -> None:
        """Cancel the call, because of `ended`."""
        self.ended = ended
        self._scope.cancel()

    async def _listen(self, scope: trio.CancelScope) -> None:
        with scope:
            while (await self._receive())["type"] != "http.disconnect":
                pass
            self.end(ClientGoneError())


class CallWatch:
    """All running calls of a face; they are watched while `run` runs."""

    def __init__(self) -> None:
        self._running: set[WatchedCall] = set()
        self._has_new = trio.Event()

    def call(self, receive: Receive) -> WatchedCall:
        """Return a context manager that watches `receive` while its body runs."""
        self._has_new.set()
        return WatchedCall(receive, self._running)

    def stop(self) -> None:
        """End every running call: its client is told `unavailable`."""
        for call in self._running:
            call.end(HostFailure("the host is stopping", code="unavailable", retry_after_s=1.0))

    async def run(self) -> None:
        """Watch, until cancelled."""
        async with trio.open_nursery() as nursery:
            while True:
                await self._has_new.wait()
                self._has_new = trio.Event()
                await trio.sleep(TICK_S)
                for call in self._running:
                    if not call.is_watched:
                        call.watch(nursery)
