"""Guests as Trio tasks: in slices, in worker threads, and ended wherever they are."""

from __future__ import annotations

import os
import threading

import pytest
import trio
from guests import component
from trio.testing import MockClock
from unit.engine.workshop import INTERFACE, began_to_compute, in_workers, make_pool, root, served

from innkeeper.engine import drive as module
from innkeeper.engine.capacity import Capacity, Mappings
from innkeeper.engine.conduct import Place
from innkeeper.engine.drive import drive, set_workers, workers
from innkeeper.engine.limits import Limits
from innkeeper.errors import LimitExceeded, PluginFault
from innkeeper_core.component import Instance
from innkeeper_core.component import Limits as CoreLimits

WORK, SPIN, ENDLESS, PAUSE, ECHO = map(root, ("work", "spin", "endless", "pause", "echo"))
LONG = 30_000_000  # steps of the guest "cpu": 50 ms or more
QUICK = 1


class Watched:
    """The worker limiter of this run, and who came to it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.visits = 0
        self.slices = 0
        step_in_thread = module._step_in_thread

        async def visit(instance: Instance, slices: int) -> int:
            self.visits += 1
            taken = await step_in_thread(instance, slices)
            self.slices += taken
            return taken

        monkeypatch.setattr(module, "_step_in_thread", visit)


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Watched:
    return Watched(monkeypatch)


# Where a guest runs.


async def test_a_quick_guest_stays_on_the_trio_thread(watched: Watched) -> None:
    pool = await make_pool("cpu")
    for _ in range(20):
        await pool.call(WORK, (QUICK,))
    assert watched.visits == 0


async def test_a_guest_that_computes_goes_to_a_worker_after_a_few_slices(watched: Watched) -> None:
    pool = await make_pool("cpu")
    await pool.call(WORK, (LONG,))
    assert watched.visits > 0


async def test_a_guest_that_computes_does_not_stop_other_tasks() -> None:
    pool = await make_pool("cpu")
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await trio.lowlevel.checkpoint()
            turns += 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(count)
        await pool.call(WORK, (LONG,))
        nursery.cancel_scope.cancel()
    assert turns > 100


async def test_a_function_that_computed_goes_to_a_worker_at_once_next_time(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = await make_pool("cpu")
    await pool.call(WORK, (LONG,))
    watched.visits = 0
    checkpoint = trio.lowlevel.checkpoint

    async def no_slices() -> None:
        assert watched.visits, "it had a slice on the Trio thread first"
        await checkpoint()

    monkeypatch.setattr(trio.lowlevel, "checkpoint", no_slices)
    await pool.call(WORK, (LONG,))
    assert watched.visits > 0


async def test_a_function_that_becomes_quick_comes_back_to_the_trio_thread(
    watched: Watched,
) -> None:
    pool = await make_pool("cpu")
    await pool.call(WORK, (LONG,))
    for _ in range(3):  # once to find out; more where the machine is busy
        await pool.call(WORK, (QUICK,))
    watched.visits = 0
    await pool.call(WORK, (QUICK,))
    assert watched.visits == 0


async def test_another_function_of_a_plugin_that_computes_stays_where_it_is(
    watched: Watched,
) -> None:
    pool = await make_pool("loop")
    await pool.call(SPIN, (LONG,))
    with trio.move_on_after(0.02):
        await pool.call(ENDLESS, ())
    watched.visits = 0
    quick = await make_pool("echo")
    await quick.call(ECHO, ("x",))
    assert watched.visits == 0


async def test_a_function_stopped_at_its_deadline_goes_to_a_worker_at_once_next_time(
    watched: Watched, autojump_clock: MockClock
) -> None:
    pool = await make_pool("loop")
    for _ in range(2):
        with pytest.raises(LimitExceeded):
            await pool.call(ENDLESS, ())
    assert pool._conduct.place(ENDLESS) is Place.WORKER


async def test_a_function_stopped_while_it_waits_does_not_count_as_computing(
    autojump_clock: MockClock,
) -> None:
    pool = await make_pool("host-call")
    with pytest.raises(LimitExceeded):
        await pool.call(PAUSE, (60_000,))
    assert pool._conduct.place(PAUSE) is Place.LOOP


async def test_a_function_that_always_traps_after_computing_goes_to_a_worker() -> None:
    pool = await make_pool("memory-bomb", Limits(memory_bytes_max=64 << 20))
    for _ in range(2):
        with pytest.raises(PluginFault):
            await pool.call(root("hog"), ())
    assert pool._conduct.place(root("hog")) is Place.WORKER


# A guest with host calls between its computing: `both` computes, calls, computes, `n` times.
CHATTY = f"""(component
  (import "{INTERFACE}" (instance $calls (export "ping" (func (param "n" u32) (result u32)))))
  (core func $ping (canon lower (func $calls "ping")))
  (core module $code
    (import "h" "ping" (func $ping (param i32) (result i32)))
    (func (export "both") (param $n i32) (param $steps i64) (result i32)
      (local $i i64) (local $sum i32)
      (block $done
        (loop $again
          (br_if $done (i32.eqz (local.get $n)))
          (local.set $i (local.get $steps))
          (loop $compute
            (local.set $i (i64.sub (local.get $i) (i64.const 1)))
            (br_if $compute (i64.gt_s (local.get $i) (i64.const 0))))
          (local.set $sum (i32.add (local.get $sum) (call $ping (local.get $n))))
          (local.set $n (i32.sub (local.get $n) (i32.const 1)))
          (br $again)))
      (local.get $sum)))
  (core instance $i (instantiate $code (with "h" (instance (export "ping" (func $ping))))))
  (func (export "both") (param "n" u32) (param "steps" u64) (result u32)
    (canon lift (core func $i "both"))))"""


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_host_functions_run_on_the_trio_thread_wherever_their_guest_is(
    asynchronous: bool, watched: Watched
) -> None:
    threads = set()

    def ping(_: object, n: int) -> int:
        threads.add(threading.get_ident())
        return n

    async def ping_later(_: object, n: int) -> int:
        await trio.lowlevel.checkpoint()
        return ping(_, n)

    imports = served(ping=ping_later if asynchronous else ping)
    pool = await make_pool(component(CHATTY), imports=imports)
    assert await pool.call(root("both"), (5, 20_000_000)) == 15
    assert threads == {threading.get_ident()}
    assert watched.visits > 0


async def test_an_exception_of_a_host_function_reaches_the_caller_from_a_worker_too(
    watched: Watched,
) -> None:
    error = KeyError("mine")

    def ping(_: object, n: int) -> int:
        raise error

    pool = await make_pool(component(CHATTY), imports=served(ping=ping))
    with pytest.raises(KeyError) as caught:
        await pool.call(root("both"), (1, 20_000_000))
    assert caught.value is error
    assert watched.visits > 0


async def test_a_guest_that_does_nothing_but_call_the_host_lets_others_run() -> None:
    pool = await make_pool("flood", Limits(host_calls_max=10**9, wall_s=0.2))
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await trio.lowlevel.checkpoint()
            turns += 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(count)
        with pytest.raises(LimitExceeded) as hit:
            await pool.call(root("flood"), ())
        nursery.cancel_scope.cancel()
    assert hit.value.code == "deadline_exceeded"
    assert turns > 10


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_host_calls_in_a_row_without_a_loop_let_others_run(asynchronous: bool) -> None:
    async def ping_at_once(_: object, n: int) -> int:
        return n

    calls = "(drop (call $ping (i32.const 1)))" * 30_000
    wat = f"""(component
      (import "{INTERFACE}" (instance $calls (export "ping" (func (param "n" u32) (result u32)))))
      (core func $ping (canon lower (func $calls "ping")))
      (core module $code (import "h" "ping" (func $ping (param i32) (result i32)))
        (func (export "row") {calls}))
      (core instance $i (instantiate $code (with "h" (instance (export "ping" (func $ping))))))
      (func (export "row") (canon lift (core func $i "row"))))"""
    imports = served(ping=ping_at_once) if asynchronous else served()
    pool = await make_pool(component(wat), Limits(wall_s=30), imports=imports)
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await trio.lowlevel.checkpoint()
            turns += 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(count)
        await trio.lowlevel.checkpoint()
        before = turns
        await pool.call(root("row"), ())
        nursery.cancel_scope.cancel()
    assert turns - before > 10


# Workers.


def test_there_are_as_many_workers_as_cores() -> None:
    async def count() -> float:
        return workers().total_tokens

    assert trio.run(count) == len(os.sched_getaffinity(0))


def test_each_run_has_workers_of_its_own() -> None:
    async def count(set_to: int | None) -> float:
        if set_to is not None:
            set_workers(set_to)
        return workers().total_tokens

    assert trio.run(count, 7) == 7
    assert trio.run(count, None) == len(os.sched_getaffinity(0))


async def test_more_guests_than_workers_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "THREAD_SLICES", 5)
    set_workers(1)
    limits = Limits(wall_s=60)
    endless, finite = await make_pool("loop", limits), await make_pool("cpu", limits)
    ended = []

    async def one() -> None:
        ended.append(await finite.call(WORK, (LONG,)))

    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(endless.call, ENDLESS, ())
        with trio.fail_after(30):
            async with trio.open_nursery() as work:
                for _ in range(2):
                    work.start_soon(one)
        nursery.cancel_scope.cancel()
    assert len(ended) == 2


ENDLESS_LIST = """(component
  (core module $m (memory (export "memory") 1)
    (func (export "f") (result i32) (loop $again (br $again)) (i32.const 0)))
  (core instance $i (instantiate $m))
  (func (export "f") (result (list u8)) (canon lift (core func $i "f")
    (memory (core memory $i "memory")))))"""


async def test_guests_that_may_give_a_list_take_short_turns(watched: Watched) -> None:
    many = 20
    limits = Limits(wall_s=60, concurrency_max=many)
    endless, other = await make_pool(component(ENDLESS_LIST), limits), await make_pool("output")
    async with trio.open_nursery() as nursery:
        for _ in range(many):
            nursery.start_soon(endless.call, root("f"), ())
        with trio.fail_after(10):
            while watched.visits < many:  # noqa: ASYNC110 - nobody tells that all have begun
                await trio.sleep(0.001)
        before = watched.slices
        assert await other.call(root("big-list"), (3,)) == b"aaa"
        nursery.cancel_scope.cancel()
    assert watched.slices - before <= 2 * (many + 1) * module.ALONE_SLICES


async def test_two_guests_that_compute_use_two_workers() -> None:
    set_workers(2)
    pool = await make_pool("loop", Limits(wall_s=60))
    async with trio.open_nursery() as nursery:
        for _ in range(2):
            nursery.start_soon(pool.call, ENDLESS, ())
        with trio.fail_after(10):
            while in_workers() < 2:  # noqa: ASYNC110
                await trio.sleep(0.001)
        nursery.cancel_scope.cancel()


async def test_a_guest_cancelled_while_it_waits_for_a_worker_lets_go_of_its_place() -> None:
    set_workers(1)
    room = Capacity(0, Mappings())
    pool = await make_pool("loop", Limits(wall_s=60), capacity=room)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(pool.call, ENDLESS, ())
        await began_to_compute()
        async with trio.open_nursery() as waiting:
            waiting.start_soon(pool.call, ENDLESS, ())
            with trio.fail_after(10):
                while not workers().statistics().tasks_waiting:  # noqa: ASYNC110
                    await trio.sleep(0.001)
            waiting.cancel_scope.cancel()
        nursery.cancel_scope.cancel()
    assert (in_workers(), workers().statistics().tasks_waiting) == (0, 0)
    pool.close()
    assert room.instances == 0


# The bare loop.


async def test_an_instance_driven_by_hand_answers_as_one_of_a_pool() -> None:
    pool = await make_pool("cpu")
    loaded = pool._program.on_demand
    instance = Instance(loaded.linker, CoreLimits())
    instance.begin_instantiate()
    assert await drive(instance) == (None, False)
    function = loaded.function(WORK)
    instance.begin(function, (LONG,))
    value, computed = await drive(instance, Place.WORKER)
    assert computed
    assert value == await pool.call(WORK, (LONG,))
    instance.close()
