"""Cutting a byte stream into lines, without ever holding more than one line's bound."""

from __future__ import annotations

from collections import deque
from typing import Final


class TooLong:
    """Stands in the stream where a line was that went over the bound."""


TOO_LONG: Final = TooLong()


class LineBuffer:
    """Lines of at most `line_bytes_max` bytes, without their ends; longer ones are skipped."""

    def __init__(self, line_bytes_max: int) -> None:
        self._line_bytes_max = line_bytes_max
        self._ready: deque[bytes | TooLong] = deque()
        self._tail: list[bytes] = []  # the pieces of the line that has not ended yet
        self._tail_bytes = 0
        self._skipping = False

    def feed(self, chunk: bytes) -> None:
        """Take what was read."""
        first, *rest = chunk.split(b"\n")
        self._grow_tail(first)
        if not rest:
            return
        self._end_line()
        last = rest.pop()
        most = self._line_bytes_max
        self._ready.extend(line if len(line) <= most else TOO_LONG for line in rest)
        self._grow_tail(last)

    def end(self) -> None:
        """The stream has ended: a last line without an end counts."""
        if self._tail_bytes or self._skipping:
            self._end_line()

    def take(self) -> bytes | TooLong | None:
        """The next whole line, or None until more is fed."""
        return self._ready.popleft() if self._ready else None

    def _grow_tail(self, piece: bytes) -> None:
        if self._skipping or not piece:
            return
        self._tail.append(piece)
        self._tail_bytes += len(piece)
        if self._tail_bytes > self._line_bytes_max:
            self._skipping = True
            self._tail.clear()

    def _end_line(self) -> None:
        self._ready.append(TOO_LONG if self._skipping else b"".join(self._tail))
        self._skipping = False
        self._tail.clear()
        self._tail_bytes = 0
