"""`innkeeper tools`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import click

from innkeeper.cli.composition import Place, load_all, opened_host
from innkeeper.cli.options import examples, json_option, plugin_option
from innkeeper.cli.running import print_result
from innkeeper.cli.text import first_line, json_text, table
from innkeeper.plugins.registry import Tool


@click.command(
    epilog=examples("innkeeper tools", "innkeeper tools --plugin notes.wasm --json"),
)
@json_option
@plugin_option
def tools(as_json: bool, plugins: tuple[str, ...]) -> int:
    """List the tools of the plugins that ship with innkeeper, and of those given."""
    return print_result(partial(_list, Place(plugins=plugins), as_json=as_json))


async def _list(place: Place, *, as_json: bool) -> str:
    async with opened_host(place.settings()) as host:
        await load_all(host, [*place.named(), *place.shipped()])
        found = host.tools()
    return json_text(found) if as_json else _table(found)


def _table(found: Sequence[Tool]) -> str:
    rows = [
        (tool.id, tool.version, tool.side_effects, tool.stability, _about(tool)) for tool in found
    ]
    return table(("TOOL", "VERSION", "EFFECTS", "STABILITY", "DESCRIPTION"), rows)


def _about(tool: Tool) -> str:
    return first_line(tool.description) or first_line(tool.title)
