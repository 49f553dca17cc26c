"""`tools/list`: what a tool looks like, and pages."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp_types.methods import validate_server_result
from unit.mcp.mcp_fakes import MODERN, FakeHost, Message, Peer, make_tool

from innkeeper.mcp.limits import Limits


async def listed(host: FakeHost, revision: str = "2025-11-25") -> list[Message]:
    peer = Peer(host)
    if revision == MODERN:
        result = (await peer.ask_modern("tools/list"))["result"]
    else:
        await peer.initialize(revision)
        result = (await peer.ask("tools/list"))["result"]
    validate_server_result("tools/list", revision, result)
    tools: list[Message] = result["tools"]
    return tools


@pytest.mark.parametrize("revision", ["2025-06-18", "2025-11-25", MODERN])
async def test_a_tool_is_listed_with_its_schemas_and_texts(revision: str) -> None:
    tool = make_tool("notes.search", name="notes_search", title="Search", description="Finds notes")
    (shown,) = await listed(FakeHost(tool), revision)
    assert shown["name"] == "notes_search"
    assert (shown["title"], shown["description"]) == ("Search", "Finds notes")
    assert shown["inputSchema"] == tool.input_schema
    assert shown["outputSchema"] == tool.structured_schema


async def test_what_mcp_has_no_field_for_is_in_meta() -> None:
    (shown,) = await listed(FakeHost(make_tool("a.b", name="x", stability="beta")))
    assert shown["_meta"]["io.innkeeper/tool"] == {
        "id": "a.b",
        "plugin": "a",
        "version": "1.0.0",
        "stability": "beta",
        "deterministic": False,
    }


async def test_texts_that_are_empty_are_left_out() -> None:
    (shown,) = await listed(FakeHost(make_tool("a.b")))
    assert "title" not in shown
    assert "description" not in shown


@pytest.mark.parametrize(
    ("side_effects", "read_only", "destructive", "idempotent", "open_world"),
    [
        ("none", True, False, True, False),
        ("read", True, False, True, False),
        ("write", False, True, False, False),
        ("external", False, True, False, True),
        ("never heard of", False, True, False, True),
    ],
)
async def test_side_effects_become_hints_and_the_unknown_is_the_worst(
    side_effects: str, read_only: bool, destructive: bool, idempotent: bool, open_world: bool
) -> None:
    (shown,) = await listed(FakeHost(make_tool("a.b", side_effects=side_effects)))
    assert shown["annotations"] == {
        "readOnlyHint": read_only,
        "destructiveHint": destructive,
        "idempotentHint": idempotent,
        "openWorldHint": open_world,
    }


async def test_the_order_is_the_same_each_time() -> None:
    host = FakeHost(make_tool("b.b"), make_tool("a.a"), make_tool("c.c"))
    peer = Peer(host)
    await peer.initialize()
    first, second = [(await peer.ask("tools/list"))["result"] for _ in range(2)]
    assert first == second
    assert [tool["name"] for tool in first["tools"]] == ["a.a", "b.b", "c.c"]


async def test_a_list_without_tools_is_empty() -> None:
    host = FakeHost()
    host.remove("echo.echo")
    assert await listed(host) == []


def many(count: int) -> FakeHost:
    return FakeHost(*(make_tool(f"p.t{index:04}") for index in range(count)))


async def pages(peer: Peer) -> list[list[str]]:
    names: list[list[str]] = []
    params: Message = {}
    while True:
        result = (await peer.ask_modern("tools/list", **params))["result"]
        names.append([tool["name"] for tool in result["tools"]])
        if "nextCursor" not in result:
            return names
        params = {"cursor": result["nextCursor"]}


@pytest.mark.parametrize(("count", "sizes"), [(0, [0]), (9, [9]), (10, [10]), (25, [10, 10, 5])])
async def test_a_long_list_comes_in_pages(count: int, sizes: list[int]) -> None:
    host = many(count) if count else FakeHost()
    if not count:
        host.remove("echo.echo")
    found = await pages(Peer(host, limits=Limits(page_tools_max=10)))
    assert [len(page) for page in found] == sizes
    assert [name for page in found for name in page] == [tool.id for tool in host.tools()]


async def test_a_page_is_bounded_in_bytes_too_but_has_one_tool() -> None:
    host = FakeHost(*(make_tool(f"p.t{index}", description="x" * 1000) for index in range(4)))
    found = await pages(Peer(host, limits=Limits(page_bytes_max=3000)))
    assert [len(page) for page in found] == [2, 2]
    found = await pages(Peer(host, limits=Limits(page_bytes_max=1)))
    assert [len(page) for page in found] == [1, 1, 1, 1]


async def test_a_cursor_survives_the_tool_that_it_names() -> None:
    host = many(4)
    peer = Peer(host, limits=Limits(page_tools_max=2))
    cursor = (await peer.ask_modern("tools/list"))["result"]["nextCursor"]
    host.remove("p.t0001")
    rest = (await peer.ask_modern("tools/list", cursor=cursor))["result"]["tools"]
    assert [tool["name"] for tool in rest] == ["p.t0002", "p.t0003"]


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "*",
        "\u00e9",
        base64.urlsafe_b64encode(b"before:a").decode(),
        base64.urlsafe_b64encode(b"after:\xff").decode(),
        base64.urlsafe_b64encode(b"after:a").decode() + "=",
    ],
)
async def test_a_foreign_cursor_is_invalid_params(cursor: str) -> None:
    answer = await Peer(FakeHost()).ask_modern("tools/list", cursor=cursor)
    assert answer["error"]["code"] == -32602


@pytest.mark.parametrize("cursor", [1, {}, [], True])
async def test_a_cursor_that_is_no_string_is_invalid_params(cursor: object) -> None:
    answer = await Peer(FakeHost()).ask_modern("tools/list", cursor=cursor)
    assert answer["error"]["code"] == -32602


@given(tool_id=st.text(min_size=1))
def test_any_id_can_be_a_cursor(tool_id: str) -> None:
    from innkeeper.mcp.catalog import _read_cursor, _write_cursor

    assert _read_cursor(_write_cursor(tool_id)) == tool_id
