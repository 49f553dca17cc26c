"""`POST /tools/{id}:invoke`: what its headers ask for."""

from __future__ import annotations

from typing import Final

import msgspec

from innkeeper.errors import RequestRefused
from innkeeper.http_api.exchange import Exchange

QOS_CLASSES: Final = ("interactive", "batch", "background")

_QOS: Final = {name.encode(): name for name in QOS_CLASSES}
_JSON: Final = b"application/json"
_DEADLINE_DIGITS_MAX: Final = 9


class CallOptions(msgspec.Struct, frozen=True):
    """How a call is to be run: no deadline of the caller's means the tool's own limits alone."""

    deadline_s: float | None
    qos: str


def call_options(exchange: Exchange, *, deadline_ms_max: int) -> CallOptions:
    """Read `X-Innkeeper-Deadline-Ms` and `X-Innkeeper-QoS`; raises RequestRefused."""
    deadline = exchange.header(b"x-innkeeper-deadline-ms")
    qos = exchange.header(b"x-innkeeper-qos")
    if deadline is None and qos is None:
        return _DEFAULT
    return CallOptions(_deadline_s(deadline, deadline_ms_max), _qos(qos))


def require_json(exchange: Exchange) -> None:
    """Raise RequestRefused unless the body is said to be plain JSON in UTF-8 (RFC 8259, 8.1)."""
    content_type = exchange.header(b"content-type")
    if content_type != _JSON:
        _check_media_type(content_type or b"")
    encoding = exchange.header(b"content-encoding")
    if encoding is not None and encoding.lower() != b"identity":
        raise RequestRefused("Content-Encoding: only an unencoded body is taken")


_DEFAULT: Final = CallOptions(None, "interactive")


def _deadline_s(value: bytes | None, deadline_ms_max: int) -> float | None:
    if value is None:
        return None
    if value.isdigit() and len(value) <= _DEADLINE_DIGITS_MAX:
        deadline_ms = int(value)
        if 1 <= deadline_ms <= deadline_ms_max:
            return deadline_ms / 1000
    shown = value[:40].decode("latin-1")
    raise RequestRefused(
        f"X-Innkeeper-Deadline-Ms {shown!r} is not a whole number from 1 to {deadline_ms_max}"
    )


def _qos(value: bytes | None) -> str:
    if value is None:
        return _DEFAULT.qos
    try:
        return _QOS[value]
    except KeyError:
        shown = value[:40].decode("latin-1")
        raise RequestRefused(
            f"X-Innkeeper-QoS {shown!r} is not one of {', '.join(QOS_CLASSES)}"
        ) from None


def _check_media_type(content_type: bytes) -> None:
    media_type, *parameters = (part.strip().lower() for part in content_type.split(b";"))
    is_json = media_type == _JSON or (
        media_type.startswith(b"application/") and media_type.endswith(b"+json")
    )
    if not is_json:
        shown = content_type[:100].decode("latin-1")
        raise RequestRefused(f"Content-Type {shown!r}: the body must be application/json")
    for parameter in parameters:
        name, _, value = parameter.partition(b"=")
        if name.strip() == b"charset" and value.strip(b' "') not in (b"utf-8", b"utf8"):
            raise RequestRefused("Content-Type: JSON is taken in UTF-8 only")
