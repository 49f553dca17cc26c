"""A face on a real port, and clients down to raw bytes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from http.client import HTTPConnection
from typing import Any

import httpx
import msgspec
import trio
from unit.http_api.face import Call, FakeHost

from innkeeper.errors import CODES
from innkeeper.http_api.hosting import ToolHost
from innkeeper.http_api.server import serve
from innkeeper.http_api.settings import HttpSettings

JSON = {"content-type": "application/json"}
INVOKE = (
    b"POST /tools/x.echo:invoke HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
)
PATIENCE_S = 10.0  # longer than anything here takes, so that a hang fails and slowness does not


class GuestHost(FakeHost):
    """A host whose calls wait for `finish`; tells of their start and of their end."""

    def __init__(self) -> None:
        super().__init__(self._wait)
        self.started = trio.Event()
        self.finish = trio.Event()
        self.ended = trio.Event()
        self.cancelled = 0

    async def _wait(self, call: Call) -> object:
        self.started.set()
        try:
            await self.finish.wait()
            return "done"
        except trio.Cancelled:
            self.cancelled += 1
            raise
        finally:
            self.ended.set()


class Served:
    """Where a face listens, and the way to end it."""

    def __init__(self, url: str, stop: trio.Event, scope: trio.CancelScope) -> None:
        self.url = url
        self.stop = stop
        self.stopped = trio.Event()
        self.cancel = scope.cancel
        self.address, _, port = url.removeprefix("http://").rpartition(":")
        self.port = int(port)

    async def connect(self) -> trio.SocketStream:
        return await trio.open_tcp_stream("127.0.0.1", self.port)

    async def in_thread(self, use: Callable[[HTTPConnection], Any]) -> Any:
        """Run `use(connection)` with the standard library's client, in a thread."""

        def run() -> Any:
            connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
            try:
                return use(connection)
            finally:
                connection.close()

        return await trio.to_thread.run_sync(run)

    @asynccontextmanager
    async def client(self) -> AsyncIterator[httpx.AsyncClient]:
        async with httpx.AsyncClient(base_url=self.url, timeout=PATIENCE_S) as client:
            yield client

    async def is_well(self) -> bool:
        """Whether another client is answered."""
        async with self.client() as client:
            return (await client.get("/healthz")).status_code == 200


@asynccontextmanager
async def serving(
    host: ToolHost | None = None,
    settings: HttpSettings | None = None,
    *,
    bind: str = "127.0.0.1:0",
) -> AsyncIterator[Served]:
    """Serve `host` while the body runs, for `PATIENCE_S` at most; then end at once."""
    stop, scope = trio.Event(), trio.CancelScope()

    async def run(*, task_status: trio.TaskStatus[list[str]]) -> None:
        with scope:
            await serve(
                host or FakeHost(),
                bind=bind,
                settings=settings,
                shutdown_trigger=stop.wait,
                task_status=task_status,
            )
        served.stopped.set()

    with trio.fail_after(3 * PATIENCE_S):
        async with trio.open_nursery() as nursery:
            [url] = await nursery.start(run)
            served = Served(url, stop, scope)
            yield served
            nursery.cancel_scope.cancel()


class RawAnswer(msgspec.Struct):
    """One answer, as it came over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        """The code of a problem; asserts that it is one, of a known code with its status."""
        problem = msgspec.json.decode(self.body)
        assert self.headers["content-type"] == "application/problem+json"
        assert problem["status"] == self.status == CODES[problem["code"]].http
        assert len(problem["trace_id"]) == 32
        return str(problem["code"])


async def exchange(served: Served, data: bytes, *, answers: int = 1) -> list[RawAnswer]:
    """Send `data` and return what is answered, up to `answers`, less when the server closes."""
    async with await served.connect() as stream:
        read = partial(_read_answers, stream, answers)
        found: list[RawAnswer] = []
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_send, stream, data)
            found = await read()
            nursery.cancel_scope.cancel()
        return found


async def _send(stream: trio.SocketStream, data: bytes) -> None:
    with suppress(trio.BrokenResourceError):  # the server may have heard enough
        await stream.send_all(data)


async def _read_answers(stream: trio.SocketStream, wanted: int) -> list[RawAnswer]:
    found: list[RawAnswer] = []
    data = bytearray()
    with trio.fail_after(PATIENCE_S):
        while len(found) < wanted:
            try:
                piece = await stream.receive_some(65536)
            except trio.BrokenResourceError:
                piece = b""
            if not piece:
                assert not data, f"half an answer: {bytes(data)!r}"
                break
            data += piece
            while (answer := _take_answer(data)) is not None:
                if answer.status >= 200:
                    found.append(answer)
    return found


def _take_answer(data: bytearray) -> RawAnswer | None:
    head, end, _ = bytes(data).partition(b"\r\n\r\n")
    if not end:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    length = len(head) + 4 + int(headers.get("content-length", "0"))
    if len(data) < length:
        return None
    body = bytes(data[len(head) + 4 : length])
    del data[:length]
    return RawAnswer(int(first.split()[1]), headers, body)
