"""`initialize`, `ping`, and what may come before (2025-06-18 and 2025-11-25, basic/lifecycle)."""

import pytest
from mcp_types.methods import validate_server_result
from unit.mcp.mcp_fakes import CLIENT, LEGACY, META, FakeHost, Peer


@pytest.fixture
def peer() -> Peer:
    return Peer(FakeHost())


@pytest.mark.parametrize("revision", LEGACY)
async def test_a_known_revision_is_agreed_to(peer: Peer, revision: str) -> None:
    result = await peer.initialize(revision)
    assert result["protocolVersion"] == revision
    validate_server_result("initialize", revision, result)


@pytest.mark.parametrize("revision", ["2024-11-05", "2025-03-26", "2026-07-28", "2099-01-01", ""])
async def test_another_revision_is_answered_with_our_newest_of_its_kind(
    peer: Peer, revision: str
) -> None:
    assert (await peer.initialize(revision))["protocolVersion"] == "2025-11-25"


async def test_the_server_says_who_it_is_and_that_its_tools_may_change(peer: Peer) -> None:
    result = await peer.initialize()
    assert result["serverInfo"] == {"name": "innkeeper", "title": "Innkeeper", "version": "1.2.3"}
    assert result["capabilities"] == {"tools": {"listChanged": True}}
    assert result["instructions"]


async def test_initialize_with_the_modern_envelope_is_still_a_handshake(peer: Peer) -> None:
    params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": CLIENT}
    answer = await peer.ask("initialize", {**params, "_meta": META})
    assert "resultType" not in answer["result"]


async def test_a_second_initialize_is_an_invalid_request(peer: Peer) -> None:
    await peer.initialize()
    params = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": CLIENT}
    assert (await peer.ask("initialize", params))["error"]["code"] == -32600


@pytest.mark.parametrize(
    "params",
    [
        None,
        {},
        {"protocolVersion": 1, "capabilities": {}},
        {"protocolVersion": "2025-11-25"},
        {"protocolVersion": "2025-11-25", "capabilities": []},
        [],
        "x",
    ],
)
async def test_initialize_without_its_parameters_is_invalid_params(
    peer: Peer, params: object
) -> None:
    answer = await peer.ask("initialize", params)
    assert answer["error"]["code"] == -32602
    assert answer["id"] == 1


async def test_ping_is_answered_before_and_after_the_handshake(peer: Peer) -> None:
    assert (await peer.ask("ping"))["result"] == {}
    await peer.initialize()
    assert (await peer.ask("ping"))["result"] == {}


@pytest.mark.parametrize("method", ["tools/list", "tools/call"])
async def test_tools_are_out_of_reach_before_the_handshake(peer: Peer, method: str) -> None:
    answer = await peer.ask(method, {"name": "echo.echo"})
    assert answer["error"]["code"] == -32602
    assert "protocolVersion" in answer["error"]["message"]


@pytest.mark.parametrize(
    "method",
    ["resources/list", "prompts/get", "logging/setLevel", "completion/complete", "rpc.x", ""],
)
async def test_a_method_that_we_did_not_announce_is_not_found(peer: Peer, method: str) -> None:
    await peer.initialize()
    assert (await peer.ask(method))["error"]["code"] == -32601


async def test_methods_of_the_modern_revision_want_its_envelope(peer: Peer) -> None:
    await peer.initialize()
    for method in ("server/discover", "subscriptions/listen"):
        answer = await peer.ask(method, {"notifications": {}})
        assert answer["error"]["code"] == -32602


async def test_a_long_method_name_is_not_echoed_whole(peer: Peer) -> None:
    answer = await peer.ask("x" * 100_000)
    assert len(answer["error"]["message"]) < 200


@pytest.mark.parametrize(
    "method", ["notifications/initialized", "notifications/roots/list_changed", "nonsense", ""]
)
async def test_notifications_are_never_answered(peer: Peer, method: str) -> None:
    assert await peer.send({"jsonrpc": "2.0", "method": method}) is None
