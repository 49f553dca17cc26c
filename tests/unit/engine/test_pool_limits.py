"""The limits of one plugin: memory, values, host calls, and instances that misbehave."""

from __future__ import annotations

import pytest
import trio
from guests import component
from trio.testing import MockClock, wait_all_tasks_blocked
from unit.engine.workshop import Gate, capacity, make_pool, root, served

from innkeeper.engine.capacity import Capacity, Mappings
from innkeeper.engine.limits import Limits
from innkeeper.errors import LimitExceeded, PluginFault, RequestRefused

NEXT, ECHO, PAUSE, RELAY, PING = map(root, ("next", "echo", "pause", "relay", "ping-many"))


# Limits on memory.


def two_memories(pages: int) -> bytes:
    """`both` answers the pages that two memories hold when each was refused more."""
    return component("""(component
      (core module $m (memory (export "m") 1)
        (func (export "grow") (result i32)
          (loop $again (br_if $again (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
          (memory.size)))
      (core instance $a (instantiate $m))
      (core instance $b (instantiate $m))
      (core module $c (import "a" "grow" (func $a (result i32)))
        (import "b" "grow" (func $b (result i32)))
        (func (export "both") (result i32) (i32.add (call $a) (call $b))))
      (core instance $i (instantiate $c (with "a" (instance $a)) (with "b" (instance $b))))
      (func (export "both") (result u32) (canon lift (core func $i "both"))))""")


async def test_the_memory_of_a_guest_is_bounded() -> None:
    pool = await make_pool("memory-bomb", Limits(memory_bytes_max=1 << 20))
    assert await pool.call(root("grow"), ()) == 16


async def test_the_memories_of_a_guest_share_its_bound() -> None:
    pool = await make_pool(two_memories(1), Limits(memory_bytes_max=1 << 20))
    assert [await pool.call(root("both"), ()) for _ in range(2)] == [16, 16]


async def test_a_guest_with_many_memories_takes_more_of_the_hosts_room() -> None:
    room, gate = Mappings(), Gate()
    one = await make_pool("host-call", imports=served(wait=gate.wait), capacity=Capacity(0, room))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(one.call, PAUSE, (0,))
        await wait_all_tasks_blocked()
        alone = room.taken
        gate.open.set()
    one.close()
    two = await make_pool(two_memories(1), capacity=Capacity(0, room))
    await two.call(root("both"), ())
    await two.warm()
    assert room.taken > alone
    two.close()
    assert room.taken == 0


async def test_the_table_of_a_guest_is_bounded() -> None:
    pool = await make_pool("table-bomb", Limits(table_elements_max=5000))
    assert await pool.call(root("grow"), ()) == 5000


async def test_more_memories_than_any_guest_needs_are_a_memory_limit() -> None:
    memories = "".join(
        f"(core module $m{n} (memory 1)) (core instance (instantiate $m{n}))" for n in range(40)
    )
    wat = f"""(component {memories}
      (core module $c (func (export "one") (result i32) (i32.const 1)))
      (core instance $i (instantiate $c))
      (func (export "one") (result u32) (canon lift (core func $i "one"))))"""
    pool = await make_pool(component(wat))
    with pytest.raises(LimitExceeded) as hit:
        await pool.call(root("one"), ())
    assert hit.value.code == "memory_limit"


async def test_what_does_not_fit_its_limits_takes_no_room() -> None:
    room = capacity()
    pool = await make_pool("memory-static", capacity=room)
    for _ in range(3):
        with pytest.raises(LimitExceeded):
            await pool.call(root("nothing"), ())
    assert room.instances == 0


# Limits on values and host calls.


async def test_arguments_over_their_bound_are_refused_before_the_guest_sees_them() -> None:
    pool = await make_pool("echo", Limits(input_bytes_max=1000))
    assert await pool.call(ECHO, ("x" * 990,)) == "x" * 990
    with pytest.raises(RequestRefused) as refused:
        await pool.call(ECHO, ("x" * 1001,))
    assert refused.value.code == "payload_too_large"


