"""Whatever a line holds, the session lives and says nothing but JSON-RPC."""

import json
from typing import Any

import trio
import trio.lowlevel
from hypothesis import example, given
from hypothesis import strategies as st
from unit.mcp.mcp_fakes import META, FakeHost, Peer, parse

from innkeeper.mcp.exchanges import Exchange

METHODS = [
    "initialize",
    "ping",
    "server/discover",
    "subscriptions/listen",
    "tools/list",
    "tools/call",
    "notifications/initialized",
    "notifications/cancelled",
    "resources/list",
]
KEYS = [
    *("name", "arguments", "cursor", "_meta", "requestId", "protocolVersion", "capabilities"),
    *("notifications", "progressToken", "toolsListChanged", *META),
]

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["2.0", "echo.echo", "2026-07-28", "2025-11-25", *METHODS])
)
values: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=8), inner, max_size=6)
    ),
    max_leaves=12,
)
# Mostly well formed, so that it reaches every branch, with anything anywhere.
messages = st.fixed_dictionaries(
    {"jsonrpc": st.just("2.0") | values, "method": st.sampled_from(METHODS) | values},
    optional={
        "id": st.integers(0, 5) | values,
        "params": values
        | st.fixed_dictionaries(
            {},
            optional={
                "name": st.just("echo.echo") | values,
                "arguments": values,
                "cursor": values,
                "requestId": st.integers(0, 5) | values,
                "protocolVersion": values,
                "capabilities": st.just({}) | values,
                "notifications": st.just({"toolsListChanged": True}) | values,
                "_meta": st.just(META) | values,
            },
        ),
        "result": values,
        "error": values,
    },
)


def answer_to(peer: Peer, line: bytes) -> None:
    """Hand one line to the session, run what it asks for, and check what it says."""
    reply = peer.session.receive(line)
    if isinstance(reply, bytes):
        parse(reply)
    elif reply is not None:
        parse(run(peer, reply))


def run(peer: Peer, exchange: Exchange) -> bytes:
    async def answer() -> bytes:
        async with trio.open_nursery() as nursery:
            if exchange.long_lived:
                nursery.start_soon(end_soon)
            return await exchange.answer(peer.hear)

    async def end_soon() -> None:
        peer.session.end_subscriptions()
        while peer.session.listens:
            await trio.lowlevel.checkpoint()
            peer.session.end_subscriptions()

    return trio.run(answer)


@given(st.binary(max_size=300))
@example(b"")
@example(b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"\xff"}}')
@example(b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"\\ud800"}}')
def test_any_bytes_are_survived(line: bytes) -> None:
    answer_to(Peer(FakeHost()), line)


@given(st.lists(messages, max_size=4))
def test_any_json_is_survived(sent: list[object]) -> None:
    peer = Peer(FakeHost())
    for message in sent:
        answer_to(peer, json.dumps(message).encode())


@given(st.data())
def test_a_message_with_some_bytes_changed_is_survived(data: st.DataObject) -> None:
    params = {"name": "echo.echo", "arguments": {"text": "x"}, "_meta": META}
    whole = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    line = bytearray(json.dumps(whole).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        line[data.draw(st.integers(0, len(line) - 1))] = data.draw(st.integers(0, 255))
    answer_to(Peer(FakeHost()), bytes(line))
