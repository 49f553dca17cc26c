"""A lean MCP client over stdio: blocking pipes, and messages written before the clock starts."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from time import perf_counter, perf_counter_ns
from typing import Any, Final

import msgspec

REVISION: Final = "2025-06-18"
READ_BYTES: Final = 1 << 20
TEXT: Final = "hi"


class McpClient:
    """Talks to a server that was just started, and calls its tool `tool` with a short text."""

    def __init__(self, process: subprocess.Popen[bytes], tool: str) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._to_fd = process.stdin.fileno()
        self._from_fd = process.stdout.fileno()
        self._tool = tool
        self._rest = b""
        self._last_id = 0

    def first_result(self) -> None:
        """Shake hands and call the tool once."""
        (request,) = self._requests(1, "initialize", _HELLO)
        self._write(request)
        self._await(self._last_id)
        self._write(_message(method="notifications/initialized"))
        (request,) = self._calls(1)
        self._write(request)
        _check(self._await(self._last_id))

    def sequential(self, count: int) -> list[float]:
        """The microseconds of each call, one after the other."""
        first_id, requests = self._last_id + 1, self._calls(count)
        clock, samples, lines = perf_counter_ns, [0.0] * count, [b""] * count
        for at, request in enumerate(requests):
            started_ns = clock()
            self._write(request)
            lines[at] = self._line()
            samples[at] = (clock() - started_ns) / 1e3
        _check_all(lines, first_id)
        return samples

    def in_flight(self, count: int, window: int) -> float:
        """The calls answered per second, with `window` of them under way at all times."""
        first_id, requests = self._last_id + 1, self._calls(count)
        chunks, answered = [self._rest], 0
        started_s = perf_counter()
        self._write(b"".join(requests[:window]))
        sent = window
        while answered < count:
            chunk = os.read(self._from_fd, READ_BYTES)
            if not chunk:
                raise EOFError("the server ended")
            chunks.append(chunk)
            new = chunk.count(b"\n")
            answered += new
            self._write(b"".join(requests[sent : sent + new]))
            sent += new
        elapsed_s = perf_counter() - started_s
        _check_all(b"".join(chunks).splitlines(), first_id)
        return count / elapsed_s

    def _calls(self, count: int) -> list[bytes]:
        return self._requests(
            count, "tools/call", {"name": self._tool, "arguments": {"text": TEXT}}
        )

    def _requests(self, count: int, method: str, params: dict[str, Any]) -> list[bytes]:
        first = self._last_id + 1
        self._last_id += count
        return [
            _message(id=number, method=method, params=params)
            for number in range(first, first + count)
        ]

    def _write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._to_fd, data) :]

    def _line(self) -> bytes:
        while b"\n" not in self._rest:
            chunk = os.read(self._from_fd, READ_BYTES)
            if not chunk:
                raise EOFError("the server ended")
            self._rest += chunk
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def _await(self, number: int) -> dict[str, Any]:
        """The response to one request; notifications on the way are passed over."""
        while True:
            message: dict[str, Any] = msgspec.json.decode(self._line())
            if message.get("id") == number:
                return message


_HELLO: Final = {
    "protocolVersion": REVISION,
    "capabilities": {},
    "clientInfo": {"name": "innkeeper-bench", "version": "1"},
}


def _message(**fields: object) -> bytes:
    return msgspec.json.encode({"jsonrpc": "2.0", **fields}) + b"\n"


def _check(message: dict[str, Any]) -> None:
    if message.get("result", {}).get("structuredContent") != {"result": TEXT}:
        raise ValueError(f"not the answer: {message}")


def _check_all(lines: Sequence[bytes], first_id: int) -> None:
    """That each request has its answer, once; the order is the server's."""
    messages = [msgspec.json.decode(line) for line in lines]
    for message in messages:
        _check(message)
    if {message["id"] for message in messages} != set(range(first_id, first_id + len(messages))):
        raise ValueError("a request was answered twice, or never")
