"""The few types of ASGI 3 (asgi.readthedocs.io, HTTP 2.4) that the face is written in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

# Any: ASGI's scopes and messages are open dictionaries, told apart by their "type".
Scope = Mapping[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]


class Reply(msgspec.Struct, frozen=True):
    """A whole answer; `headers` without content-length, which the exchange adds."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes = b""
