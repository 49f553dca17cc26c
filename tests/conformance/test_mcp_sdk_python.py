"""The official Python SDK as the client of `innkeeper mcp serve`, on Trio and on asyncio.

It validates every message against the schema of its revision, and every structured result against
the tool's output schema.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any  # JSON

import anyio
import mcp.client.session
import pytest
from guests import guest_file
from integration.faces.commands import INNKEEPER, environment
from integration.faces.plugin_files import slow_to_compile
from mcp import StdioServerParameters, stdio_client
from mcp.client.client import Client
from mcp.shared.exceptions import MCPError

REVISIONS = ("2025-06-18", "2025-11-25", "2026-07-28", "auto")
ERROR = "io.innkeeper/error"
PATIENCE_S = 60  # a bound for the test, not a measure

Scenario = Callable[[Client], Awaitable[None]]


@pytest.fixture(params=["trio", "asyncio"])
def backend(request: pytest.FixtureRequest) -> str:
    """The event loop under the SDK."""
    name: str = request.param
    return name


@pytest.fixture(params=REVISIONS)
def mode(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How the SDK opens: with a handshake for a revision, or in the newer ways."""
    revision: str = request.param
    if not revision.startswith("2025"):
        return revision
    monkeypatch.setattr(mcp.client.session, "LATEST_HANDSHAKE_VERSION", revision)
    return "legacy"


class Served:
    """Runs scenarios against a server of some plugins."""

    def __init__(self, state: Path, *files: Path) -> None:
        plugins = [word for file in files for word in ("--plugin", str(file))]
        self._parameters = StdioServerParameters(
            command=str(INNKEEPER), args=["mcp", "serve", *plugins], env=environment(state)
        )

    def run(self, scenario: Scenario, *, backend: str, mode: str) -> None:
        """Run one on the named event loop."""
        anyio.run(partial(self._run, scenario, mode), backend=backend)

    async def _run(self, scenario: Scenario, mode: str) -> None:
        with anyio.fail_after(PATIENCE_S):
            async with Client(stdio_client(self._parameters), mode=mode) as client:
                await scenario(client)


@pytest.fixture
def served(tmp_path: Path) -> Served:
    names = ("echo", "loop", "result-error", "unreachable")
    return Served(tmp_path / "state", *(guest_file(name, tmp_path) for name in names))


def test_the_revision_asked_for_is_the_one_spoken(
    served: Served, backend: str, mode: str, request: pytest.FixtureRequest
) -> None:
    asked: str = request.node.callspec.params["mode"]

    async def scenario(client: Client) -> None:
        assert client.protocol_version == ("2026-07-28" if asked == "auto" else asked)
        if asked != "2026-07-28":  # a client that names the revision itself asks for nothing else
            assert client.server_capabilities.tools is not None

    served.run(scenario, backend=backend, mode=mode)


def test_tools_are_listed_with_schemas_and_hints(served: Served, backend: str, mode: str) -> None:
    async def scenario(client: Client) -> None:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        echo = tools["echo.echo"]
        assert echo.input_schema["properties"]["text"]["type"] == "string"
        assert echo.output_schema is not None
        assert echo.annotations is not None
        assert echo.annotations.open_world_hint is True

    served.run(scenario, backend=backend, mode=mode)


def test_results_are_structured_and_fit_the_listed_schema(
    served: Served, backend: str, mode: str
) -> None:
    async def scenario(client: Client) -> None:
        await client.list_tools()  # from here on the SDK checks results against the schemas
        result = await client.call_tool("echo.echo", {"text": "h\u00e9"})
        assert result.structured_content == {"result": "h\u00e9"}
        assert result.content[0].type == "text"
        assert result.content[0].text == '{"result":"h\u00e9"}'
        added = await client.call_tool("echo.add", {"a": 2, "b": 3})
        assert added.structured_content == {"result": 5}

    served.run(scenario, backend=backend, mode=mode)


def test_what_a_model_can_act_on_is_a_typed_error_in_the_result(
    served: Served, backend: str, mode: str
) -> None:
    async def scenario(client: Client) -> None:
        await client.list_tools()
        for tool, arguments, code in (
            ("echo.echo", {"text": 1}, "validation_failed"),
            ("echo.echo", {}, "validation_failed"),
            ("result-error.divide", {"a": 1, "b": 0}, "tool_error"),
            ("unreachable.fail", {}, "trap"),
        ):
            await expect_error(client, tool, arguments, code=code)

    served.run(scenario, backend=backend, mode=mode)


async def expect_error(client: Client, tool: str, arguments: Any, *, code: str) -> None:
    """Call a tool that answers with this code, in the text and beside it."""
    result = await client.call_tool(tool, arguments)
    assert result.is_error is True
    assert result.meta is not None
    assert result.meta[ERROR]["code"] == code
    assert result.content[0].type == "text"
    assert result.content[0].text.startswith(code)


def test_an_unknown_tool_is_a_protocol_error(served: Served, backend: str, mode: str) -> None:
    async def scenario(client: Client) -> None:
        with pytest.raises(MCPError) as caught:
            await client.call_tool("no.such", {})
        assert caught.value.code == -32602
        assert caught.value.error.data["code"] == "not_found"

    served.run(scenario, backend=backend, mode=mode)


def test_a_cancelled_call_leaves_the_server_free_for_others(
    served: Served, backend: str, mode: str
) -> None:
    async def scenario(client: Client) -> None:
        with anyio.move_on_after(0.3) as scope:
            await client.call_tool("loop.endless", {})
        assert scope.cancelled_caught
        result = await client.call_tool("echo.add", {"a": 1, "b": 1})
        assert result.structured_content == {"result": 2}

    served.run(scenario, backend=backend, mode=mode)


def test_many_calls_at_a_time_each_get_their_own_result(
    served: Served, backend: str, mode: str
) -> None:
    async def scenario(client: Client) -> None:
        found: dict[int, object] = {}

        async def add(n: int) -> None:
            found[n] = (await client.call_tool("echo.add", {"a": n, "b": 1})).structured_content

        async with anyio.create_task_group() as group:
            for n in range(100):
                group.start_soon(add, n)
        assert found == {n: {"result": n + 1} for n in range(100)}

    served.run(scenario, backend=backend, mode=mode)


def test_a_call_waits_for_its_plugin_to_compile_and_reports_progress(
    tmp_path: Path, backend: str, mode: str
) -> None:
    slow = tmp_path / "slow.wasm"
    slow.write_bytes(slow_to_compile(3000))

    async def scenario(client: Client) -> None:
        values: list[float] = []

        async def hear(progress: float, total: float | None, message: str | None) -> None:
            values.append(progress)

        result = await client.call_tool("slow.answer", {}, progress_callback=hear)
        assert result.structured_content == {"result": 42}
        assert values
        assert values == sorted(set(values))

    Served(tmp_path / "state", slow).run(scenario, backend=backend, mode=mode)


def test_a_legacy_client_may_ping(served: Served, backend: str) -> None:
    async def scenario(client: Client) -> None:
        await client.session.send_ping()

    served.run(scenario, backend=backend, mode="legacy")


def test_a_subscription_is_acknowledged(served: Served, backend: str) -> None:
    async def scenario(client: Client) -> None:
        async with client.listen(tools_list_changed=True) as subscription:
            assert subscription.honored.tools_list_changed is True
        assert (await client.call_tool("echo.add", {"a": 1, "b": 1})).structured_content

    served.run(scenario, backend=backend, mode="2026-07-28")
