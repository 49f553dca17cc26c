"""Who may speak to this face: the checks of `Host` and `Origin`.

A web page can make its visitor's browser send requests to loopback addresses. Two checks stand in
its way, and both deny by default. The `Host` name must be ours, so that a name that was made to
point here (DNS rebinding) is refused. A request that carries an `Origin` must come from a page of
this very host, or from one the operator allowed; only the latter gets CORS headers
(fetch.spec.whatwg.org, 3.2) and an answer to its preflight.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from innkeeper.errors import PermissionRefused
from innkeeper.http_api.asgi import Reply
from innkeeper.http_api.exchange import Exchange
from innkeeper.http_api.routes import Resource

LOOPBACK_NAMES: Final = ("localhost", "127.0.0.1", "[::1]")

_REQUEST_HEADERS: Final = (
    b"content-type, traceparent, x-innkeeper-deadline-ms, x-innkeeper-qos, if-none-match"
)
_PREFLIGHT_S: Final = b"600"


class AccessCheck:
    """The checks of one face; `hosts` are names without a port, `origins` whole origins."""

    def __init__(self, hosts: Iterable[str], origins: Iterable[str]) -> None:
        self._hosts = {name.lower().encode() for name in (*LOOPBACK_NAMES, *hosts)}
        self._origins = {origin.lower().encode() for origin in origins}
        self._last_host: bytes | None = None

    def admit(self, exchange: Exchange) -> None:
        """Raise PermissionRefused (policy_denied) unless the request may be answered.

        An allowed origin's answers get the headers that let its page read them.
        """
        host = exchange.header(b"host") or b""
        if host != self._last_host:  # the usual caller sends the same one each time
            self._check_host(host)
            self._last_host = host
        origin = exchange.header(b"origin")
        if origin is not None and origin.lower() != b"http://" + host.lower():
            self._check_origin(origin)
            exchange.reply_headers = (
                (b"access-control-allow-origin", origin),
                (b"access-control-expose-headers", b"etag, retry-after"),
                (b"vary", b"origin"),
            )

    def options(self, exchange: Exchange, resource: Resource) -> Reply:
        """Answer OPTIONS; a preflight of an admitted origin is told what it may send."""
        allow = resource.allow.encode("ascii")
        headers = [(b"allow", allow)]
        if exchange.reply_headers and exchange.header(b"access-control-request-method"):
            headers += [
                (b"access-control-allow-methods", allow),
                (b"access-control-allow-headers", _REQUEST_HEADERS),
                (b"access-control-max-age", _PREFLIGHT_S),
            ]
        return Reply(204, tuple(headers))

    def _check_host(self, host: bytes) -> None:
        if _name(host) not in self._hosts:
            shown = host[:100].decode("latin-1")
            raise PermissionRefused(
                f"Host {shown!r} is not a name of this host: the operator must allow it",
                code="policy_denied",
            )

    def _check_origin(self, origin: bytes) -> None:
        if origin.lower() not in self._origins:
            shown = origin[:100].decode("latin-1")
            raise PermissionRefused(
                f"Origin {shown!r} may not call this host: the operator must allow it",
                code="policy_denied",
            )


def _name(host: bytes) -> bytes:
    """Return the name before the port, which may differ from ours: ports are forwarded."""
    name, colon, port = host.rpartition(b":")
    if not colon or host.endswith(b"]"):
        return host.lower()
    return name.lower() if port.isdigit() else b""
