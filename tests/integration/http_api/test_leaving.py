"""Clients that leave, that wait, and that do not read."""

from contextlib import suppress

import pytest
import trio
from integration.http_api.served import INVOKE, PATIENCE_S, GuestHost, serving
from unit.http_api.face import Call, FakeHost

from innkeeper.http_api.settings import HttpSettings

CALL = INVOKE + b"Content-Length: 2\r\n\r\n{}"


@pytest.mark.parametrize(
    "request_",
    [
        CALL,
        CALL + b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",  # and one that waits behind it
        INVOKE + b"Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\n{}",
    ],
)
async def test_a_client_that_leaves_ends_its_call(request_: bytes) -> None:
    host = GuestHost()
    async with serving(host) as served:
        async with await served.connect() as stream:
            await stream.send_all(request_)
            await host.started.wait()
        with trio.fail_after(PATIENCE_S):
            await host.ended.wait()
        assert host.cancelled == 1
        assert await served.is_well()


async def test_a_client_that_waits_long_gets_its_answer() -> None:
    host = GuestHost()
    async with serving(host) as served, await served.connect() as stream:
        await stream.send_all(CALL)
        await trio.sleep(0.1)
        host.finish.set()
        assert (await stream.receive_some(1000)).endswith(b'"done"')


async def test_a_client_that_sends_more_while_it_waits_is_answered_for_all() -> None:
    host = GuestHost()
    async with serving(host) as served, await served.connect() as stream:
        await stream.send_all(CALL)
        await host.started.wait()
        for piece in (CALL[:50], CALL[50:], CALL):
            await stream.send_all(piece)
            await trio.sleep(0.01)
        host.finish.set()
        received = b""
        while received.count(b'"done"') < 3:
            received += await stream.receive_some(1000)


async def test_a_client_that_leaves_amid_its_body_calls_nothing() -> None:
    host = GuestHost()
    async with serving(host) as served:
        async with await served.connect() as stream:
            await stream.send_all(INVOKE + b'Content-Length: 100\r\n\r\n{"a"')
            await trio.sleep(0.05)
        assert await served.is_well()
    assert host.calls == []


async def test_a_client_that_does_not_read_its_answer_is_cut_off() -> None:
    async def large(call: Call) -> object:
        called.set()
        return "x" * (16 << 20)

    called = trio.Event()
    settings = HttpSettings(send_s=0.2)
    async with serving(FakeHost(large), settings) as served, await served.connect() as stream:
        await stream.send_all(CALL)
        await called.wait()
        await trio.sleep(1.0)
        assert await served.is_well()
        received = 0
        with suppress(trio.BrokenResourceError):
            while data := await stream.receive_some(1 << 20):
                received += len(data)
        assert received < 16 << 20
