"""The log of calls: one line of JSON a call, in a file of the state.

Publishing appends to a list in memory; a task writes what has gathered. At most `PENDING_MAX`
records wait; beyond that the oldest are dropped and counted in the next line that is written. A
file is turned over at `FILE_BYTES_MAX`, and `FILES_KEPT` old ones are kept.
"""

from __future__ import annotations

import fcntl
import logging
import os
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec
import trio

from innkeeper.calls.path import CallRecord

WRITE_EVERY_S: Final = 0.25
PENDING_MAX: Final = 65_536
FILE_BYTES_MAX: Final = 20 * 1024 * 1024
FILES_KEPT: Final = 3

_log = logging.getLogger(__name__)


class CallLog:
    """Keeps records of calls in `path`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pending: deque[CallRecord] = deque(maxlen=PENDING_MAX)
        self._published = 0
        self._written = 0
        self._encoder = msgspec.json.Encoder()
        self._wake: trio.Event | None = None

    def publish(self, record: CallRecord) -> None:
        """Note a call; it is in the file within `WRITE_EVERY_S`."""
        self._pending.append(record)
        self._published += 1
        if self._wake is not None:
            self._wake.set()
            self._wake = None

    async def run(self) -> None:
        """Write what gathers, until cancelled; asleep while nothing does."""
        while True:
            if not self._pending:
                self._wake = trio.Event()
                await self._wake.wait()
            await trio.sleep(WRITE_EVERY_S)
            await trio.to_thread.run_sync(self._write, self._take())

    def flush(self) -> None:
        """Write what is pending, now."""
        self._write(self._take())

    def _take(self) -> list[object]:
        records: list[object] = list(self._pending)
        self._pending.clear()
        lost = self._published - self._written - len(records)
        self._written = self._published
        return ([{"lost": lost}] if lost > 0 else []) + records

    def _write(self, records: list[object]) -> None:
        if not records:
            return
        try:
            lines = [self._encoder.encode(record) for record in records]
            with self._path.open("ab", opener=_private) as file:
                fcntl.flock(file, fcntl.LOCK_EX)  # another process may be turning it over
                file.write(b"\n".join(lines) + b"\n")
                if file.tell() > FILE_BYTES_MAX:
                    self._turn_over()
        except Exception as error:  # a log that fails must not end the host
            _log.warning("%d records of calls are lost: %s: %s", len(records), self._path, error)

    def _turn_over(self) -> None:
        for number in range(FILES_KEPT - 1, 0, -1):
            with suppress(FileNotFoundError):
                self._numbered(number).replace(self._numbered(number + 1))
        self._path.replace(self._numbered(1))

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, mode=0o600)
