"""JSON-RPC 2.0 as MCP narrows it: what is no message at all, and what is no request."""

import pytest
from unit.mcp.mcp_fakes import FakeHost, Peer


@pytest.fixture
async def peer() -> Peer:
    peer = Peer(FakeHost())
    await peer.initialize()
    return peer


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"nonsense",
        b"{'a': 1}",
        b'{"jsonrpc":"2.0","id":1,"method":"ping",}',
        b'{"jsonrpc":"2.0","id":1,"method":"ping"} x',
        b'[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc"',
        b"\x00",
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b'{"jsonrpc":"2.0","id":NaN,"method":"ping"}',
        b"[" * 100_000,
        b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","arguments":{"a":'
        + b"[" * 50_000
        + b"]" * 50_000
        + b"}}}",
    ],
)
async def test_what_is_not_json_or_nests_too_deeply_is_a_parse_error(
    peer: Peer, line: bytes
) -> None:
    answer = await peer.send(line)
    assert answer is not None
    assert answer["error"]["code"] == -32700
    assert answer["id"] is None


@pytest.mark.parametrize(
    "line",
    [
        b"[]",
        b'[{"jsonrpc":"2.0","id":1,"method":"ping"}]',
        b'"ping"',
        b"1",
        b"null",
        b"true",
        b"{}",
        b'{"jsonrpc":"2.0"}',
        b'{"jsonrpc":"1.0","method":"ping"}',
        b'{"jsonrpc":2.0,"method":"ping"}',
        b'{"method":"ping"}',
        b'{"jsonrpc":"2.0","method":1}',
        b'{"jsonrpc":"2.0","method":null}',
        b'{"jsonrpc":"2.0","id":null,"method":"ping"}',
        b'{"jsonrpc":"2.0","id":true,"method":"ping"}',
        b'{"jsonrpc":"2.0","id":1.5,"method":"ping"}',
        b'{"jsonrpc":"2.0","id":[1],"method":"ping"}',
        b'{"jsonrpc":"2.0","id":{},"method":"ping"}',
        b'{"jsonrpc":"2.0","id":null,"method":"tools/call","params":{"name":"echo.echo"}}',
    ],
)
async def test_what_is_no_request_is_an_invalid_request_of_nobody(peer: Peer, line: bytes) -> None:
    answer = await peer.send(line)
    assert answer is not None
    assert answer["error"]["code"] == -32600
    assert answer["id"] is None


@pytest.mark.parametrize(
    "line",
    [
        b'{"id":7,"method":"ping"}',
        b'{"jsonrpc":"1.0","id":7,"method":"ping"}',
        b'{"jsonrpc":"2.0","id":7}',
        b'{"jsonrpc":"2.0","id":7,"method":["ping"]}',
    ],
)
async def test_an_invalid_request_is_answered_under_its_id_where_it_has_one(
    peer: Peer, line: bytes
) -> None:
    answer = await peer.send(line)
    assert answer is not None
    assert (answer["error"]["code"], answer["id"]) == (-32600, 7)


@pytest.mark.parametrize(
    "request_id", [0, -1, 2**53, 10**30, "", "a", "1", "\u00e9\n\u2028", "x" * 999]
)
async def test_ids_come_back_as_they_were(peer: Peer, request_id: object) -> None:
    assert (await peer.ask("ping", id=request_id))["id"] == request_id
    call = await peer.ask("tools/call", {"name": "echo.echo"}, id=request_id)
    assert call["id"] == request_id


@pytest.mark.parametrize("params", [[], [1], "x", 1, True, None])
async def test_parameters_that_are_no_object_are_invalid_params(peer: Peer, params: object) -> None:
    for method in ("ping", "tools/list", "tools/call"):
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer = await peer.send(request)
        assert answer is not None
        assert answer["error"]["code"] == -32602


@pytest.mark.parametrize(
    "line",
    [
        b'{"jsonrpc":"2.0","id":1,"result":{}}',
        b'{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"x"}}',
        b'{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"x"}}',
    ],
)
async def test_responses_are_ignored_because_we_never_ask(peer: Peer, line: bytes) -> None:
    assert await peer.send(line) is None


async def test_members_that_nobody_knows_are_ignored(peer: Peer) -> None:
    answer = await peer.ask("tools/call", {"name": "echo.echo", "more": [1]}, extra={"a": None})
    assert "result" in answer


async def test_escapes_in_the_fixed_members_mean_the_same(peer: Peer) -> None:
    line = b'{"jsonrpc":"2\\u002e0","id":1,"method":"tools\\/call","params":{"name":"echo.echo"}}'
    answer = await peer.send(line)
    assert answer is not None
    assert "result" in answer


async def test_an_id_in_use_is_refused_and_its_owner_goes_on(peer: Peer) -> None:
    peer.session.began(5, lambda: None)
    assert (await peer.ask("tools/list", id=5))["error"]["code"] == -32600
    assert "result" in await peer.ask("tools/list", id="5")
    peer.session.ended(5)
    assert "result" in await peer.ask("tools/list", id=5)
