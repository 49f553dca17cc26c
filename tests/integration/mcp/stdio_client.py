"""A client of `serve_stdio` over two pipes, in one Trio run with the server."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

import trio
from unit.mcp.mcp_fakes import CLIENT, META, FakeHost, Message, parse

from innkeeper.mcp.limits import Limits
from innkeeper.mcp.stdio import serve_stdio


class Client:
    """Writes lines and reads lines; `closed` is set once the server has returned."""

    def __init__(self, write_fd: int, read_fd: int) -> None:
        self._out = trio.lowlevel.FdStream(write_fd)
        self._in = trio.lowlevel.FdStream(read_fd)
        self._buffer = b""
        self.closed = trio.Event()

    async def write(self, data: bytes) -> None:
        """Send bytes as they are."""
        await self._out.send_all(data)

    async def send(self, *messages: Message) -> None:
        """Send messages, all in one go."""
        lines = (json.dumps({"jsonrpc": "2.0", **message}).encode() for message in messages)
        await self.write(b"".join(line + b"\n" for line in lines))

    async def receive(self) -> Message:
        """The next message of the server."""
        while b"\n" not in self._buffer:
            chunk = await self._in.receive_some()
            if not chunk:
                raise EOFError
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\n")
        return parse(line)

    async def receive_many(self, count: int) -> dict[Any, Message]:
        """As many responses, by id."""
        return {answer["id"]: answer for answer in [await self.receive() for _ in range(count)]}

    async def receive_rest(self) -> list[Message]:
        """Everything up to the end."""
        rest = []
        with suppress(EOFError):
            while True:
                rest.append(await self.receive())
        return rest

    async def initialize(self) -> None:
        """Shake hands."""
        params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": CLIENT}
        await self.send({"id": "init", "method": "initialize", "params": params})
        assert (await self.receive())["id"] == "init"
        await self.send({"method": "notifications/initialized"})

    async def close_input(self) -> None:
        """Let the server read its end."""
        await self._out.aclose()

    async def close_output(self) -> None:
        """Read no more."""
        await self._in.aclose()


def call(request_id: object, tool: str = "echo.echo", **arguments: object) -> Message:
    """A `tools/call` that needs no handshake."""
    params = {"name": tool, "arguments": arguments, "_meta": META}
    return {"id": request_id, "method": "tools/call", "params": params}


def ping(request_id: object) -> Message:
    """A request that is answered at once."""
    return {"id": request_id, "method": "ping"}


def cancelled(request_id: object) -> Message:
    """The notification that cancels."""
    return {"method": "notifications/cancelled", "params": {"requestId": request_id}}


@asynccontextmanager
async def serving(host: FakeHost, *, limits: Limits | None = None) -> AsyncIterator[Client]:
    """A server for `host` and its client; at the end both are gone, the server by itself."""
    server_in, client_out = os.pipe()
    client_in, server_out = os.pipe()
    client = Client(client_out, client_in)

    async def serve() -> None:
        serve_here = partial(serve_stdio, stdin_fd=server_in, stdout_fd=server_out)
        try:
            await serve_here(host, version="1.2.3", limits=limits)
        finally:
            os.close(server_in)
            os.close(server_out)
            client.closed.set()

    with trio.fail_after(30):  # a bound for the test, not a measure
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve)
            yield client
            await client.close_input()
            await client.close_output()
            await client.closed.wait()
