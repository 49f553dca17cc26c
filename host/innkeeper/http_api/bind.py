"""The address that the HTTP face listens on: loopback alone, while there are no tokens."""

from __future__ import annotations

import ipaddress
import re
import socket
from typing import Final

import msgspec

from innkeeper.errors import HostFailure, PermissionRefused, RequestRefused

_BACKLOG: Final = 512
_BIND: Final = re.compile(r"(?:\[(?P<v6>[^\]]*:[^\]]*)\]|(?P<host>[^:\[\]]*)):(?P<port>[0-9]{1,5})")
_NAMES: Final = {"localhost": "127.0.0.1", "": "0.0.0.0", "*": "0.0.0.0"}


class Bind(msgspec.Struct, frozen=True):
    """Where to listen; port 0 lets the system choose one."""

    address: str
    port: int

    @property
    def name(self) -> str:
        """The address as it stands in a URL or a `Host` header."""
        return f"[{self.address}]" if ":" in self.address else self.address


def parse_bind(text: str) -> Bind:
    """Read `HOST:PORT`, HOST being an IP address (an IPv6 one in brackets) or `localhost`.

    Raises RequestRefused for what is no such thing, and PermissionRefused (policy_denied) for an
    address that other machines could reach.
    """
    match = _BIND.fullmatch(text)
    if match is None or int(match["port"]) > 65535:
        raise RequestRefused(f"--bind {text[:100]!r} is not HOST:PORT")
    address = match["v6"] or _NAMES.get(match["host"], match["host"])
    try:
        is_loopback = ipaddress.ip_address(address).is_loopback
    except ValueError as error:
        raise RequestRefused(f"--bind {text[:100]!r} does not name an IP address") from error
    if not is_loopback:
        raise PermissionRefused(
            f"--bind {text!r}: the host has no tokens yet, so whoever reaches this address could"
            " call every tool; bind a loopback address (127.0.0.1, [::1])",
            code="policy_denied",
        )
    return Bind(address, int(match["port"]))


def open_listener(bind: Bind) -> socket.socket:
    """Return a listening socket; raises HostFailure (unavailable) when the address is taken."""
    family = socket.AF_INET6 if ":" in bind.address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setblocking(False)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Accepted sockets inherit it. Without it an answer in two segments waits 40 ms for the
        # client's delayed acknowledgement (RFC 9293, 3.7.4).
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind((bind.address, bind.port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise HostFailure(
            f"{bind.name}:{bind.port} cannot be listened on: {error.strerror}", code="unavailable"
        ) from error
    return listener