async def test_a_result_over_its_bound_is_refused() -> None:
    pool = await make_pool("output", Limits(output_bytes_max=1000))
    assert await pool.call(root("big"), (990,)) == "a" * 990
    for function in ("big", "big-list"):
        with pytest.raises(LimitExceeded) as hit:
            await pool.call(root(function), (1001,))
        assert hit.value.code == "output_too_large"


async def test_host_calls_are_counted() -> None:
    pool = await make_pool("host-call", Limits(host_calls_max=10))
    assert await pool.call(PING, (10,)) == 45
    with pytest.raises(LimitExceeded) as hit:
        await pool.call(PING, (11,))
    assert hit.value.code == "host_calls_exceeded"
    assert await pool.call(PING, (10,)) == 45


async def test_host_calls_a_second_are_shared_by_the_instances_of_a_plugin() -> None:
    pool = await make_pool("host-call", Limits(host_calls_per_s=20))
    assert await pool.call(PING, (15,)) == 105
    with pytest.raises(LimitExceeded) as hit:
        await pool.call(PING, (15,))
    assert hit.value.code == "host_calls_exceeded"


# Instantiation that misbehaves.


async def test_a_guest_that_loops_while_it_is_made_meets_its_wall_time(
    autojump_clock: MockClock,
) -> None:
    room = capacity()
    pool = await make_pool("start-loop", Limits(wall_s=3), capacity=room)
    with pytest.raises(LimitExceeded) as hit:
        await pool.call(root("nothing"), ())
    assert hit.value.code == "deadline_exceeded"
    assert room.instances == 0


async def test_a_guest_that_traps_while_it_is_made_is_a_trap() -> None:
    room = capacity()
    pool = await make_pool("start-trap", capacity=room)
    for _ in range(3):
        with pytest.raises(PluginFault) as fault:
            await pool.call(root("nothing"), ())
        assert fault.value.kind == "unreachable"
    assert room.instances == 0


async def test_a_guest_may_call_the_host_while_it_is_made() -> None:
    async def ping(_: object, n: int) -> int:
        await trio.lowlevel.checkpoint()
        return n * 6

    assert await (await make_pool("start-ping")).call(root("told"), ()) == 7
    pool = await make_pool("start-ping", imports=served(ping=ping))
    assert [await pool.call(root("told"), ()) for _ in range(3)] == [42] * 3


async def test_making_an_instance_counts_into_the_time_of_its_call(
    autojump_clock: MockClock,
) -> None:
    async def ping(_: object, n: int) -> int:
        await trio.sleep(3)
        return n

    wat = """(component
      (import "test:host/calls" (instance $calls
        (export "ping" (func (param "n" u32) (result u32)))))
      (core func $ping (canon lower (func $calls "ping")))
      (core module $m (import "h" "ping" (func $ping (param i32) (result i32)))
        (func $start (drop (call $ping (i32.const 1))))
        (func (export "told") (result i32) (call $ping (i32.const 2)))
        (start $start))
      (core instance $i (instantiate $m (with "h" (instance (export "ping" (func $ping))))))
      (func (export "told") (result u32) (canon lift (core func $i "told"))))"""
    pool = await make_pool(component(wat), Limits(wall_s=5), imports=served(ping=ping))
    with pytest.raises(LimitExceeded) as hit:
        await pool.call(root("told"), ())
    assert hit.value.code == "deadline_exceeded"
    assert trio.current_time() == pytest.approx(5)


async def test_a_host_function_that_fails_while_an_instance_is_made_ahead_fails_no_call() -> None:
    broken: list[bool] = []

    def ping(_: object, n: int) -> int:
        if broken:
            raise RuntimeError("later")
        return n

    room = capacity()
    async with trio.open_nursery() as nursery:
        pool = await make_pool(
            "start-ping", imports=served(ping=ping), capacity=room, nursery=nursery
        )
        await pool.warm()
        broken.append(True)
        assert await pool.call(root("told"), ()) == 7  # what is made ahead after it fails
        await wait_all_tasks_blocked()
        with pytest.raises(RuntimeError, match="later"):
            await pool.call(root("told"), ())
        broken.clear()
        assert await pool.call(root("told"), ()) == 7
        await wait_all_tasks_blocked()
        pool.close()
    assert room.instances == 0
