"""What the official Python client sees of a server over stdio: the same as `node/scenario.mjs`."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TextIO  # JSON

import anyio
import anyio.to_thread
import mcp_types as types
from conformance.scenarios import MODERN, Commands
from integration.faces.processes import PATIENCE_S, cpu_s, has_ended, running_with, wait_for_work
from mcp import Client, ClientSession, MCPError, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.subscriptions import ToolsListChanged

ERROR = "io.innkeeper/error"
SERVER_INFO = "io.modelcontextprotocol/serverInfo"
TOGETHER = 32
HANDSHAKE_NEWEST = "2025-11-25"  # what the client offers by itself in `initialize`
Caller = Client | ClientSession
Seen = dict[str, Any]


async def scenario(commands: Commands, revision: str, errors: TextIO) -> Seen:
    """Everything that one client at one revision sees; the servers' stderr goes to `errors`."""
    with anyio.fail_after(3 * PATIENCE_S):
        seen: Seen = {}
        pid = 0
        async with connected(commands.ready, revision, errors) as caller:
            pid = running_with(commands.ready[-1])
            await _look(caller, pid, seen)
            began_s = time.monotonic()
        seen["left_s"] = time.monotonic() - began_s
        assert has_ended(pid)
        async with connected(commands.slow, revision, errors) as caller:
            if caller.protocol_version == MODERN:
                seen["progress"], seen["changes"] = await _changes(caller)
            else:
                seen["progress"] = await _progress(caller)
    return seen


@asynccontextmanager
async def connected(command: list[str], revision: str, errors: TextIO) -> AsyncIterator[Caller]:
    """A client that has come to terms with the server that a command starts."""
    parameters = StdioServerParameters(command=command[0], args=command[1:])
    transport = stdio_client(parameters, errlog=errors)
    if revision < HANDSHAKE_NEWEST:
        async with transport as (read, write), ClientSession(read, write) as session:
            await _shake_hands(session, revision)
            yield session
    else:
        mode = "legacy" if revision == HANDSHAKE_NEWEST else revision
        async with Client(transport, mode=mode) as client:
            yield client


async def _shake_hands(session: ClientSession, revision: str) -> None:
    """`ClientSession.initialize`, but for an older revision than the newest."""
    about = types.InitializeRequestParams(
        protocol_version=revision,
        capabilities=types.ClientCapabilities(),
        client_info=types.Implementation(name="conformance", version="1"),
    )
    request = types.InitializeRequest(params=about)
    session.adopt(await session.send_request(request, types.InitializeResult))
    await session.send_notification(types.InitializedNotification())


async def _look(caller: Caller, pid: int, seen: Seen) -> None:
    session = caller.session if isinstance(caller, Client) else caller
    seen["revision"] = caller.protocol_version
    seen["tools"] = await _listed(caller)
    seen["server"] = await _introduction(caller)
    seen["echo"] = _answer(await caller.call_tool("echo.echo", {"text": "grüße"}))
    seen["facts"] = _answer(await caller.call_tool("hello.describe", {"text": "one two"}))
    seen["together"] = await _together(caller)
    seen["tool_error"] = _refusal(await caller.call_tool("result-error.parse", {"digit": "x"}))
    seen["trap"] = _refusal(await caller.call_tool("unreachable.fail", {}))
    seen["invalid"] = _refusal(await caller.call_tool("echo.echo", {"text": 1}))
    seen["unknown"] = await _protocol_error(lambda: caller.call_tool("echo.missing", {}))
    if session.initialize_result is not None:
        seen["ping"] = (await session.send_ping()).model_dump(exclude_none=True)
    seen["cancelled"] = await _cancelled(caller, pid)
    seen["distrust"] = await _distrust(session)


async def _introduction(caller: Caller) -> Seen:
    """Who the server is: a client that pins the modern revision hears it with each result alone."""
    about = caller.server_info
    if about is None:
        result = await caller.call_tool("echo.nothing", {})
        about = types.Implementation.model_validate(dict(result.meta or {})[SERVER_INFO])
    return {"name": about.name, "version": about.version}


async def _listed(caller: Caller) -> Seen:
    tools = (await caller.list_tools()).tools
    return {
        tool.name: {
            "inputSchema": tool.input_schema,
            "outputSchema": tool.output_schema,
            "annotations": tool.annotations.model_dump(by_alias=True, exclude_none=True)
            if tool.annotations
            else {},
        }
        for tool in tools
    }


async def _together(caller: Caller) -> list[object]:
    answers: list[object] = [None] * TOGETHER

    async def add(number: int) -> None:
        result = await caller.call_tool("echo.add", {"a": number, "b": 1})
        answers[number] = _answer(result)["structured"]["result"]

    async with anyio.create_task_group() as group:
        for number in range(TOGETHER):
            group.start_soon(add, number)
    return answers


def _answer(result: types.CallToolResult) -> Seen:
    return {
        "structured": result.structured_content,
        "text": _text(result),
        "is_error": result.is_error,
    }


def _refusal(result: types.CallToolResult) -> Seen:
    meta = dict(result.meta or {})
    return {"is_error": result.is_error, "error": meta[ERROR], "text": _text(result)}


def _text(result: types.CallToolResult) -> str:
    first = result.content[0]
    assert isinstance(first, types.TextContent)
    return first.text


async def _protocol_error(call: Callable[[], Awaitable[object]]) -> Seen:
    try:
        return {"answered": await call()}
    except MCPError as error:
        return {"code": error.code, "data": error.data}


async def _cancelled(caller: Caller, pid: int) -> Seen:
    outcome = "answered"

    async def call() -> None:
        nonlocal outcome
        try:
            await caller.call_tool("long-loop.endless", {})
        except anyio.get_cancelled_exc_class():
            outcome = "raised"
            raise

    async with anyio.create_task_group() as group:
        group.start_soon(call)
        await anyio.to_thread.run_sync(wait_for_work, pid)
        group.cancel_scope.cancel()
    before_s = cpu_s(pid)
    await anyio.sleep(1.0)
    used_s = cpu_s(pid) - before_s
    after = _answer(await caller.call_tool("echo.echo", {"text": "ada"}))
    return {"outcome": outcome, "cpu_s": used_s, "after": after}


async def _distrust(session: ClientSession) -> str:
    """Whether the client takes what does not fit the tool's output schema."""
    spoilt = types.CallToolResult(content=[], structured_content={"result": 5})
    try:
        await session.validate_tool_result("echo.echo", spoilt)
    except RuntimeError:
        return "refused"
    return "believed"


async def _progress(caller: Caller) -> Seen:
    reports: list[Seen] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        reports.append({"done": progress, "message": message})

    result = await caller.call_tool("slow.answer", {}, progress_callback=hear)
    return {"reports": reports, "answer": _answer(result)}


async def _changes(caller: Caller) -> tuple[Seen, Seen]:
    """The progress of a plugin that loads, and what a subscription says when it is there."""
    assert isinstance(caller, Client)
    async with caller.listen(tools_list_changed=True) as subscription:
        progress = await _progress(caller)
        event = await anext(aiter(subscription))
        told = isinstance(event, ToolsListChanged)
        return progress, {"honored": bool(subscription.honored.tools_list_changed), "told": told}
