"""The floor: an MCP server that is a loop over lines, with one tool that answers its argument.

It checks nothing and knows one client at a time; no server in Python that did more was faster.
"""

from __future__ import annotations

import json
import sys
from typing import Any


def answer(method: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """The result of a request."""
    if method == "tools/call":
        text = parameters["arguments"]["text"]
        return {"content": [{"type": "text", "text": text}], "structuredContent": {"result": text}}
    return {
        "protocolVersion": parameters["protocolVersion"],
        "capabilities": {"tools": {}},
        "serverInfo": {"name": "bare-loop", "version": "1"},
    }


def main() -> None:
    """Serve standard input until it ends."""
    for line in sys.stdin.buffer:
        request = json.loads(line)
        if "id" in request:
            result = answer(request["method"], request["params"])
            response = {"jsonrpc": "2.0", "id": request["id"], "result": result}
            sys.stdout.buffer.write(json.dumps(response).encode() + b"\n")
            sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
