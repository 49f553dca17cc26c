"""How a guest is ended: by a cancellation, a deadline or an interrupt, wherever it is."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked
from unit.engine.workshop import began_to_compute, in_workers, make_pool, root, served

from innkeeper.engine.drive import set_workers
from innkeeper.engine.limits import Limits
from innkeeper.engine.pool import InstancePool
from innkeeper.errors import LimitExceeded

WORK, SPIN, ENDLESS, PAUSE, ECHO = map(root, ("work", "spin", "endless", "pause", "echo"))
LONG = 30_000_000  # steps of the guest "cpu": 50 ms or more
QUICK = 1


# Ends.


async def in_a_host_call(nursery: trio.Nursery) -> InstancePool:
    async def wait(_: object, ms: int) -> None:
        await trio.sleep_forever()

    pool = await make_pool("host-call", Limits(wall_s=60), imports=served(wait=wait))
    nursery.start_soon(pool.call, PAUSE, (1,))
    await wait_all_tasks_blocked()
    return pool


async def in_slices(nursery: trio.Nursery) -> InstancePool:
    set_workers(1)
    pool = await make_pool("loop", Limits(wall_s=60))
    nursery.start_soon(pool.call, ENDLESS, ())
    await trio.lowlevel.checkpoint()
    assert not in_workers()
    return pool


async def in_a_worker(nursery: trio.Nursery) -> InstancePool:
    pool = await make_pool("loop", Limits(wall_s=60))
    nursery.start_soon(pool.call, ENDLESS, ())
    await began_to_compute()
    return pool


Setting = Callable[[trio.Nursery], Awaitable[InstancePool]]


@pytest.mark.parametrize("place", [in_a_host_call, in_slices, in_a_worker])
async def test_a_cancelled_guest_leaves_the_process_silent(place: Setting) -> None:
    async with trio.open_nursery() as nursery:
        pool = await place(nursery)
        nursery.cancel_scope.cancel()
    gc.collect()
    before_s = time.process_time()
    await trio.sleep(1)
    assert time.process_time() - before_s < 0.05
    assert pool._turns.idle
    assert not in_workers()


@pytest.mark.parametrize("place", [in_a_host_call, in_slices, in_a_worker])
async def test_a_cancelled_guest_gives_everything_back(place: Setting) -> None:
    async with trio.open_nursery() as nursery:
        pool = await place(nursery)
        nursery.cancel_scope.cancel()
    assert pool._turns.idle
    assert not pool._running
    assert not in_workers()


async def test_a_host_function_sees_the_cancellation_of_its_call() -> None:
    seen = []

    async def wait(_: object, ms: int) -> None:
        try:
            await trio.sleep_forever()
        except trio.Cancelled:
            seen.append(ms)
            raise

    pool = await make_pool("host-call", imports=served(wait=wait))
    with trio.move_on_after(0.02):
        await pool.call(PAUSE, (7,))
    assert seen == [7]


async def test_a_host_function_may_finish_what_must_be_finished_when_cancelled() -> None:
    seen = []

    async def wait(_: object, ms: int) -> None:
        try:
            await trio.sleep_forever()
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep(0.01)
                seen.append(ms)

    pool = await make_pool("host-call", imports=served(wait=wait))
    with trio.move_on_after(0.02) as scope:
        await pool.call(PAUSE, (7,))
    assert (seen, scope.cancelled_caught) == ([7], True)


async def test_what_a_host_function_raises_when_cancelled_reaches_the_caller() -> None:
    error = RuntimeError("could not clean up")

    async def wait(_: object, ms: int) -> None:
        try:
            await trio.sleep_forever()
        finally:
            raise error

    pool = await make_pool("host-call", imports=served(wait=wait))
    with pytest.raises(RuntimeError) as caught, trio.move_on_after(0.02):
        await pool.call(PAUSE, (7,))
    assert caught.value is error


@pytest.mark.parametrize("place", [PAUSE, ENDLESS])
async def test_the_deadline_of_the_caller_ends_a_guest_before_its_own(
    place: tuple[None, str], autojump_clock: MockClock
) -> None:
    pool = await make_pool("host-call" if place == PAUSE else "loop")
    with pytest.raises(LimitExceeded) as hit:
        await pool.call(place, (60_000,) if place == PAUSE else (), deadline=2.0)
    assert hit.value.code == "deadline_exceeded"
    assert trio.current_time() == pytest.approx(2)


async def test_a_deadline_later_than_the_wall_time_does_not_lengthen_it(
    autojump_clock: MockClock,
) -> None:
    pool = await make_pool("host-call", Limits(wall_s=3))
    with pytest.raises(LimitExceeded):
        await pool.call(PAUSE, (60_000,), deadline=100.0)
    assert trio.current_time() == pytest.approx(3)


@pytest.mark.parametrize("name", ["loop", "host-call"])
async def test_a_guest_is_stopped_soon_after_its_deadline(name: str) -> None:
    pool = await make_pool(name, Limits(wall_s=0.05))
    call = partial(pool.call, ENDLESS, ()) if name == "loop" else partial(pool.call, PAUSE, (9999,))
    late_s = []
    for _ in range(4):  # the machine may be busy now and then, hardly always
        began_s = time.monotonic()
        with pytest.raises(LimitExceeded):
            await call()
        late_s.append(time.monotonic() - began_s - 0.05)
    assert min(late_s) < 0.25


async def test_an_async_guest_that_yields_for_ever_is_stopped() -> None:
    pool = await make_pool("async-export", Limits(wall_s=0.1))
    with pytest.raises(LimitExceeded) as hit:
        await pool.call(root("forever"), ())
    assert hit.value.code == "deadline_exceeded"
    assert await pool.call(root("patient"), (100,)) == 42


@pytest.mark.parametrize("function", ["loop-after"])
async def test_a_guest_that_loops_after_its_answer_is_stopped(function: str) -> None:
    pool = await make_pool("post-return", Limits(wall_s=0.1))
    with pytest.raises(LimitExceeded) as hit:
        await pool.call(root(function), ())
    assert hit.value.code == "deadline_exceeded"


SPINNING = """
import sys, trio
from unit.engine.workshop import make_pool, root
from innkeeper.engine.limits import Limits

async def main():
    pool = await make_pool("loop", Limits(wall_s=60))
    async def tell():
        await trio.sleep(0.1)
        print("spinning", flush=True)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(tell)
        {call}

trio.run(main)
"""
CALLS = {
    "by a child task": 'nursery.start_soon(pool.call, root("endless"), ())',
    "by the main task": 'await pool.call(root("endless"), ())',
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_ctrl_c_ends_a_spinning_guest(call: str, pytestconfig: pytest.Config) -> None:
    paths = os.pathsep.join([str(pytestconfig.rootpath / "tests"), *sys.path])
    process = subprocess.Popen(
        [sys.executable, "-c", SPINNING.format(call=call)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": paths},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"spinning\n"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert process.returncode != 0
    assert b"KeyboardInterrupt" in errors
