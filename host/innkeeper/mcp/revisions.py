"""The revisions of the Model Context Protocol that are spoken here, and the names they reserve.

A *legacy* revision opens with an `initialize` handshake; from 2026-07-28 on (*modern*) there is no
handshake: each request names its revision in `_meta` (specification, basic/versioning). Both kinds
of request are served on one connection.
"""

from __future__ import annotations

from typing import Final

MODERN: Final = ("2026-07-28",)
LEGACY: Final = ("2025-11-25", "2025-06-18")  # newest first: the first is offered to strangers

REVISION_KEY: Final = "io.modelcontextprotocol/protocolVersion"
CLIENT_CAPABILITIES_KEY: Final = "io.modelcontextprotocol/clientCapabilities"
SERVER_INFO_KEY: Final = "io.modelcontextprotocol/serverInfo"
SUBSCRIPTION_KEY: Final = "io.modelcontextprotocol/subscriptionId"

# Ours, in `_meta`: what the protocol has no field for.
ERROR_KEY: Final = "io.innkeeper/error"
TOOL_KEY: Final = "io.innkeeper/tool"

PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMS: Final = -32602
INTERNAL_ERROR: Final = -32603
UNSUPPORTED_REVISION: Final = -32022  # UnsupportedProtocolVersionError, 2026-07-28 basic/index


def agreed(requested: str) -> str:
    """The revision that an `initialize` asking for `requested` gets: that one, or our newest."""
    return requested if requested in LEGACY else LEGACY[0]
