"""Where the manifest asks for it, an instance is kept: for a session, or for the plugin."""

from __future__ import annotations

import pytest
import trio
from guests import component
from trio.testing import MockClock, wait_all_tasks_blocked
from unit.engine.workshop import make_pool, root, served

from innkeeper.engine import pool as module
from innkeeper.engine.capacity import Capacity, Mappings
from innkeeper.engine.limits import Limits
from innkeeper.engine.pool import InstancePool
from innkeeper.errors import HostError, LimitExceeded, PluginFault, RequestRefused

# Counts its calls, and ends them in every way.
COUNTER = """(component
  (import "test:host/calls" (instance $calls
    (export "ping" (func (param "n" u32) (result u32)))
    (export "wait" (func (param "ms" u32)))))
  (core func $ping (canon lower (func $calls "ping")))
  (core func $wait (canon lower (func $calls "wait")))
  (core module $code
    (import "h" "ping" (func $ping (param i32) (result i32)))
    (import "h" "wait" (func $wait (param i32)))
    (memory (export "memory") 1)
    (global $count (mut i32) (i32.const 0))
    (func $next (export "next") (result i32)
      (global.set $count (i32.add (global.get $count) (i32.const 1)))
      (global.get $count))
    (func (export "trap") unreachable)
    (func (export "loop") (loop $again (br $again)))
    (func (export "wait") (param i32) (result i32) (call $wait (local.get 0)) (call $next))
    (func (export "fail") (drop (call $ping (i32.const 0))))
    (func (export "big") (result i32)
      (i32.store (i32.const 4) (i32.const 60000)) (i32.const 0)))
  (core instance $i (instantiate $code (with "h" (instance
    (export "ping" (func $ping)) (export "wait" (func $wait))))))
  (func (export "next") (result u32) (canon lift (core func $i "next")))
  (func (export "trap") (canon lift (core func $i "trap")))
  (func (export "loop") (canon lift (core func $i "loop")))
  (func (export "wait") (param "ms" u32) (result u32) (canon lift (core func $i "wait")))
  (func (export "fail") (canon lift (core func $i "fail")))
  (func (export "big") (result string) (canon lift (core func $i "big")
    (memory (core memory $i "memory")))))"""


class Failed(Exception):
    """Of a host function."""


def fail(_: object, n: int) -> int:
    raise Failed


async def keeping(reuse: str, limits: Limits | None = None, **more: object) -> InstancePool:
    limits = limits or Limits(output_bytes_max=1000)
    capacity = more.get("capacity")
    assert capacity is None or isinstance(capacity, Capacity)
    return await make_pool(
        component(COUNTER), limits, reuse=reuse, imports=served(ping=fail), capacity=capacity
    )


async def count(pool: InstancePool, session: str | None = None) -> object:
    return await pool.call(root("next"), (), session=session)


async def test_an_instance_kept_for_the_plugin_serves_all_its_calls() -> None:
    pool = await keeping("plugin")
    assert [await count(pool, session) for session in ("a", "b", None, "a")] == [1, 2, 3, 4]


async def test_an_instance_kept_for_a_session_serves_that_session() -> None:
    pool = await keeping("session")
    assert [await count(pool, session) for session in "aabab"] == [1, 2, 1, 3, 2]


async def test_a_call_without_a_session_gets_a_fresh_instance() -> None:
    pool = await keeping("session")
    assert [await count(pool) for _ in range(3)] == [1, 1, 1]


async def test_calls_of_one_instance_run_one_after_another() -> None:
    pool = await keeping("plugin")
    seen: list[object] = []

    async def one(ms: int) -> None:
        seen.append(await pool.call(root("wait"), (ms,)))

    async with trio.open_nursery() as nursery:
        for ms in (5, 0, 3, 0, 1):
            nursery.start_soon(one, ms)
            await trio.lowlevel.checkpoint()
    assert seen == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("end", ["trap", "fail", "big"])
async def test_an_instance_that_went_wrong_is_not_kept(end: str) -> None:
    room = Capacity(0, Mappings())
    pool = await keeping("plugin", capacity=room)
    assert await count(pool) == 1
    with pytest.raises((HostError, Failed)):
        await pool.call(root(end), ())
    assert room.instances == 0
    assert await count(pool) == 1


