"""`innkeeper mcp serve`, as click has it: for help, and for arguments in any form."""

from __future__ import annotations

import click

from innkeeper.cli import mcp_stdio
from innkeeper.cli.composition import Place
from innkeeper.cli.options import examples, plugin_option, state_option


@click.command(
    epilog=examples(
        "innkeeper mcp serve",
        "innkeeper mcp serve --plugin notes.wasm",
    )
)
@state_option
@plugin_option
def serve(state: str | None, plugins: tuple[str, ...]) -> int:
    """Serve the tools over MCP on stdin and stdout, to the client that starts this command.

    The plugins that ship with innkeeper are loaded, and those given. It ends when the client closes
    stdin.
    """
    return mcp_stdio.run(Place(state, plugins))
