"""A lean HTTP/1.1 client: blocking sockets that stay open, requests written before the clock."""

from __future__ import annotations

import selectors
import socket
from time import perf_counter, perf_counter_ns, sleep
from typing import Final

READ_BYTES: Final = 1 << 16
RETRY_S: Final = 0.001
HEAD_END: Final = b"\r\n\r\n"
OK: Final = b"HTTP/1.1 200 "


class HttpClient:
    """Posts one and the same body to a path; every answer must be 200 with the body `expected`."""

    def __init__(
        self, address: tuple[str, int], path: str, *, body: bytes, expected: bytes
    ) -> None:
        self._address = address
        self._expected = expected
        self._request = (
            f"POST {path} HTTP/1.1\r\nHost: {address[0]}:{address[1]}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode() + body

    def first_result(self, within_s: float) -> None:
        """Ask until there is an answer."""
        ends_s = perf_counter() + within_s
        while True:
            try:
                self.sequential(1)
                return
            except ConnectionError:
                if perf_counter() > ends_s:
                    raise
                sleep(RETRY_S)

    def sequential(self, count: int) -> list[float]:
        """The microseconds of each request on one connection, one after the other."""
        clock, samples = perf_counter_ns, [0.0] * count
        with self._connect() as sock:
            for at in range(count):
                started_ns = clock()
                sock.sendall(self._request)
                received = b""
                while not self.is_whole(received):
                    received += _received(sock)
                samples[at] = (clock() - started_ns) / 1e3
        return samples

    def concurrent(self, count: int, connections: int) -> float:
        """The requests answered per second on so many connections, one under way on each."""
        sockets = [self._connect() for _ in range(connections)]
        received = dict.fromkeys(sockets, b"")
        with selectors.DefaultSelector() as selector:
            for number, sock in enumerate(sockets):
                selector.register(sock, selectors.EVENT_READ, number)
            answered = 0
            started_s = perf_counter()
            for sock in sockets:
                sock.sendall(self._request)
            while answered < count:
                for key, _ in selector.select():
                    sock = sockets[key.data]
                    received[sock] += _received(sock)
                    if self.is_whole(received[sock]):
                        received[sock] = b""
                        answered += 1
                        sock.sendall(self._request)
            elapsed_s = perf_counter() - started_s
        for sock in sockets:
            sock.close()
        return answered / elapsed_s

    def _connect(self) -> socket.socket:
        sock = socket.create_connection(self._address)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def is_whole(self, received: bytes) -> bool:
        """Whether a whole answer is there. Raises ValueError where it is not the right one."""
        head, separator, body = received.partition(HEAD_END)
        if not separator or len(body) < len(self._expected):
            return False
        if not head.startswith(OK) or body != self._expected:
            raise ValueError(f"not the answer: {received!r}")
        return True


def _received(sock: socket.socket) -> bytes:
    data = sock.recv(READ_BYTES)
    if not data:
        raise ConnectionError("the server closed the connection")
    return data
