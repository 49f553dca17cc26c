"""What the server sends, encoded: JSON-RPC 2.0 messages without a line end."""

from __future__ import annotations

from typing import Final

import msgspec

from innkeeper.mcp.messages import ProtocolError, RequestId
from innkeeper.mcp.revisions import SUBSCRIPTION_KEY

encode: Final = msgspec.json.Encoder().encode


def result(request_id: RequestId, body: bytes) -> bytes:
    """A response carrying `body`, an encoded object."""
    return b'{"jsonrpc":"2.0","id":%b,"result":%b}' % (encode(request_id), body)


def error(problem: ProtocolError) -> bytes:
    """An error response; its id is null where the request's could not be read (JSON-RPC 2.0, 5)."""
    body: dict[str, object] = {"code": problem.code, "message": problem.message}
    if problem.data is not None:
        body["data"] = problem.data
    return encode({"jsonrpc": "2.0", "id": problem.request_id, "error": body})


def notification(method: str, params: object = None) -> bytes:
    """A notification."""
    message: dict[str, object] = {"jsonrpc": "2.0", "method": method}
    if params is not None:
        message["params"] = params
    return encode(message)


def progress(token: RequestId, done: float, message: str) -> bytes:
    """`notifications/progress`; the total is not known."""
    return notification(
        "notifications/progress", {"progressToken": token, "progress": done, "message": message}
    )


def tools_changed(subscription: RequestId | None = None) -> bytes:
    """`notifications/tools/list_changed`, for a legacy peer or on a subscription."""
    params = None if subscription is None else {"_meta": {SUBSCRIPTION_KEY: subscription}}
    return notification("notifications/tools/list_changed", params)
