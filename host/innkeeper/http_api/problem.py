"""Errors as problem details (RFC 9457), all from the one table in `innkeeper.errors`."""

from __future__ import annotations

import math
from typing import Final

import msgspec

from innkeeper.errors import HostError, PluginFault
from innkeeper.http_api.asgi import Reply

DETAIL_CHARS_MAX: Final = 8192  # a trap's text carries what the guest put there

_CONTENT_TYPE: Final = (b"content-type", b"application/problem+json")
_NO_STORE: Final = (b"cache-control", b"no-store")
_encoder = msgspec.json.Encoder()


class Problem(msgspec.Struct, frozen=True):
    """The body of every answer that is not a success.

    `details` is there when the error has some (a tool's own error always has), `kind` for a trap.
    """

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    trace_id: str
    retryable: bool
    kind: str | msgspec.UnsetType = msgspec.UNSET
    details: object = msgspec.UNSET


def problem(error: HostError, *, instance: str, trace_id: str) -> Reply:
    """Render `error`; `instance` is the path that was asked for.

    Raises what msgspec raises when the error's details are not JSON-ready.
    """
    row = error.row
    has_details = error.details is not None or row.code == "tool_error"
    body = Problem(
        type=f"urn:innkeeper:problem:{row.code}",
        title=row.code.replace("_", " ").capitalize(),
        status=row.http,
        detail=_text(str(error)),
        instance=_text(instance),
        code=row.code,
        trace_id=trace_id,
        retryable=row.retryable,
        kind=_text(error.kind) if isinstance(error, PluginFault) else msgspec.UNSET,
        details=error.details if has_details else msgspec.UNSET,
    )
    headers: tuple[tuple[bytes, bytes], ...] = (_CONTENT_TYPE, _NO_STORE)
    if row.retryable and error.retry_after_s is not None:
        seconds = max(1, math.ceil(error.retry_after_s))  # RFC 9110, 10.2.3: whole seconds
        headers += ((b"retry-after", b"%d" % seconds),)
    return Reply(row.http, headers, _encoder.encode(body))


def _text(text: str) -> str:
    return text[:DETAIL_CHARS_MAX].encode("utf-8", "replace").decode("utf-8")
