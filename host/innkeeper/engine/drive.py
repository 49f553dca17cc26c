"""Guests as Trio tasks: drives one call of one instance to its end.

A guest runs on the Trio thread in slices of one tick. One that computes for more than a few slices
goes on in a worker thread, without the GIL, and comes back when it calls the host or is done. The
workers are as many as the machine has cores; who waits for one waits in order, and after
`THREAD_SLICES` a guest goes to the end of the line.

Cancelling the task ends the guest wherever it is: in a host call at once, in a worker at its next
tick. The caller closes the instance then.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any, Final

import trio

from innkeeper.engine.conduct import Place
from innkeeper.engine.threads import THREADS
from innkeeper_core.component import PENDING, Instance, ToolErr
from innkeeper_core.ticker import TICK_S

SLICES_MAX: Final = 3  # on the Trio thread, before a guest moves to a worker
QUICK_SLICES: Final = 2  # a guest done within so many need not go to a worker next time
THREAD_SLICES: Final = 50  # in a worker, before the next guest in line may have it
ALONE_SLICES: Final = 4  # the same where one runs alone: all of all plugins wait in that line

_copies: trio.lowlevel.RunVar[trio.CapacityLimiter] = trio.lowlevel.RunVar("innkeeper_copies")
_workers: trio.lowlevel.RunVar[trio.CapacityLimiter] = trio.lowlevel.RunVar("innkeeper_workers")


def set_workers(count: int) -> None:
    """How many worker threads computing guests may use, in this Trio run."""
    workers().total_tokens = count


def workers() -> trio.CapacityLimiter:
    """The worker threads of this Trio run; as many as the process may use cores by default."""
    try:
        return _workers.get()
    except LookupError:
        limiter = trio.CapacityLimiter(max(1, len(os.sched_getaffinity(0))))
        _workers.set(limiter)
        return limiter


async def drive(instance: Instance, place: Place = Place.LOOP) -> tuple[Any, bool]:
    """Drive a call that has begun to its end: its result, and whether it computed for more than a
    slice or two, so that a worker thread is the place for it.

    For ALONE the instance must be `deferred`. Raises what the core raises, and whatever a host
    function raised, unchanged.
    """
    outcome: object = PENDING
    slices = 0 if place is Place.LOOP else SLICES_MAX
    computed = False
    yielded_s = perf_counter()
    while outcome is PENDING:
        waiting = instance.awaitable
        if waiting is not None:
            slices = SLICES_MAX if place is Place.ALONE else 0
            if perf_counter() - yielded_s > TICK_S:  # an async function need not suspend
                await trio.lowlevel.checkpoint()
                yielded_s = perf_counter()
            try:
                value = await waiting  # a host function, here on the Trio thread
            except ToolErr as error:
                outcome = instance.answer_error(error.payload)
            else:
                outcome = instance.answer(value)
        elif slices < SLICES_MAX:
            slices += 1
            await trio.lowlevel.checkpoint()
            outcome = instance.step()
        else:
            if place is Place.ALONE:
                async with _copying():
                    taken = await _step_in_thread(instance, ALONE_SLICES)
            else:
                taken = await _step_in_thread(instance, THREAD_SLICES)
            computed = computed or taken > QUICK_SLICES or place is Place.LOOP
            outcome = instance.collect()
    return outcome, computed


def _copying() -> trio.CapacityLimiter:
    """Who runs alone holds this: one in this Trio run."""
    try:
        return _copies.get()
    except LookupError:
        limiter = trio.CapacityLimiter(1)
        _copies.set(limiter)
        return limiter


async def close_in_thread(instance: Instance) -> None:
    """Close an instance that may hold much memory: giving it back takes milliseconds."""
    await _await_thread(instance.close, None)


async def _step_in_thread(instance: Instance, slices: int) -> int:
    """A cancellation only interrupts the guest: the thread must come back before the instance can
    be closed, which takes a tick."""
    limiter = workers()
    await limiter.acquire()
    try:
        work = partial(instance.step_in_thread, slices)
        taken: int = await _await_thread(work, instance.interrupt)
    finally:
        limiter.release()
    await trio.lowlevel.checkpoint_if_cancelled()
    return taken


async def _await_thread(work: Callable[[], Any], interrupt: Callable[[], None] | None) -> Any:
    """Do the work in a guest's thread and wait for it, cancelled or not."""
    task = trio.lowlevel.current_task()
    token = trio.lowlevel.current_trio_token()

    def deliver(outcome: Any) -> None:
        token.run_sync_soon(trio.lowlevel.reschedule, task, outcome)

    def abort(_: object) -> trio.lowlevel.Abort:
        if interrupt is not None:
            interrupt()
        return trio.lowlevel.Abort.FAILED

    THREADS.start(work, deliver)
    return await trio.lowlevel.wait_task_rescheduled(abort)
