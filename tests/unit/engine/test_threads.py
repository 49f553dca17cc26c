"""The threads that computing guests run in."""

from __future__ import annotations

import os
import sys
import threading
import time
import weakref
from functools import partial
from typing import Any

import outcome
import pytest

from innkeeper.engine import threads as module
from innkeeper.engine.threads import GuestThreads


class Done:
    """Takes what a thread delivers."""

    def __init__(self) -> None:
        self.outcomes: list[Any] = []  # Any: of whatever the work gives
        self._came = threading.Semaphore(0)

    def __call__(self, ended: object) -> None:
        self.outcomes.append(ended)
        self._came.release()

    def wait(self, count: int = 1) -> list[Any]:
        for _ in range(count):
            assert self._came.acquire(timeout=10)
        return self.outcomes


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> GuestThreads:
    monkeypatch.setattr(module, "IDLE_S", 0.2)  # so that no test leaves a thread to the next
    return GuestThreads()


def guest_threads() -> int:
    return sum(thread.name == "guest" for thread in threading.enumerate())


def all_idle(threads: GuestThreads, count: int) -> None:
    """Wait until so many threads wait for work."""
    ends_s = time.monotonic() + 10
    while threads._idle != count:
        assert time.monotonic() < ends_s
        time.sleep(0.001)


def test_what_the_work_gives_is_delivered(threads: GuestThreads) -> None:
    done = Done()
    threads.start(lambda: 5, done)
    assert [it.unwrap() for it in done.wait()] == [5]


def test_what_the_work_raises_is_delivered(threads: GuestThreads) -> None:
    done, error = Done(), ValueError("mine")

    def fail() -> None:
        raise error

    threads.start(fail, done)
    (ended,) = done.wait()
    assert isinstance(ended, outcome.Error)
    assert ended.error is error


def test_a_thread_works_for_one_after_another(threads: GuestThreads) -> None:
    done = Done()
    for _ in range(20):
        threads.start(threading.get_ident, done)
        done.wait()
        all_idle(threads, 1)
    assert len({it.unwrap() for it in done.outcomes}) == 1


def test_work_that_is_given_at_once_is_done_at_once(threads: GuestThreads) -> None:
    done, all_here = Done(), threading.Barrier(5)
    for _ in range(5):
        threads.start(lambda: all_here.wait(10), done)
    assert len(done.wait(5)) == 5
    assert not any(isinstance(it, outcome.Error) for it in done.outcomes)


def test_a_thread_that_nobody_needs_ends(threads: GuestThreads) -> None:
    before, done = guest_threads(), Done()
    threads.start(int, done)
    done.wait()
    ends_s = time.monotonic() + 10
    while guest_threads() > before:
        assert time.monotonic() < ends_s
        time.sleep(0.01)
    threads.start(int, done)
    assert len(done.wait()) == 2


def test_work_given_as_threads_end_is_not_lost(
    threads: GuestThreads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "IDLE_S", 0.001)
    done = Done()
    for number in range(300):
        threads.start(partial(int, number), done)
        if number % 3 == 0:
            time.sleep(0.001)  # about when the last one ends
    assert sorted(it.unwrap() for it in done.wait(300)) == list(range(300))


@pytest.mark.skipif(
    sys.platform != "linux", reason="elsewhere threads have no priority of their own"
)
def test_a_guests_thread_steps_back_and_no_other_does(threads: GuestThreads) -> None:
    done = Done()
    threads.start(lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id()), done)
    mine = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    assert done.wait()[0].unwrap() == min(19, mine + module.NICE)
    assert os.getpriority(os.PRIO_PROCESS, 0) == mine


def test_the_threads_of_guests_do_not_keep_the_process_alive(threads: GuestThreads) -> None:
    done = Done()
    threads.start(lambda: threading.current_thread().daemon, done)
    assert done.wait()[0].unwrap()


def test_a_thread_holds_on_to_nothing_that_it_worked_on(threads: GuestThreads) -> None:
    class Thing:
        pass

    thing = Thing()
    gone, done = weakref.ref(thing), Done()
    threads.start(partial(repr, thing), done)
    done.wait()
    all_idle(threads, 1)
    del thing
    assert gone() is None
