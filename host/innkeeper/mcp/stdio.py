"""MCP over standard input and output: one JSON-RPC message a line (transports/stdio)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from innkeeper.mcp.connection import Connection
from innkeeper.mcp.descriptors import Input, Writer, private
from innkeeper.mcp.server import McpServer

if TYPE_CHECKING:
    from innkeeper.mcp.hosting import Host
    from innkeeper.mcp.limits import Limits


async def serve_stdio(
    host: Host,
    *,
    version: str,
    stdin_fd: int = 0,
    stdout_fd: int = 1,
    limits: Limits | None = None,
) -> None:
    """Serve one client until it closes `stdin_fd` or stops reading `stdout_fd`.

    `version` is innkeeper's own. While this runs nothing but the protocol reaches the client: where
    the descriptors are the process's standard streams, other output to 1 goes to stderr, and 0
    reads as empty. Both are put back at the end. The descriptors may be of any kind.
    """
    server = McpServer(host, version=version, limits=limits)
    with private(stdin_fd) as source_fd, private(stdout_fd) as sink_fd, Writer(sink_fd) as writer:
        await Connection(server, Input(source_fd), writer).run()
