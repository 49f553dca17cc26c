"""What an operator can set about the HTTP face. Every wait and every buffer has its bound here."""

from __future__ import annotations

import msgspec


class HttpSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds and permissions of the HTTP face; the defaults are meant to be kept.

    `hosts` are `Host` names to answer to besides the loopback ones and the bound address;
    `origins` are the origins (`https://app.example`) whose web pages may call. Both default to
    none: a page elsewhere, or a name that was made to point here, is refused.
    """

    body_bytes_max: int = (1 << 20) + (64 << 10)
    bodies_bytes_max: int = 32 << 20  # all large bodies in flight; decoded, each grows many times
    head_bytes_max: int = 16 << 10
    body_s: float = 20.0
    send_s: float = 30.0
    keep_alive_s: float = 20.0  # also how long a request's head may take
    linger_s: float = 1.0
    drain_s: float = 6.0  # the default wall time of a call, and a second
    deadline_ms_max: int = 3_600_000
    connections_max: int = 512
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
