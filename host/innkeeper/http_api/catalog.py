"""`GET /tools`, `GET /tools/{id}` and `GET /healthz`: what the host has, and how it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256

import msgspec

from innkeeper.http_api.asgi import Reply
from innkeeper.http_api.exchange import Exchange
from innkeeper.http_api.hosting import Loading, Tool

JSON_TYPE = (b"content-type", b"application/json")

_encoder = msgspec.json.Encoder()


class ToolEntry(msgspec.Struct, frozen=True):
    """One tool, as `GET /tools` shows it."""

    id: str
    name: str
    version: str
    title: str
    description: str
    input_schema: Mapping[str, object]
    output_schema: Mapping[str, object]
    error_schema: Mapping[str, object] | None
    side_effects: str
    deterministic: bool
    stability: str
    plugin: str


def tool_entry(tool: Tool) -> ToolEntry:
    """Show `tool` to a caller."""
    return msgspec.convert(tool, ToolEntry, from_attributes=True)


def catalog_reply(exchange: Exchange, value: object) -> Reply:
    """Answer with `value`, or with 304 when the client says it has it (RFC 9110, 13.1.2)."""
    body = _encoder.encode(value)
    etag = b'"%s"' % sha256(body).hexdigest()[:32].encode()
    headers = ((b"etag", etag), (b"cache-control", b"no-cache"))
    if _has(exchange.header(b"if-none-match"), etag):
        return Reply(304, headers)
    return Reply(200, (JSON_TYPE, *headers), body)


def health_reply(version: str, tools: Sequence[Tool], loading: Sequence[Loading]) -> Reply:
    """Answer that the host serves; `plugins` counts those that offer a tool."""
    body = {
        "status": "ok",
        "version": version,
        "plugins": len({tool.plugin for tool in tools}),
        "tools": len(tools),
        "loading": [
            {"plugin": one.plugin, "stage": one.stage, "elapsed_s": round(one.elapsed_s, 3)}
            for one in loading
            if not one.done
        ],
    }
    return Reply(200, (JSON_TYPE, (b"cache-control", b"no-store")), _encoder.encode(body))


def _has(if_none_match: bytes | None, etag: bytes) -> bool:
    if if_none_match is None:
        return False
    known = (tag.strip().removeprefix(b"W/") for tag in if_none_match.split(b","))
    return any(tag in (b"*", etag) for tag in known)
