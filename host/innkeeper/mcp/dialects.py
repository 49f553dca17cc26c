"""What results look like: bare before 2026-07-28, self-describing since."""

from __future__ import annotations

from typing import Final

import msgspec

from innkeeper.mcp.answers import encode
from innkeeper.mcp.revisions import MODERN, SERVER_INFO_KEY

INSTRUCTIONS: Final = (
    "The tools are WebAssembly components: each call runs in a sandbox with limits on time and"
    " memory. A failed call says why in its text, and in _meta under io.innkeeper/error as"
    " {code, message, details, retryable}."
)
# We announce only what we do: the tool list can change, and we say so.
_CAPABILITIES: Final = {"tools": {"listChanged": True}}
_DISCOVER_TTL_MS: Final = 3_600_000
_LIST_TTL_MS: Final = 60_000


class Dialect(msgspec.Struct, frozen=True):
    """How the results of one kind of revision are written.

    `head` opens a result and its first members; `meta` holds the members of `_meta` that every
    result carries.
    """

    modern: bool
    head: bytes
    meta: bytes

    def head_with_meta(self, key: str, value: bytes) -> bytes:
        """The head of a result that has one more member in its `_meta`."""
        own = b"%b:%b" % (encode(key), value)
        members = b"%b,%b" % (self.meta, own) if self.meta else own
        kind = b'"resultType":"complete",' if self.modern else b""
        return b'{%b"_meta":{%b},' % (kind, members)

    def list_hints(self, *, complete: bool) -> bytes:
        """The caching hints of a list result (2026-07-28, server/utilities/caching).

        A list that still grows is stale at once. "private": what a peer may see can come to
        depend on who it is.
        """
        if not self.modern:
            return b""
        return b',"ttlMs":%d,"cacheScope":"private"' % (_LIST_TTL_MS if complete else 0)


LEGACY_DIALECT: Final = Dialect(modern=False, head=b"{", meta=b"")


class Introduction:
    """The server's account of itself."""

    def __init__(self, version: str) -> None:
        self._info = {"name": "innkeeper", "title": "Innkeeper", "version": version}
        meta = b"%b:%b" % (encode(SERVER_INFO_KEY), encode(self._info))
        head = b'{"resultType":"complete","_meta":{%b},' % meta
        self.modern = Dialect(modern=True, head=head, meta=meta)

    def initialized(self, revision: str) -> bytes:
        """The result of `initialize`."""
        return encode(
            {
                "protocolVersion": revision,
                "capabilities": _CAPABILITIES,
                "serverInfo": self._info,
                "instructions": INSTRUCTIONS,
            }
        )

    def discovered(self) -> bytes:
        """The result of `server/discover`.

        It lists the revisions that may stand in `_meta`; the older ones are for `initialize`.
        """
        members = encode(
            {
                "supportedVersions": MODERN,
                "capabilities": _CAPABILITIES,
                "instructions": INSTRUCTIONS,
                "ttlMs": _DISCOVER_TTL_MS,
                "cacheScope": "public",
            }
        )
        return self.modern.head + members[1:]
