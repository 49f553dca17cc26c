"""The face ends in good order, and in bounded time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
from integration.http_api.served import INVOKE, PATIENCE_S, GuestHost, Served, serving
from unit.http_api.face import Call, FakeHost

from innkeeper.http_api.settings import HttpSettings

CALL = INVOKE + b"Content-Length: 2\r\n\r\n{}"


@asynccontextmanager
async def calling(served: Served, host: GuestHost) -> AsyncIterator[trio.SocketStream]:
    async with await served.connect() as stream:
        await stream.send_all(CALL)
        await host.started.wait()
        yield stream


async def test_a_running_call_finishes_and_its_connection_closes() -> None:
    host = GuestHost()
    async with serving(host) as served, calling(served, host) as stream:
        served.stop.set()
        await trio.sleep(0.05)
        assert not served.stopped.is_set()
        host.finish.set()
        assert (await stream.receive_some(1000)).endswith(b'"done"')
        assert await stream.receive_some(1000) == b""
        await stream.aclose()
        with trio.fail_after(PATIENCE_S):
            await served.stopped.wait()


async def test_a_call_that_takes_too_long_is_ended_and_its_client_told() -> None:
    host = GuestHost()
    async with serving(host, HttpSettings(drain_s=0.1)) as served, calling(served, host) as stream:
        served.stop.set()
        answer = await stream.receive_some(2000)
        assert answer.startswith(b"HTTP/1.1 503")
        assert b'"code":"unavailable"' in answer
        assert host.cancelled == 1
        await stream.aclose()
        with trio.fail_after(PATIENCE_S):
            await served.stopped.wait()


async def test_idle_connections_close_at_once_and_no_new_one_is_taken() -> None:
    async with serving() as served, await served.connect() as idle:
        await trio.sleep(0.01)
        served.stop.set()
        assert await idle.receive_some(1000) == b""
        with trio.fail_after(PATIENCE_S):
            await served.stopped.wait()
        with pytest.raises(OSError, match="connect"):
            await served.connect()


@pytest.mark.parametrize("is_cancelled", [False, True])
async def test_a_client_that_does_not_read_cannot_hold_the_end_up(is_cancelled: bool) -> None:
    async def large(call: Call) -> object:
        started.set()
        return "x" * (16 << 20)

    started = trio.Event()
    async with (
        serving(FakeHost(large), HttpSettings(drain_s=0.1)) as served,
        await served.connect() as stream,
    ):
        await stream.send_all(CALL)
        await started.wait()
        await trio.sleep(0.05)
        if is_cancelled:
            served.cancel()
        else:
            served.stop.set()
        with trio.fail_after(PATIENCE_S):
            await served.stopped.wait()
