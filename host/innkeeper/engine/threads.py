"""The threads that computing guests run in.

They yield to the event loop: at a lower scheduling priority (Linux has one for each thread), so
that with every core taken by a guest the loop still runs when it wants to. That is why they are
not Trio's, which other work would get next. A thread that nobody needs for `IDLE_S` ends.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, Final

import outcome

NICE: Final = 10
IDLE_S: Final = 10.0

Job = tuple[Callable[[], Any], Callable[[Any], None]]


class GuestThreads:
    """A cache of threads, shared by all Trio runs of the process; who uses it bounds the number."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[Job] = SimpleQueue()
        self._idle = 0
        self._lock = threading.Lock()

    def start(self, work: Callable[[], Any], deliver: Callable[[Any], None]) -> None:
        """Run `work` in a thread, then hand its outcome to `deliver`, in that thread."""
        with self._lock:
            reused = self._idle > 0
            self._idle -= reused
        if not reused:  # not with its work as an argument, which it would hold on to while it lives
            threading.Thread(target=self._serve, name="guest", daemon=True).start()
        self._jobs.put((work, deliver))

    def _serve(self) -> None:
        _step_back()
        job = self._jobs.get()
        while True:
            work, deliver = job
            deliver(outcome.capture(work))
            del work, deliver, job
            with self._lock:
                self._idle += 1
            try:
                job = self._jobs.get(timeout=IDLE_S)
            except Empty:
                with self._lock:
                    if self._idle > 0:  # else a job is on its way, to this thread or another
                        self._idle -= 1
                        return
                job = self._jobs.get()


def _step_back() -> None:
    with suppress(OSError, AttributeError):  # not on Linux: all threads are equal there
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)


THREADS: Final = GuestThreads()