async def test_an_instance_over_its_deadline_is_not_kept(autojump_clock: MockClock) -> None:
    pool = await keeping("plugin")
    assert await count(pool) == 1
    with pytest.raises(LimitExceeded):
        await pool.call(root("loop"), ())
    assert await count(pool) == 1


async def test_an_instance_cancelled_in_a_host_call_is_not_kept() -> None:
    pool = await keeping("plugin")
    assert await count(pool) == 1
    with trio.move_on_after(0.02) as scope:
        await pool.call(root("wait"), (10_000,))
    assert scope.cancelled_caught
    assert await count(pool) == 1


async def test_an_instance_cancelled_while_it_computes_is_not_kept() -> None:
    pool = await keeping("plugin")
    assert await count(pool) == 1
    with trio.move_on_after(0.02) as scope:
        await pool.call(root("loop"), ())
    assert scope.cancelled_caught
    assert await count(pool) == 1


@pytest.mark.parametrize("arguments", [(), ("x",), (1, 2), (-1,)])
async def test_an_instance_lives_on_where_the_arguments_were_wrong(
    arguments: tuple[object, ...],
) -> None:
    pool = await keeping("plugin")
    assert await count(pool) == 1
    with pytest.raises(RequestRefused):
        await pool.call(root("wait"), arguments)
    assert await count(pool) == 2


async def test_a_call_cancelled_while_it_waits_for_the_instance_leaves_it_alone() -> None:
    pool = await keeping("plugin")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(pool.call, root("wait"), (50,))
        await trio.sleep(0.01)
        with trio.move_on_after(0.01):
            await count(pool)
    assert await count(pool) == 2


async def test_who_waits_for_an_instance_that_traps_gets_another() -> None:
    pool = await keeping("plugin")
    seen: list[object] = []

    async def trapped() -> None:
        with pytest.raises(LimitExceeded):
            await pool.call(root("wait"), (10_000,), deadline=trio.current_time() + 0.05)

    async def after() -> None:
        seen.append(await count(pool))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(trapped)
        await trio.sleep(0.01)
        nursery.start_soon(after)
    assert seen == [1]


async def test_a_call_that_waits_for_the_instance_past_its_deadline_is_a_timeout() -> None:
    pool = await keeping("plugin")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(pool.call, root("wait"), (60,))
        await trio.sleep(0.01)
        with pytest.raises(LimitExceeded) as late:
            await pool.call(root("next"), (), deadline=trio.current_time() + 0.01)
    assert late.value.code == "timeout"


async def test_a_busy_session_does_not_stop_the_others() -> None:
    pool = await keeping("session", Limits(concurrency_max=2, wall_s=60))
    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(lambda: pool.call(root("wait"), (60_000,), session="busy"))
        await wait_all_tasks_blocked()
        with trio.fail_after(5):
            assert await count(pool, "other") == 1
        nursery.cancel_scope.cancel()


async def test_only_so_many_sessions_keep_their_instance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SESSIONS_MAX", 3)
    room = Capacity(0, Mappings())
    pool = await keeping("session", capacity=room)
    for session in "abcd":
        await count(pool, session)
    assert room.instances == 3
    assert [await count(pool, session) for session in "dcba"] == [2, 2, 2, 1]


async def test_sessions_that_came_and_went_leave_nothing_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "SESSIONS_MAX", 3)
    pool = await keeping("session")
    for number in range(50):
        await count(pool, str(number))
    assert len(pool._lines) == 3
    with pytest.raises(PluginFault):
        await pool.call(root("trap"), (), session="49")
    assert len(pool._lines) == 2


async def test_closing_ends_kept_instances() -> None:
    room = Capacity(0, Mappings())
    pool = await keeping("session", capacity=room)
    for session in "abc":
        await count(pool, session)
    assert room.instances == 3
    pool.close()
    assert room.instances == 0


async def test_an_instance_in_use_when_its_pool_is_closed_is_not_kept() -> None:
    room = Capacity(0, Mappings())
    pool = await keeping("plugin", capacity=room)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(pool.call, root("wait"), (20,))
        await trio.sleep(0.005)
        pool.close()
    assert room.instances == 0


async def test_an_instance_is_not_made_ahead_where_it_is_kept() -> None:
    room = Capacity(0, Mappings())
    pool = await keeping("plugin", capacity=room)
    await pool.warm()
    assert room.instances == 0
