"""Requests that describe themselves (2026-07-28, basic/index and basic/versioning)."""

from typing import Any

import pytest
from mcp_types.methods import validate_server_result
from unit.mcp.mcp_fakes import META, MODERN, FakeHost, Peer

VERSION = "io.modelcontextprotocol/protocolVersion"
CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"


@pytest.fixture
def peer() -> Peer:
    return Peer(FakeHost())


async def test_discover_tells_revisions_capabilities_and_identity(peer: Peer) -> None:
    result = (await peer.ask_modern("server/discover"))["result"]
    validate_server_result("server/discover", MODERN, result)
    assert result["supportedVersions"] == [MODERN]
    assert result["capabilities"] == {"tools": {"listChanged": True}}
    assert result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"] == "innkeeper"
    assert result["ttlMs"] > 0


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("server/discover", {}),
        ("tools/list", {}),
        ("tools/call", {"name": "echo.echo", "arguments": {"text": "x"}}),
        ("tools/call", {"name": "echo.echo", "arguments": {"text": "x"}, "requestState": "s"}),
    ],
)
async def test_every_result_says_that_it_is_complete_and_who_gives_it(
    peer: Peer, method: str, params: dict[str, Any]
) -> None:
    result = (await peer.ask_modern(method, **params))["result"]
    validate_server_result(method, MODERN, result)
    assert result["resultType"] == "complete"
    assert result["_meta"]["io.modelcontextprotocol/serverInfo"]["version"] == "1.2.3"


async def test_no_handshake_is_needed_and_none_is_remembered(peer: Peer) -> None:
    await peer.ask_modern("tools/list")
    assert (await peer.ask("tools/list"))["error"]["code"] == -32602


async def test_both_kinds_of_peer_may_share_a_connection(peer: Peer) -> None:
    await peer.ask_modern("tools/list")
    await peer.initialize()
    assert "resultType" not in (await peer.ask("tools/list"))["result"]
    assert "resultType" in (await peer.ask_modern("tools/list"))["result"]


@pytest.mark.parametrize("revision", ["1900-01-01", "2025-11-25", "2025-06-18", "v999.0.0", ""])
@pytest.mark.parametrize("method", ["server/discover", "tools/list", "tools/call"])
async def test_another_revision_is_unsupported_and_told_which_are(
    peer: Peer, revision: str, method: str
) -> None:
    answer = await peer.ask(method, {"name": "echo.echo", "_meta": {**META, VERSION: revision}})
    assert answer["error"]["code"] == -32022
    assert answer["error"]["data"] == {"supported": [MODERN], "requested": revision}


@pytest.mark.parametrize(
    "meta",
    [
        None,
        {},
        {VERSION: MODERN},
        {CAPABILITIES: {}},
        {VERSION: 20260728, CAPABILITIES: {}},
        {VERSION: None, CAPABILITIES: {}},
        {VERSION: MODERN, CAPABILITIES: []},
        {VERSION: MODERN, CAPABILITIES: None},
        [],
        "meta",
    ],
)
@pytest.mark.parametrize("method", ["server/discover", "tools/list", "tools/call"])
async def test_a_request_without_its_envelope_is_invalid_params(
    peer: Peer, meta: object, method: str
) -> None:
    params = {"name": "echo.echo"} if meta is None else {"name": "echo.echo", "_meta": meta}
    assert (await peer.ask(method, params))["error"]["code"] == -32602


async def test_the_clients_name_and_other_keys_are_optional_and_ignored(peer: Peer) -> None:
    meta = {
        **META,
        "io.modelcontextprotocol/clientInfo": {"name": "c", "version": "1"},
        "io.modelcontextprotocol/logLevel": "debug",
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01",
        CAPABILITIES: {"sampling": {}, "extensions": {"a.b/c": {}}},
    }
    assert "result" in await peer.ask("tools/list", {"_meta": meta})


@pytest.mark.parametrize("method", ["ping", "logging/setLevel", "resources/subscribe"])
async def test_what_the_revision_removed_is_not_found(peer: Peer, method: str) -> None:
    assert (await peer.ask_modern(method))["error"]["code"] == -32601


async def test_lists_say_how_long_they_are_fresh_and_for_whom(peer: Peer) -> None:
    result = (await peer.ask_modern("tools/list"))["result"]
    assert result["ttlMs"] > 0
    assert result["cacheScope"] == "private"
