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
from io import FileIO
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
        self._closed = False

    def publish(self, record: CallRecord) -> None:
        """Note a call; it is in the file within `WRITE_EVERY_S`."""
        self._pending.append(record)
        self._published += 1
        if self._wake is not None:
            self._wake.set()
            self._wake = None
        if self._closed:
            self._write(self._take())

    async def run(self) -> None:
        """Write what gathers, until cancelled; asleep while nothing does."""
        while True:
            if not self._pending:
                self._wake = trio.Event()
                await self._wake.wait()
            await trio.sleep(WRITE_EVERY_S)
            with trio.CancelScope(shield=True):  # what was taken is written, which is short
                await trio.to_thread.run_sync(self._write, self._take())

    def close(self) -> None:
        """Write what is pending; a call that ends later is written when it does."""
        self._closed = True
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
            self._append(b"".join(self._encoder.encode(record) + b"\n" for record in records))
        except Exception as error:  # a log that fails must not end the host
            _log.warning("%d records of calls are lost: %s: %s", len(records), self._path, error)

    def _append(self, lines: bytes) -> None:
        while True:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            with os.fdopen(descriptor, "ab", buffering=0) as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                if not self._is_current(file):
                    continue  # another process has turned it over while we waited
                _write_all(file, lines)
                if file.tell() > FILE_BYTES_MAX:
                    self._turn_over()
                return

    def _is_current(self, file: FileIO) -> bool:
        with suppress(FileNotFoundError):
            return os.path.samestat(os.fstat(file.fileno()), self._path.stat())
        return False

    def _turn_over(self) -> None:
        for number in range(FILES_KEPT - 1, 0, -1):
            with suppress(FileNotFoundError):
                self._numbered(number).replace(self._numbered(number + 1))
        self._path.replace(self._numbered(1))

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")


def _write_all(file: FileIO, data: bytes) -> None:
    """Write all of it, or nothing: half a line would spoil the next."""
    end, left = file.seek(0, os.SEEK_END), memoryview(data)
    try:
        while left:
            left = left[file.write(left) :]
    except OSError:
        file.truncate(end)
        raise
