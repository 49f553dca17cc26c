"""`tools/call`: results, typed errors, and who is told what."""

from collections.abc import Mapping
from typing import Any

import pytest
from mcp_types.methods import validate_server_result
from unit.mcp.mcp_fakes import META, MODERN, FakeHost, Message, Peer, make_tool

from innkeeper.errors import (
    CODES,
    HostError,
    HostFailure,
    LimitExceeded,
    PluginFault,
    RequestRefused,
    ToolFailed,
)

ERROR = "io.innkeeper/error"


def raising(error: Exception) -> FakeHost:
    host = FakeHost()

    async def fail(_: Mapping[str, object]) -> object:
        raise error

    host.add(make_tool("bad.bad"), fail)
    return host


def giving(value: object, **changes: object) -> FakeHost:
    host = FakeHost()

    async def give(_: Mapping[str, object]) -> object:
        return value

    host.add(make_tool("giver.give", **changes), give)
    return host


async def call(host: FakeHost, name: str, *, revision: str, **params: object) -> Message:
    peer = Peer(host)
    if revision == MODERN:
        return await peer.ask_modern("tools/call", name=name, **params)
    await peer.initialize(revision)
    return await peer.ask("tools/call", {"name": name, **params})


@pytest.fixture(params=["2025-06-18", "2025-11-25", MODERN])
def revision(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


async def test_a_result_is_structured_and_the_same_json_as_text(revision: str) -> None:
    answer = await call(FakeHost(), "echo.echo", revision=revision, arguments={"text": "\u00e4\n"})
    result = answer["result"]
    validate_server_result("tools/call", revision, result)
    assert result["structuredContent"] == {"result": "\u00e4\n"}
    assert result["content"] == [{"type": "text", "text": '{"result":"\u00e4\\n"}'}]
    assert not result.get("isError")


@pytest.mark.parametrize("value", [{}, {"a": [1, None, 2.5]}, {"tag": "none"}])
async def test_an_object_is_not_wrapped(revision: str, value: object) -> None:
    answer = await call(giving(value, wraps_result=False), "giver.give", revision=revision)
    assert answer["result"]["structuredContent"] == value


@pytest.mark.parametrize("value", [None, True, 0, "x", [], [[1]], 1e300])
async def test_any_other_value_is_wrapped(revision: str, value: object) -> None:
    answer = await call(giving(value), "giver.give", revision=revision)
    assert answer["result"]["structuredContent"] == {"result": value}


@pytest.mark.parametrize("arguments", [None, {}])
async def test_arguments_may_be_left_out(revision: str, arguments: object) -> None:
    answer = await call(FakeHost(), "echo.echo", revision=revision, arguments=arguments)
    assert answer["result"]["structuredContent"] == {"result": None}


async def test_a_tool_is_found_by_its_id_and_by_its_name(revision: str) -> None:
    host = FakeHost(make_tool("notes.search", name="notes_search"))
    for name in ("notes.search", "notes_search"):
        assert "result" in await call(host, name, revision=revision)


async def test_an_unknown_tool_is_a_protocol_error_with_its_code(revision: str) -> None:
    error = (await call(FakeHost(), "no.such", revision=revision))["error"]
    assert error["code"] == -32602
    assert error["data"]["code"] == "not_found"


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"name": None},
        {"name": 1},
        {"name": "echo.echo", "arguments": []},
        {"name": "echo.echo", "arguments": "x"},
        {"name": "echo.echo", "_meta": {"progressToken": 1.5}},
        {"name": "echo.echo", "_meta": {"progressToken": None}},
        {"name": "echo.echo", "_meta": 1},
    ],
)
async def test_a_malformed_call_is_invalid_params(params: dict[str, Any]) -> None:
    peer = Peer(FakeHost())
    await peer.initialize()
    assert (await peer.ask("tools/call", params))["error"]["code"] == -32602


async def test_a_tools_own_error_is_a_result_with_its_value(revision: str) -> None:
    host = raising(ToolFailed("the file is locked", details={"path": "/a", "by": "Ada"}))
    result = (await call(host, "bad.bad", revision=revision))["result"]
    validate_server_result("tools/call", revision, result)
    assert result["isError"] is True
    assert [block["text"] for block in result["content"]] == [
        "tool_error: the file is locked",
        '{"path":"/a","by":"Ada"}',
    ]
    assert result["_meta"][ERROR]["details"] == {"path": "/a", "by": "Ada"}
    assert "structuredContent" not in result  # it would have to fit the output schema


async def test_a_trap_is_a_result_that_names_it(revision: str) -> None:
    host = raising(PluginFault("unreachable executed", kind="unreachable", details="at f"))
    result = (await call(host, "bad.bad", revision=revision))["result"]
    assert result["content"] == [{"type": "text", "text": "trap: unreachable executed"}]
    assert result["_meta"][ERROR] == {
        "code": "trap",
        "message": "unreachable executed",
        "retryable": False,
        "details": "at f",
    }


async def test_when_to_try_again_is_told(revision: str) -> None:
    host = raising(LimitExceeded("too many", code="rate_limited", retry_after_s=1.5))
    result = (await call(host, "bad.bad", revision=revision))["result"]
    assert result["_meta"][ERROR]["retryable"] is True
    assert result["_meta"][ERROR]["retry_after_s"] == 1.5


@pytest.mark.parametrize("code", sorted(CODES))
async def test_every_code_has_the_form_that_the_table_says(revision: str, code: str) -> None:
    answer = await call(raising(HostError("the message", code=code)), "bad.bad", revision=revision)
    expected = CODES[code].mcp
    if expected is None:
        validate_server_result("tools/call", revision, answer["result"])
        assert answer["result"]["isError"] is True
        assert answer["result"]["_meta"][ERROR]["code"] == code
        assert answer["result"]["content"][0]["text"] == f"{code}: the message"
    else:
        assert answer["error"]["code"] == expected
        assert answer["error"]["data"]["code"] == code


async def test_a_refused_argument_can_be_put_right_by_the_model(revision: str) -> None:
    host = raising(RequestRefused("text: must be a string", details=[{"path": "/text"}]))
    result = (await call(host, "bad.bad", revision=revision))["result"]
    assert result["isError"] is True
    assert result["_meta"][ERROR]["details"] == [{"path": "/text"}]


async def test_details_that_are_no_json_are_shown_as_text(revision: str) -> None:
    host = raising(HostFailure("x", code="unavailable", details={"at": object()}))
    answer = await call(host, "bad.bad", revision=revision)
    assert answer["result"]["_meta"][ERROR]["details"]["at"].startswith("<object")


@pytest.mark.parametrize(
    "error", [ValueError("secret"), RecursionError(), ExceptionGroup("g", [OSError()])]
)
async def test_a_defect_of_ours_tells_nothing_about_itself(
    revision: str, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await call(raising(error), "bad.bad", revision=revision)
    assert answer["error"] == {"code": -32603, "message": "internal error"}
    assert caplog.records[0].exc_info is not None


async def test_a_result_that_is_no_json_is_a_defect_of_ours(
    caplog: pytest.LogCaptureFixture,
) -> None:
    answer = await call(giving("\ud800"), "giver.give", revision=MODERN)
    assert answer["error"]["code"] == -32603
    assert caplog.records


async def test_the_session_says_who_calls() -> None:
    host = FakeHost()
    peer = Peer(host)
    peer.session = peer.server.open_session(notify=peer.hear, principal="ada")
    await peer.ask("tools/call", {"name": "echo.echo", "_meta": META})
    assert host.principals == ["ada"]
