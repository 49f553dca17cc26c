"""One request, and its answer."""

from __future__ import annotations

from typing import Final

import trio

from innkeeper.errors import LimitExceeded, RequestRefused
from innkeeper.http_api.asgi import Headers, Receive, Reply, Scope, Send
from innkeeper.http_api.trace import trace_id

_NO_CONTENT: Final = (204, 304)  # RFC 9110, 8.6: no content-length of ours on these
_NO_SNIFFING: Final = (b"x-content-type-options", b"nosniff")


class ClientGoneError(Exception):
    """The client closed the connection: nobody is there to answer."""


class BodyBudget:
    """What all bodies that come in more than one piece may hold together, in bytes."""

    def __init__(self, bytes_max: int) -> None:
        self._free = bytes_max

    def take(self, size: int) -> None:
        """Raise LimitExceeded (rate_limited) when there is no room for `size` more bytes."""
        if size > self._free:
            raise LimitExceeded(
                "too many large requests are under way", code="rate_limited", retry_after_s=1.0
            )
        self._free -= size

    def give(self, size: int) -> None:
        """Return what was taken."""
        self._free += size


class Exchange:
    """One request, and its answer; one task uses it, and calls `close` at the end.

    `target` is the path as it came, percent-encoded, without the query; `reply_headers` go out
    with any answer.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.method: str = scope["method"]
        self.target: bytes = scope["raw_path"]
        self.version: str = scope["http_version"]
        self.receive = receive
        self.reply_headers: tuple[tuple[bytes, bytes], ...] = ()
        self._send = send
        self._headers: Headers = scope["headers"]
        self._fields = dict(self._headers)
        self._chunked = b"transfer-encoding" in self._fields
        self._unread = self._chunked or self._fields.get(b"content-length", b"0") != b"0"
        self._budget: BodyBudget | None = None
        self._held_bytes = 0
        self._trace_id = ""
        if self.target.startswith(b"http://"):
            self._take_absolute_target()

    @property
    def instance(self) -> str:
        """The path that was asked for, as text."""
        return self.target.decode("latin-1")

    @property
    def trace_id(self) -> str:
        """The caller's trace id, or one of ours; the same each time."""
        if not self._trace_id:
            self._trace_id = trace_id(self._fields.get(b"traceparent"))
        return self._trace_id

    @property
    def has_two_lengths(self) -> bool:
        """Whether the body's end is ambiguous (RFC 9112, 6.3: a sign of request smuggling)."""
        return self._chunked and b"content-length" in self._fields

    def header(self, name: bytes) -> bytes | None:
        """Return the value of a header that may be given once; raises RequestRefused."""
        value = self._fields.get(name)
        if value is not None and len(self._fields) != len(self._headers):
            times = sum(1 for other, _ in self._headers if other == name)
            if times > 1:
                raise RequestRefused(f"the header {name.decode('latin-1')} is given {times} times")
        return value

    async def body(self, *, bytes_max: int, wait_s: float, budget: BodyBudget) -> bytes:
        """Return the whole body.

        Raises RequestRefused (payload_too_large), LimitExceeded (timeout, rate_limited) and
        ClientGoneError.
        """
        length = -1 if self._chunked else int(self._fields.get(b"content-length", b"0"))
        if length > bytes_max:
            raise _too_large(bytes_max)
        if not self._unread:
            return b""
        self._budget = budget
        try:
            with trio.fail_after(wait_s):
                first = await self._piece()
                if len(first) == length:
                    self._unread = False  # the end is announced apart, and need not be waited for
                elif self._unread or len(first) > bytes_max:
                    return await self._rest(first, bytes_max)
                return first
        except trio.TooSlowError as error:
            raise LimitExceeded(
                f"the body did not arrive within {wait_s:g} s", code="timeout"
            ) from error

    async def reply(self, reply: Reply) -> None:
        """Send `reply`, once."""
        headers = [*reply.headers, *self.reply_headers, _NO_SNIFFING]
        if reply.status not in _NO_CONTENT:
            headers.append((b"content-length", b"%d" % len(reply.body)))
        await self._send(
            {"type": "http.response.start", "status": reply.status, "headers": headers}
        )
        end = {"type": "http.response.body", "body": reply.body}
        if not self._unread:
            await self._send(end)
            return
        # hypercorn waits for room in this exchange's queue when it closes it: without a reader,
        # a client that goes on sending would hold the connection for ever.
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._discard)
            await self._send(end)
            nursery.cancel_scope.cancel()

    def close(self) -> None:
        """Give back what the body held."""
        if self._budget is not None:
            self._budget.give(self._held_bytes)
            self._budget = None

    def _take_absolute_target(self) -> None:
        """Take path and host from an absolute-form target (RFC 9112, 3.2.2)."""
        authority, slash, path = self.target.removeprefix(b"http://").partition(b"/")
        self._fields[b"host"] = authority
        self.target = slash + path

    async def _piece(self) -> bytes:
        message = await self.receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        self._unread = message.get("more_body", False)
        piece: bytes = message.get("body", b"")
        return piece

    async def _rest(self, first: bytes, bytes_max: int) -> bytes:
        body = bytearray()
        piece = first
        while True:
            self._hold(len(piece))
            body += piece
            if len(body) > bytes_max:
                raise _too_large(bytes_max)
            if not self._unread:
                return bytes(body)
            piece = await self._piece()

    def _hold(self, size: int) -> None:
        assert self._budget is not None
        self._budget.take(size)
        self._held_bytes += size

    async def _discard(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass


def _too_large(bytes_max: int) -> RequestRefused:
    return RequestRefused(f"the body is over {bytes_max} bytes", code="payload_too_large")
