"""`innkeeper serve`."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import click
import trio

from innkeeper.cli.composition import Place, opened_host, show_loading
from innkeeper.cli.example import example_arguments, example_tool
from innkeeper.cli.options import examples, plugin_option, state_option
from innkeeper.cli.running import run_to_its_end, stop_signal
from innkeeper.cli.text import plain, say
from innkeeper.host import Host
from innkeeper.plugins.registry import Tool
from innkeeper.settings import Settings


@click.command(
    epilog=examples(
        "innkeeper serve",
        "innkeeper serve --bind 127.0.0.1:9000 --plugin notes.wasm",
    ),
)
@click.option("--bind", metavar="HOST:PORT", help="Address to listen on. [default: 127.0.0.1:8090]")
@state_option
@plugin_option
def serve(bind: str | None, state: str | None, plugins: tuple[str, ...]) -> int:
    """Serve the tools over HTTP until Ctrl-C or SIGTERM.

    The plugins that ship with innkeeper are loaded, and those given. Running calls have a few
    seconds to finish at the end; a second Ctrl-C does not wait for them.
    """
    work = partial(_serve, Place(state, plugins), bind)
    return run_to_its_end(work)


async def _serve(place: Place, bind: str | None) -> None:
    settings = place.settings(bind=bind)
    place.check_files()
    async with opened_host(settings) as host, trio.open_nursery() as nursery:
        (url,) = await nursery.start(_serve_http, host, settings, nursery.cancel_scope)
        say(f"Innkeeper serves HTTP at {url}")
        for source in (*place.named(), *place.shipped()):
            host.load_soon(source)
        await show_loading(host)
        say(_greeting(host, url, place))


async def _serve_http(
    host: Host,
    settings: Settings,
    running: trio.CancelScope,
    *,
    task_status: trio.TaskStatus[list[str]],
) -> None:
    """Serve until a signal, drain, and end what else is running."""
    # Imported here: it costs 200 ms, which asking for help need not wait for.
    from innkeeper.http_api.server import serve as serve_http
    from innkeeper.http_api.settings import HttpSettings

    async def stopped() -> None:
        await stop_signal()
        with suppress(OSError):  # nobody reads it: the calls that run are to finish all the same
            click.echo("Stopping: running calls finish first; Ctrl-C again ends them.", err=True)

    http = HttpSettings(
        body_bytes_max=settings.http_body_bytes_max,
        hosts=settings.http_hosts,
        origins=settings.http_origins,
    )
    await serve_http(
        host,
        bind=settings.bind,
        settings=http,
        shutdown_trigger=stopped,
        task_status=task_status,
    )
    running.cancel()


def _greeting(host: Host, url: str, place: Place) -> str:
    """What a person needs next: a call over HTTP, and the lines for an MCP client."""
    tools = host.tools()
    plugins = ", ".join(sorted({tool.plugin for tool in tools}))
    return "\n".join(
        [
            f"Plugins: {plugins} (tools: {len(tools)})" if tools else "No tools are loaded.",
            "",
            "Call a tool:",
            "",
            f"  {_curl(url, example_tool(tools))}",
            "",
            "Connect an MCP client, which starts its own copy:",
            "",
            *(f"  {line}" for line in _mcp_lines(place)),
        ]
    )


def _curl(url: str, tool: Tool | None) -> str:
    if tool is None:
        return f"curl -s {url}/tools"
    body = json.dumps(example_arguments(tool))
    return (
        f"curl -s {url}/tools/{tool.id}:invoke -H 'content-type: application/json'"
        f" -d {shlex.quote(body)}"
    )


def _mcp_lines(place: Place) -> list[str]:
    command, *first = _own_command()
    arguments = [*first, "mcp", "serve"]
    state = place.settings().state
    if state != Settings().state:
        arguments += ["--state", str(state.absolute())]
    for file in place.plugins:
        arguments += ["--plugin", str(Path(file).absolute())]
    entry = {"mcpServers": {"innkeeper": {"command": command, "args": arguments}}}
    return [plain(line) for line in json.dumps(entry, indent=2).splitlines()]


def _own_command() -> Sequence[str]:
    """How another process starts this program."""
    started = Path(sys.argv[0])
    if started.stem == "innkeeper" and started.is_file():
        return [str(started.absolute())]
    return [sys.executable, "-m", "innkeeper"]
