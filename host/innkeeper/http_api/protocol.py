"""hypercorn's HTTP/1.1, narrowed to what this face serves."""

from __future__ import annotations

import logging
from time import time
from typing import Final
from wsgiref.handlers import format_date_time

import h11
from hypercorn.config import Config
from hypercorn.events import Closed, RawData
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.typing import H11SendableEvent

from innkeeper.errors import RequestRefused
from innkeeper.http_api.problem import problem
from innkeeper.http_api.settings import HttpSettings
from innkeeper.http_api.trace import trace_id

_HEADERS_MAX: Final = 100
_SERVER: Final = (b"server", b"innkeeper")
_ALIVE_REQUESTS_MAX: Final = 1_000_000  # hypercorn's 1,000 would make busy clients reconnect


class FaceConfig(Config):
    """hypercorn's settings, from ours; what hypercorn logs goes to our own logger."""

    def __init__(self, settings: HttpSettings) -> None:
        self.h11_max_incomplete_size = settings.head_bytes_max
        self.keep_alive_max_requests = _ALIVE_REQUESTS_MAX
        self.errorlog = logging.getLogger("innkeeper.http_api.hypercorn")
        self._date_s = 0
        self._headers: list[tuple[bytes, bytes]] = []

    def response_headers(self, protocol: str) -> list[tuple[bytes, bytes]]:
        """Return the headers of every answer; the date is written once a second."""
        now_s = int(time())
        if now_s != self._date_s:
            self._date_s = now_s
            self._headers = [(b"date", format_date_time(now_s).encode("ascii")), _SERVER]
        return self._headers


class Http11(H11Protocol):
    """HTTP/1.1 without upgrades, with problem details for what cannot be parsed.

    A head leaves together with the first piece of its body: one segment, one system call.
    """

    _head = b""
    _is_head_request = False

    async def _check_protocol(self, event: h11.Request) -> None:
        """Ignore `Upgrade: h2c` and HTTP/2 by prior knowledge (RFC 9110, 7.8 allows it).

        hypercorn 0.18 ends the whole server on a malformed HTTP2-Settings value or path.
        """

    async def _create_stream(self, request: h11.Request) -> None:
        """Ignore `Upgrade: websocket`, which nothing here speaks, and refuse a head too large.

        h11 has a bound only for a head that is not complete yet.
        """
        self._is_head_request = request.method == b"HEAD"
        size = len(request.target)
        upgrades = False
        for name, value in request.headers:
            size += len(name) + len(value)
            upgrades = upgrades or name == b"upgrade"
        if size > self.config.h11_max_incomplete_size or len(request.headers) > _HEADERS_MAX:
            await self._send_error_response(431)
            await self.send(Closed())
            return
        await super()._create_stream(_without_upgrade(request) if upgrades else request)

    async def _send_h11_event(self, event: H11SendableEvent) -> None:
        try:
            data = self.connection.send(event)
        except h11.LocalProtocolError:
            if self.connection.their_state is not h11.ERROR:
                raise
            return
        if isinstance(event, h11.Response):
            self._head = data
            return
        if self._head:
            data, self._head = self._head + data, b""
        if data:
            await self.send(RawData(data))

    async def _send_error_response(self, status_code: int) -> None:
        """Answer a request that h11 could not read; the connection closes behind it."""
        reply = problem(_unreadable(status_code), instance="", trace_id=trace_id(None))
        headers = [
            *reply.headers,
            (b"content-length", b"%d" % len(reply.body)),
            (b"connection", b"close"),
            *self.config.response_headers("h11"),
        ]
        # HEAD is answered without a body (RFC 9110, 9.3.2), where its head at least could be read.
        has_body = self.connection.our_state is h11.IDLE or not self._is_head_request
        await self._send_h11_event(h11.Response(status_code=reply.status, headers=headers))
        if has_body:
            await self._send_h11_event(h11.Data(data=reply.body))
        await self._send_h11_event(h11.EndOfMessage())


def _without_upgrade(request: h11.Request) -> h11.Request:
    return h11.Request(
        method=request.method,
        headers=[item for item in request.headers if item[0] != b"upgrade"],
        target=request.target,
        http_version=request.http_version,
    )


def _unreadable(status_code: int) -> RequestRefused:
    if status_code == 431:
        return RequestRefused("the request's head is too large", code="payload_too_large")
    if status_code == 501:
        return RequestRefused("Transfer-Encoding: chunked alone is understood")
    return RequestRefused("the request is not HTTP/1.1 (RFC 9112)")
