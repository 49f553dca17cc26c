"""What a peer may send, decoded: JSON-RPC 2.0 with the rules of MCP (no batches, no null ids).

A `tools/call` is decoded in one step, arguments and all; everything else in two, so that each
defect gets its own answer. Nothing here decides what a message means.
"""

from __future__ import annotations

from typing import Final, Literal, TypeVar

import msgspec
from msgspec import UNSET, Raw, UnsetType

from innkeeper.mcp.revisions import (
    CLIENT_CAPABILITIES_KEY,
    INVALID_PARAMS,
    INVALID_REQUEST,
    PARSE_ERROR,
    REVISION_KEY,
)

RequestId = int | str

# What decoding hostile bytes raises: bad JSON or shape, bad UTF-8, nesting beyond the stack.
UNDECODABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

_T = TypeVar("_T")


class ProtocolError(Exception):
    """A message that gets a JSON-RPC error, addressed to `request_id` (None: it has none)."""

    def __init__(
        self,
        code: int,
        message: str,
        *,
        request_id: RequestId | None = None,
        data: object = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.request_id = request_id
        self.data = data


# gc=False below: these hold what was decoded from JSON, which cannot form a cycle.


class ClientCapabilities(msgspec.Struct, frozen=True, gc=False):
    """An object; nothing here depends on what it declares."""


class Meta(msgspec.Struct, frozen=True, gc=False):
    """The part of `params._meta` that the server acts on."""

    progress_token: int | str | UnsetType = msgspec.field(default=UNSET, name="progressToken")
    revision: str | UnsetType = msgspec.field(default=UNSET, name=REVISION_KEY)
    capabilities: ClientCapabilities | UnsetType = msgspec.field(
        default=UNSET, name=CLIENT_CAPABILITIES_KEY
    )


NO_META: Final = Meta()


class Params(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What every request may carry."""

    meta: Meta = msgspec.field(default=NO_META, name="_meta")


class CallParams(Params, frozen=True, kw_only=True, gc=False):
    """Parameters of `tools/call`."""

    name: str
    arguments: dict[str, object] | None = None


class ListParams(Params, frozen=True, kw_only=True, gc=False):
    """Parameters of `tools/list`."""

    cursor: str | None = None


class InitializeParams(Params, frozen=True, kw_only=True, gc=False):
    """Parameters of `initialize` (2025-11-25, basic/lifecycle)."""

    protocol_version: str = msgspec.field(name="protocolVersion")
    capabilities: ClientCapabilities


class ChangeFilter(msgspec.Struct, frozen=True, gc=False):
    """The change notifications that a peer wants; those not named here are not offered."""

    tools_list_changed: bool = msgspec.field(default=False, name="toolsListChanged")


class ListenParams(Params, frozen=True, kw_only=True, gc=False):
    """Parameters of `subscriptions/listen` (2026-07-28, basic/patterns/subscriptions)."""

    notifications: ChangeFilter


class CancelledParams(msgspec.Struct, frozen=True, gc=False):
    """Parameters of `notifications/cancelled`."""

    request_id: RequestId = msgspec.field(name="requestId")


class ToolCall(msgspec.Struct, frozen=True, gc=False):
    """A whole `tools/call` request."""

    jsonrpc: Literal["2.0"]
    id: RequestId
    method: Literal["tools/call"]
    params: CallParams


class Request(msgspec.Struct, frozen=True, gc=False):
    """Any request, its parameters still encoded; an absent `params` is an empty `Raw`."""

    id: RequestId
    method: str
    params: Raw


class Notification(msgspec.Struct, frozen=True, gc=False):
    """A one-way message, its parameters still encoded."""

    method: str
    params: Raw


class _Frame(msgspec.Struct, frozen=True, gc=False):
    jsonrpc: Raw = Raw()
    id: Raw = Raw()
    method: Raw = Raw()
    params: Raw = Raw()
    result: Raw = Raw()
    error: Raw = Raw()


_frame = msgspec.json.Decoder(_Frame)
_anything = msgspec.json.Decoder(Raw)
_request_id: msgspec.json.Decoder[RequestId] = msgspec.json.Decoder(int | str)
_string = msgspec.json.Decoder(str)

decode_tool_call = msgspec.json.Decoder(ToolCall).decode


def decode_message(message: bytes) -> Request | Notification | None:
    """The message, or None for a response (we never ask); raises `ProtocolError` otherwise."""
    frame = _decode_frame(message)
    request_id = _decode_id(frame.id)
    if _decode_string(frame.jsonrpc) != "2.0":
        raise ProtocolError(INVALID_REQUEST, 'jsonrpc must be "2.0"', request_id=request_id)
    if not frame.method and (frame.result or frame.error):
        return None
    method = _decode_string(frame.method)
    if method is None:
        raise ProtocolError(INVALID_REQUEST, "method must be a string", request_id=request_id)
    if request_id is not None:
        return Request(request_id, method, frame.params)
    if frame.id:
        raise ProtocolError(INVALID_REQUEST, "id must be a string or an integer")
    return Notification(method, frame.params)


def decode_params(request: Request, decoder: msgspec.json.Decoder[_T]) -> _T:
    """The parameters of `request`; raises `ProtocolError` (invalid params)."""
    try:
        return decoder.decode(request.params or b"{}")
    except UNDECODABLE as error:
        raise ProtocolError(
            INVALID_PARAMS, f"{request.method}: params: {error}", request_id=request.id
        ) from error


def _decode_frame(message: bytes) -> _Frame:
    try:
        _anything.decode(message)  # a shape error is reported before the rest is even looked at
        return _frame.decode(message)
    except msgspec.ValidationError as error:
        what = "batches are not supported" if message.lstrip()[:1] == b"[" else str(error)
        raise ProtocolError(INVALID_REQUEST, what) from error
    except RecursionError as error:
        raise ProtocolError(PARSE_ERROR, "the JSON is nested too deeply") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ProtocolError(PARSE_ERROR, str(error)) from error


def _decode_id(encoded: Raw) -> RequestId | None:
    try:
        return _request_id.decode(encoded)
    except UNDECODABLE:
        return None


def _decode_string(encoded: Raw) -> str | None:
    try:
        return _string.decode(encoded)
    except UNDECODABLE:
        return None
