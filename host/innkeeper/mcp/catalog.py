"""The tools as `tools/list` shows them, in pages.

Pages are bounded in tools and in bytes. A cursor names the last tool of the page before, so that a
list which changes between two pages neither repeats a tool nor skips one that was there all along.
"""

from __future__ import annotations

import base64
import binascii
from bisect import bisect_right
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import msgspec

from innkeeper.mcp.answers import encode
from innkeeper.mcp.revisions import TOOL_KEY

if TYPE_CHECKING:
    from innkeeper.mcp.hosting import Host, Tool
    from innkeeper.mcp.limits import Limits

# ToolAnnotations (schema, all revisions). What writes may destroy: we are not told otherwise.
_UNTOUCHED: Final = {
    "readOnlyHint": True,
    "destructiveHint": False,
    "idempotentHint": True,
    "openWorldHint": False,
}
_HINTS: Final[Mapping[str, Mapping[str, bool]]] = {
    "none": _UNTOUCHED,
    "read": _UNTOUCHED,
    "write": {
        "readOnlyHint": False,
        "destructiveHint": True,
        "idempotentHint": False,
        "openWorldHint": False,
    },
}
_UNKNOWN_HINTS: Final = {
    "readOnlyHint": False,
    "destructiveHint": True,
    "idempotentHint": False,
    "openWorldHint": True,
}
_CURSOR_PREFIX: Final = b"after:"


class Page(msgspec.Struct, frozen=True):
    """Some tools, as the encoded items of a JSON array, and where to go on."""

    items: bytes
    next_cursor: str | None


class CursorError(ValueError):
    """The cursor did not come from here."""


class Catalog:
    """The host's tools, encoded once and again only when they change."""

    def __init__(self, host: Host, limits: Limits) -> None:
        self._host = host
        self._limits = limits
        self.generation = 0  # how often the tools were others than before
        self._tools: tuple[Tool, ...] = ()
        self._ids: list[str] = []
        self._entries: list[bytes] = []

    def refresh(self) -> None:
        """Look at the host's tools again."""
        tools = tuple(self._host.tools())
        if tools == self._tools:
            return
        self.generation += 1
        self._tools = tools
        self._ids = [tool.id for tool in tools]
        self._entries = [encode(_entry(tool)) for tool in tools]

    def page(self, cursor: str | None) -> Page:
        """The tools after `cursor`, or the first ones; raises `CursorError`."""
        start = 0 if cursor is None else bisect_right(self._ids, _read_cursor(cursor))
        end = self._end_of_page(start)
        more = end < len(self._ids)
        next_cursor = _write_cursor(self._ids[end - 1]) if more else None
        return Page(b",".join(self._entries[start:end]), next_cursor)

    def _end_of_page(self, start: int) -> int:
        size_bytes = 0
        last = min(len(self._entries), start + self._limits.page_tools_max)
        for index in range(start, last):
            size_bytes += len(self._entries[index])
            if size_bytes > self._limits.page_bytes_max and index > start:
                return index
        return last


def _entry(tool: Tool) -> dict[str, object]:
    texts = {"title": tool.title, "description": tool.description}
    return {
        "name": tool.name,
        **{key: text for key, text in texts.items() if text},
        "inputSchema": tool.input_schema,
        "outputSchema": tool.structured_schema,
        "annotations": _HINTS.get(tool.side_effects, _UNKNOWN_HINTS),
        "_meta": {
            TOOL_KEY: {
                "id": tool.id,
                "plugin": tool.plugin,
                "version": tool.version,
                "stability": tool.stability,
                "deterministic": tool.deterministic,
            }
        },
    }


def _write_cursor(tool_id: str) -> str:
    return base64.urlsafe_b64encode(_CURSOR_PREFIX + tool_id.encode()).decode()


def _read_cursor(cursor: str) -> str:
    try:
        plain = base64.b64decode(cursor.encode(), altchars=b"-_", validate=True)
        if plain.startswith(_CURSOR_PREFIX):
            return plain[len(_CURSOR_PREFIX) :].decode()
    except (binascii.Error, UnicodeError):
        pass
    raise CursorError(cursor)
