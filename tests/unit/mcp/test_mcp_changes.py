"""Who hears that the tools have changed: old peers after their list, new ones on subscriptions."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
from mcp_types.methods import parse_server_notification, validate_server_result
from trio.testing import MockClock
from unit.mcp.mcp_fakes import META, MODERN, FakeHost, Message, Peer, Progress, make_tool

from innkeeper.mcp.limits import Limits

SUBSCRIPTION = "io.modelcontextprotocol/subscriptionId"
CHANGED = "notifications/tools/list_changed"


@asynccontextmanager
async def watching(peer: Peer) -> AsyncIterator[trio.Nursery]:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(peer.server.watch_tools)
        yield nursery
        await trio.sleep(2.5)
        nursery.cancel_scope.cancel()


def listen_request(request_id: object, **notifications: object) -> Message:
    params = {"_meta": META, "notifications": notifications}
    return {"jsonrpc": "2.0", "id": request_id, "method": "subscriptions/listen", "params": params}


async def test_a_legacy_peer_that_has_the_list_is_told_once(autojump_clock: MockClock) -> None:
    host = FakeHost()
    peer = Peer(host)
    async with watching(peer):
        await peer.initialize()
        await peer.ask("tools/list")
        host.add(make_tool("more.more"))
    assert [told["method"] for told in peer.told] == [CHANGED]
    parse_server_notification(CHANGED, "2025-11-25", peer.told[0].get("params"))


async def test_a_legacy_peer_that_never_asked_for_the_list_is_not_told(
    autojump_clock: MockClock,
) -> None:
    host = FakeHost()
    peer = Peer(host)
    async with watching(peer):
        await peer.initialize()
        host.add(make_tool("more.more"))
    assert peer.told == []


async def test_nobody_is_told_when_nothing_changes(autojump_clock: MockClock) -> None:
    peer = Peer(FakeHost())
    async with watching(peer) as nursery:
        await peer.initialize()
        await peer.ask("tools/list")
        nursery.start_soon(peer.send, listen_request(1, toolsListChanged=True))
    assert [told["method"] for told in peer.told] == ["notifications/subscriptions/acknowledged"]


async def test_a_peer_that_has_looked_again_knows_already(autojump_clock: MockClock) -> None:
    host = FakeHost()
    peer = Peer(host)
    async with watching(peer):
        await peer.initialize()
        await peer.ask("tools/list")
        host.add(make_tool("more.more"))
        await peer.ask("tools/list")
    assert peer.told == []


async def test_a_change_that_another_peer_saw_first_is_told_all_the_same(
    autojump_clock: MockClock,
) -> None:
    host = FakeHost()
    peer = Peer(host)
    async with watching(peer):
        await peer.initialize()
        await peer.ask("tools/list")
        host.add(make_tool("more.more"))
        await peer.ask_modern("tools/list")
    assert [told["method"] for told in peer.told] == [CHANGED]


async def test_what_loads_late_is_announced_soon_after(autojump_clock: MockClock) -> None:
    host = FakeHost()
    peer = Peer(host, limits=Limits(list_wait_s=0.5))
    host.under_load = [Progress("late")]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(peer.server.watch_tools)
        await peer.initialize()
        await peer.ask("tools/list")
        host.add(make_tool("late.late"))
        await trio.sleep(0.15)
        nursery.cancel_scope.cancel()
    assert [told["method"] for told in peer.told] == [CHANGED]


@pytest.mark.parametrize("request_id", [7, "seven"])
async def test_a_subscription_is_acknowledged_first_and_tagged_always(
    request_id: object, autojump_clock: MockClock
) -> None:
    host = FakeHost()
    peer = Peer(host)
    async with watching(peer) as nursery:
        nursery.start_soon(peer.send, listen_request(request_id, toolsListChanged=True))
        await trio.sleep(0.1)
        host.add(make_tool("more.more"))
    methods = [told["method"] for told in peer.told]
    assert methods == ["notifications/subscriptions/acknowledged", CHANGED]
    assert peer.told[0]["params"]["notifications"] == {"toolsListChanged": True}
    for told in peer.told:
        assert told["params"]["_meta"] == {SUBSCRIPTION: request_id}
        parse_server_notification(told["method"], MODERN, told["params"])


async def test_a_subscription_gets_only_what_it_asked_for_and_we_offer(
    autojump_clock: MockClock,
) -> None:
    host = FakeHost()
    peer = Peer(host)
    request = listen_request(1, promptsListChanged=True, resourceSubscriptions=["file:///a"])
    async with watching(peer) as nursery:
        nursery.start_soon(peer.send, request)
        await trio.sleep(0.1)
        host.add(make_tool("more.more"))
    assert [told["params"]["notifications"] for told in peer.told] == [{}]


async def test_a_subscription_that_the_server_ends_gets_its_result(
    autojump_clock: MockClock,
) -> None:
    peer = Peer(FakeHost())
    async with trio.open_nursery() as nursery:

        async def listen() -> None:
            answer = await peer.send(listen_request("s", toolsListChanged=True))
            assert answer is not None
            assert answer["id"] == "s"
            validate_server_result("subscriptions/listen", MODERN, answer["result"])
            assert answer["result"]["_meta"][SUBSCRIPTION] == "s"

        nursery.start_soon(listen)
        await trio.sleep(0.1)
        peer.server.close_session(peer.session)


async def test_a_cancelled_subscription_hears_no_more_and_gets_no_answer(
    autojump_clock: MockClock,
) -> None:
    host = FakeHost()
    peer = Peer(host)
    async with watching(peer) as nursery:

        async def listen() -> None:
            assert await peer.send(listen_request(1, toolsListChanged=True)) is None

        nursery.start_soon(listen)
        await trio.sleep(0.1)
        cancelled = {"method": "notifications/cancelled", "params": {"requestId": 1}}
        await peer.send({"jsonrpc": "2.0", **cancelled})
        await trio.sleep(0.1)
        host.add(make_tool("more.more"))
    assert len(peer.told) == 1
    assert not peer.session.listens


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"notifications": []},
        {"notifications": {"toolsListChanged": 1}},
        {"notifications": None},
    ],
)
async def test_a_malformed_subscription_is_invalid_params(
    params: Message, autojump_clock: MockClock
) -> None:
    answer = await Peer(FakeHost()).ask_modern("subscriptions/listen", **params)
    assert answer["error"]["code"] == -32602


async def test_there_are_only_so_many_subscriptions(autojump_clock: MockClock) -> None:
    peer = Peer(FakeHost(), limits=Limits(subscriptions_max=2))
    async with trio.open_nursery() as nursery:
        for request_id in range(2):
            nursery.start_soon(peer.send, listen_request(request_id, toolsListChanged=True))
        await trio.sleep(0.1)
        answer = await peer.send(listen_request(9))
        assert answer is not None
        assert answer["error"]["code"] == -32600
        nursery.cancel_scope.cancel()
