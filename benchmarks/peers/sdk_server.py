"""The official MCP SDK for Python, serving a native tool over stdio."""

from __future__ import annotations

from mcp.server.mcpserver import MCPServer

server = MCPServer("bench")


@server.tool()
def echo(text: str) -> str:
    """Answer the text."""
    return text


if __name__ == "__main__":
    server.run("stdio")
