"""Plugins that are still loading: calls and lists wait for them and report progress."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
import trio
from mcp_types.methods import parse_server_notification
from trio.testing import MockClock
from unit.mcp.mcp_fakes import META, FakeHost, Message, Peer, Progress, make_tool

from innkeeper.mcp.limits import Limits


def loading(host: FakeHost, *, seconds: float, tool_id: str | None) -> Callable[[], Any]:
    """What loads a plugin in `seconds`, or fails to."""
    host.under_load = [Progress("late")]

    async def load() -> None:
        await trio.sleep(seconds)
        if tool_id is not None:
            host.add(make_tool(tool_id))
        host.under_load = []

    return load


async def ask_while_loading(
    host: FakeHost, seconds: float, method: str, params: Message, *, limits: Limits | None = None
) -> tuple[Peer, Message, float]:
    peer = Peer(host, limits=limits)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(loading(host, seconds=seconds, tool_id="late.echo"))
        began_s = trio.current_time()
        answer = await peer.ask(method, {**params, "_meta": {**META, **params.get("_meta", {})}})
        waited_s = trio.current_time() - began_s
    return peer, answer, waited_s


async def test_a_call_waits_for_the_plugin_that_brings_its_tool(autojump_clock: MockClock) -> None:
    _, answer, waited_s = await ask_while_loading(
        FakeHost(), 4.0, "tools/call", {"name": "late.echo"}
    )
    assert "result" in answer
    assert 4.0 <= waited_s < 4.2


async def test_a_quick_load_costs_a_call_next_to_nothing(autojump_clock: MockClock) -> None:
    _, _, waited_s = await ask_while_loading(FakeHost(), 0.005, "tools/call", {"name": "late.echo"})
    assert waited_s < 0.01


async def test_a_call_of_a_loaded_tool_does_not_wait_for_others(autojump_clock: MockClock) -> None:
    _, answer, waited_s = await ask_while_loading(
        FakeHost(), 4.0, "tools/call", {"name": "echo.echo"}
    )
    assert "result" in answer
    assert waited_s < 0.01


async def test_a_tool_that_no_plugin_brings_is_unknown_once_all_are_loaded(
    autojump_clock: MockClock,
) -> None:
    _, answer, waited_s = await ask_while_loading(
        FakeHost(), 1.0, "tools/call", {"name": "no.such"}
    )
    assert answer["error"]["code"] == -32602
    assert waited_s >= 1.0


async def test_waiting_for_a_plugin_ends(autojump_clock: MockClock) -> None:
    limits = Limits(call_wait_s=2.0)
    _, answer, waited_s = await ask_while_loading(
        FakeHost(), 60.0, "tools/call", {"name": "late.echo"}, limits=limits
    )
    fault = answer["result"]["_meta"]["io.innkeeper/error"]
    assert (fault["code"], fault["retryable"]) == ("timeout", True)
    assert waited_s < 2.2


async def test_a_list_waits_for_what_is_loading(autojump_clock: MockClock) -> None:
    _, answer, waited_s = await ask_while_loading(FakeHost(), 4.0, "tools/list", {})
    assert [tool["name"] for tool in answer["result"]["tools"]] == ["echo.echo", "late.echo"]
    assert 4.0 <= waited_s < 4.2


async def test_a_list_does_not_wait_long_and_says_that_it_is_stale(
    autojump_clock: MockClock,
) -> None:
    limits = Limits(list_wait_s=1.0)
    _, answer, waited_s = await ask_while_loading(FakeHost(), 9.0, "tools/list", {}, limits=limits)
    assert [tool["name"] for tool in answer["result"]["tools"]] == ["echo.echo"]
    assert answer["result"]["ttlMs"] == 0
    assert waited_s < 1.2


async def test_a_list_with_a_foreign_cursor_is_refused_after_the_wait_too(
    autojump_clock: MockClock,
) -> None:
    _, answer, _ = await ask_while_loading(FakeHost(), 1.0, "tools/list", {"cursor": "x"})
    assert answer["error"]["code"] == -32602


@pytest.mark.parametrize("method", ["tools/call", "tools/list"])
@pytest.mark.parametrize("token", ["abc", 7, 0, ""])
async def test_progress_is_told_to_who_asked_and_always_grows(
    method: str, token: object, autojump_clock: MockClock
) -> None:
    params = {"name": "late.echo", "_meta": {"progressToken": token}}
    limits = Limits(list_wait_s=10.0)
    peer, _, _ = await ask_while_loading(FakeHost(), 4.0, method, params, limits=limits)
    values = [told["params"]["progress"] for told in peer.told]
    assert len(values) >= 4
    assert all(early < late for early, late in pairwise(values))
    for told in peer.told:
        assert told["params"]["progressToken"] == token
        assert told["params"]["message"] == "loading late"
        parse_server_notification(told["method"], "2026-07-28", told["params"])


async def test_progress_is_not_told_to_who_did_not_ask(autojump_clock: MockClock) -> None:
    peer, _, _ = await ask_while_loading(FakeHost(), 4.0, "tools/call", {"name": "late.echo"})
    assert peer.told == []


async def test_a_short_wait_is_no_news(autojump_clock: MockClock) -> None:
    params = {"name": "late.echo", "_meta": {"progressToken": 1}}
    peer, _, _ = await ask_while_loading(FakeHost(), 0.1, "tools/call", params)
    assert peer.told == []


async def test_waiting_can_be_cancelled(autojump_clock: MockClock) -> None:
    host = FakeHost()
    host.under_load = [Progress("late")]
    peer = Peer(host)
    began_s = trio.current_time()
    cancel = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}
    request = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": META}}
    async with trio.open_nursery() as nursery:

        async def ask() -> None:
            assert await peer.send(request) is None

        nursery.start_soon(ask)
        await trio.sleep(1)
        await peer.send(cancel)
    assert trio.current_time() - began_s < 1.1


async def test_a_plugin_that_is_done_is_not_waited_for(autojump_clock: MockClock) -> None:
    host = FakeHost()
    host.under_load = [Progress("late", done=True)]
    answer = await Peer(host).ask("tools/list", {"_meta": META})
    assert answer["result"]["ttlMs"] > 0
