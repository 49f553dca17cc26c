"""A host that answers as it is told, and a peer that reads what the server says."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec
import trio

from innkeeper.errors import RequestRefused
from innkeeper.mcp.exchanges import Notify
from innkeeper.mcp.limits import Limits
from innkeeper.mcp.server import McpServer
from innkeeper.plugins.registry import Tool

MODERN = "2026-07-28"
LEGACY = ("2025-06-18", "2025-11-25")
META = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": {},
}

Message = dict[str, Any]  # decoded JSON: anything goes
Behaviour = Callable[[Mapping[str, object]], Awaitable[object]]


def make_tool(tool_id: str, **changes: object) -> Tool:
    """A tool that takes and gives one string."""
    text = {"type": "string"}
    fields: Message = {
        "id": tool_id,
        "name": tool_id,
        "plugin": tool_id.partition(".")[0],
        "version": "1.0.0",
        "function": tool_id.partition(".")[2],
        "title": "",
        "description": "",
        "input_schema": {"type": "object", "properties": {"text": text}},
        "output_schema": text,
        "structured_schema": {"type": "object", "properties": {"result": text}},
        "wraps_result": True,
        "side_effects": "external",
        "deterministic": False,
        "stability": "stable",
        "error_schema": None,
    }
    return Tool(**{**fields, **changes})


class Progress(msgspec.Struct, frozen=True):
    """As the host's."""

    plugin: str
    stage: str = "compile"
    elapsed_s: float = 0.0
    done: bool = False


class FakeHost:
    """Tools with a behaviour each: by default they give back their argument `text`."""

    def __init__(self, *tools: Tool) -> None:
        self._tools: dict[str, Tool] = {}
        self._behaviours: dict[str, Behaviour] = {}
        self.under_load: list[Progress] = []
        self.principals: list[str] = []
        self.calls_cancelled = 0
        for tool in tools or (make_tool("echo.echo"),):
            self.add(tool)

    def add(self, tool: Tool, behaviour: Behaviour | None = None) -> None:
        """Offer one more tool."""
        self._tools[tool.id] = tool
        self._behaviours[tool.id] = behaviour or _echo

    def remove(self, tool_id: str) -> None:
        """Offer one tool less."""
        del self._tools[tool_id]

    def tools(self) -> Sequence[Tool]:
        return sorted(self._tools.values(), key=lambda tool: tool.id)

    def tool(self, id_or_name: str) -> Tool:
        for tool in self._tools.values():
            if id_or_name in (tool.id, tool.name):
                return tool
        raise RequestRefused(f"no tool named {id_or_name}", code="not_found")

    def loading(self) -> Sequence[Progress]:
        return list(self.under_load)

    async def call_json(
        self,
        tool: str,
        arguments: Mapping[str, object],
        *,
        deadline_s: float | None = None,
        qos: str = "interactive",
        principal: str = "local",
        session: str | None = None,
    ) -> object:
        self.principals.append(principal)
        try:
            return await self._behaviours[tool](arguments)
        except trio.Cancelled:
            self.calls_cancelled += 1
            raise


async def _echo(arguments: Mapping[str, object]) -> object:
    return arguments.get("text")


class Peer:
    """One session of a server, driven by hand as a transport would drive it."""

    def __init__(self, host: FakeHost, *, limits: Limits | None = None) -> None:
        self.server = McpServer(host, version="1.2.3", limits=limits)
        self.told: list[Message] = []  # notifications
        self.session = self.server.open_session(notify=self.hear)

    def hear(self, message: bytes) -> None:
        """Keep a notification."""
        self.told.append(parse(message))

    async def send(self, message: object, *, notify: Notify | None = None) -> Message | None:
        """What the server answers to one message, which may be anything, if it does."""
        raw = message if isinstance(message, bytes) else json.dumps(message).encode()
        reply = self.session.receive(raw)
        if reply is None:
            return None
        if isinstance(reply, bytes):
            return parse(reply)
        with trio.CancelScope() as scope:
            self.session.began(reply.id, scope.cancel)
            answer = await reply.answer(notify or self.hear)
        self.session.ended(reply.id)
        return None if scope.cancelled_caught else parse(answer)

    async def ask(self, method: str, params: object = None, **members: object) -> Message:
        """The response to one request."""
        request: Message = {"jsonrpc": "2.0", "id": 1, "method": method, **members}
        if params is not None:
            request["params"] = params
        answer = await self.send(request)
        assert answer is not None
        return answer

    async def ask_modern(self, method: str, **params: object) -> Message:
        """The response to one request of the modern kind."""
        return await self.ask(method, {"_meta": META, **params})

    async def initialize(self, revision: str = "2025-11-25") -> Message:
        """Shake hands; the result."""
        params = {"protocolVersion": revision, "capabilities": {}, "clientInfo": CLIENT}
        answer = await self.ask("initialize", params)
        await self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        result: Message = answer["result"]
        return result


CLIENT = {"name": "test", "version": "0"}


def parse(message: bytes) -> Message:
    """One message of ours, which must be one line of JSON-RPC 2.0."""
    assert b"\n" not in message
    decoded: Message = json.loads(message)
    assert decoded["jsonrpc"] == "2.0"
    assert "method" in decoded or ("result" in decoded) != ("error" in decoded)
    return decoded
