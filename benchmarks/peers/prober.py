"""Wants a call answered at fixed times, and tells how long each took.

    python -m benchmarks.peers.prober SOCKET

Reads `COUNT EVERY_S` from the socket, sends CALL when one is due and waits for CALL as the answer;
after COUNT of them sends the microseconds from due to answered as a JSON array. A call that is due
while the one before waits goes out late, and its lateness counts. Ends with the socket.
"""

from __future__ import annotations

import json
import socket
import sys
from time import perf_counter, sleep
from typing import Final

CALL: Final = b"?"


def measured(sock: socket.socket, count: int, every_s: float) -> list[float]:
    """The microseconds of each call."""
    samples = []
    began_s = perf_counter() + every_s
    for at in range(count):
        due_s = began_s + at * every_s
        wait_s = due_s - perf_counter()
        if wait_s > 0:
            sleep(wait_s)
        # The sleep is late by the kernel's own doing: a call counts from when it could be made.
        due_s = max(due_s, perf_counter()) if wait_s > 0 else due_s
        sock.sendall(CALL)
        if sock.recv(1) != CALL:
            break
        samples.append((perf_counter() - due_s) * 1e6)
    return samples


def main(descriptor: int) -> None:
    """Answer requests until the socket is closed."""
    with socket.socket(fileno=descriptor) as sock:
        while line := sock.recv(100):
            count, every_s = line.split()
            sock.sendall(json.dumps(measured(sock, int(count), float(every_s))).encode())


if __name__ == "__main__":
    main(int(sys.argv[1]))
