"""The instances of one plugin: a fresh one a call, in turns, within the room there is."""

from __future__ import annotations

from functools import partial

import pytest
import trio
from guests import component, guest
from trio.testing import MockClock, wait_all_tasks_blocked
from unit.engine.workshop import (
    Gate,
    Tally,
    capacity,
    engines,
    in_memory,
    make_pool,
    make_program,
    root,
    served,
)

from innkeeper.engine.engines import Engines, Variant
from innkeeper.engine.limits import Limits
from innkeeper.engine.pool import AHEAD_MAX, GuestContext
from innkeeper.engine.program import Program
from innkeeper.engine.turns import WAITING_MAX
from innkeeper.errors import HostFailure, LimitExceeded, RequestRefused
from innkeeper_core.component import ToolErr

NEXT, ECHO, PAUSE, RELAY, PING = map(root, ("next", "echo", "pause", "relay", "ping-many"))


# A call and its instance.


async def test_each_call_gets_a_fresh_instance() -> None:
    pool = await make_pool("counter")
    assert [await pool.call(NEXT, ()) for _ in range(5)] == [1] * 5


async def test_an_instance_is_fresh_when_it_was_made_ahead() -> None:
    async with trio.open_nursery() as nursery:
        pool = await make_pool("counter", nursery=nursery)
        await pool.warm()
        values = []
        for _ in range(5):
            values.append(await pool.call(NEXT, ()))
            await wait_all_tasks_blocked()
        assert values == [1] * 5
        pool.close()


async def test_calls_that_run_at_once_do_not_share_an_instance() -> None:
    wat = """(component
      (import "test:host/calls" (instance $calls (export "wait" (func (param "ms" u32)))))
      (core func $wait (canon lower (func $calls "wait")))
      (core module $m (import "h" "wait" (func $wait (param i32)))
        (global $n (mut i32) (i32.const 0))
        (func (export "next") (result i32)
          (global.set $n (i32.add (global.get $n) (i32.const 1)))
          (call $wait (i32.const 0))
          (global.get $n)))
      (core instance $i (instantiate $m (with "h" (instance (export "wait" (func $wait))))))
      (func (export "next") (result u32) (canon lift (core func $i "next"))))"""
    gate, tally = Gate(), Tally()
    pool = await make_pool(component(wat), imports=served(wait=gate.wait))
    async with trio.open_nursery() as nursery:
        for _ in range(8):
            nursery.start_soon(partial(tally.call, pool, function="next"))
        await wait_all_tasks_blocked()
        gate.open.set()
    assert tally.values == [1] * 8


async def test_a_host_function_is_told_which_plugin_calls() -> None:
    pool = await make_pool("host-call", imports=served(say=lambda guest, text: repr(guest)))
    assert await pool.call(RELAY, ("x",)) == repr(GuestContext("guest"))


async def test_arguments_that_do_not_fit_are_the_callers_fault() -> None:
    pool = await make_pool("echo")
    with pytest.raises(RequestRefused, match=r"guest\.echo: ") as refused:
        await pool.call(ECHO, (5,))
    assert refused.value.code == "validation_failed"


async def test_a_value_of_a_host_function_that_does_not_fit_is_not_the_callers_fault() -> None:
    async def slow(_: object, text: str) -> object:
        await trio.lowlevel.checkpoint()
        return 5

    for say in (lambda _, text: 5, slow):
        pool = await make_pool("host-call", imports=served(say=say))
        with pytest.raises(ValueError, match="str") as failed:
            await pool.call(RELAY, ("x",))
        assert not isinstance(failed.value, RequestRefused)


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_what_a_host_function_raises_reaches_the_caller_itself(asynchronous: bool) -> None:
    error = RuntimeError("mine")

    def fail(_: object, text: str) -> str:
        raise error

    async def fail_later(_: object, text: str) -> str:
        await trio.lowlevel.checkpoint()
        raise error

    pool = await make_pool("host-call", imports=served(say=fail_later if asynchronous else fail))
    with pytest.raises(RuntimeError) as caught:
        await pool.call(RELAY, ("x",))
    assert caught.value is error


async def test_an_error_that_no_type_has_room_for_is_a_fault_of_the_host() -> None:
    def fail(_: object, text: str) -> str:
        raise ToolErr("no")

    pool = await make_pool("host-call", imports=served(say=fail))
    with pytest.raises(TypeError, match="no error side"):
        await pool.call(RELAY, ("x",))


async def test_two_guests_get_the_exceptions_of_their_own() -> None:
    class Mine(Exception):
        pass

    async def fail(_: object, text: str) -> str:
        await trio.lowlevel.checkpoint()
        raise Mine(text)

    pool = await make_pool("host-call", imports=served(say=fail))
    wrong = []

    async def one(text: str) -> None:
        try:
            await pool.call(RELAY, (text,))
        except Mine as error:
            if error.args != (text,):
                wrong.append(text)

    async with trio.open_nursery() as nursery:
        for number in range(200):
            nursery.start_soon(one, str(number))
    assert wrong == []


# Turns.


async def test_as_many_calls_run_at_once_as_concurrency_max_says() -> None:
    gate = Gate()
    pool = await make_pool("host-call", Limits(concurrency_max=3), imports=served(wait=gate.wait))
    async with trio.open_nursery() as nursery:
        for number in range(6):
            nursery.start_soon(pool.call, PAUSE, (number,))
        await wait_all_tasks_blocked()
        assert len(gate.came) == 3
        gate.open.set()
    assert sorted(gate.came) == list(range(6))


async def test_calls_beyond_concurrency_max_wait_in_order() -> None:
    gate = Gate()
    pool = await make_pool("host-call", Limits(concurrency_max=1), imports=served(wait=gate.wait))
    async with trio.open_nursery() as nursery:
        for number in range(6):
            nursery.start_soon(pool.call, PAUSE, (number,))
            await wait_all_tasks_blocked()
        gate.open.set()
    assert gate.came == list(range(6))


async def test_a_call_that_waits_past_its_deadline_is_a_timeout(autojump_clock: MockClock) -> None:
    gate, tally = Gate(), Tally()
    limits = Limits(concurrency_max=1, wall_s=60)
    pool = await make_pool("host-call", limits, imports=served(wait=gate.wait))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(tally.call, pool, 0)
        await wait_all_tasks_blocked()
        with pytest.raises(LimitExceeded) as late:
            await pool.call(PAUSE, (1,), deadline=trio.current_time() + 1)
        gate.open.set()
    assert late.value.code == "timeout"
    assert gate.came == [0]


async def test_one_more_than_may_wait_is_refused() -> None:
    gate, tally = Gate(), Tally()
    pool = await make_pool("host-call", Limits(concurrency_max=1), imports=served(wait=gate.wait))
    async with trio.open_nursery() as nursery:
        for _ in range(WAITING_MAX + 3):
            nursery.start_soon(tally.call, pool, 0)
        await wait_all_tasks_blocked()
        assert tally.codes == ["rate_limited"] * 2
        gate.open.set()
    assert len(tally.values) == WAITING_MAX + 1


async def test_a_cancelled_waiter_leaves_its_turn_to_others() -> None:
    gate, tally = Gate(), Tally()
    pool = await make_pool("host-call", Limits(concurrency_max=1), imports=served(wait=gate.wait))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(tally.call, pool, 0)
        await wait_all_tasks_blocked()
        async with trio.open_nursery() as impatient:
            impatient.start_soon(tally.call, pool, 1)
            await wait_all_tasks_blocked()
            nursery.start_soon(tally.call, pool, 2)
            await wait_all_tasks_blocked()
            impatient.cancel_scope.cancel()
        gate.open.set()
    assert gate.came == [0, 2]


async def test_a_refused_call_gives_its_turn_back() -> None:
    pool = await make_pool("echo", Limits(concurrency_max=1))
    for _ in range(3):
        with pytest.raises(RequestRefused):
            await pool.call(ECHO, (5,))
    assert await pool.call(ECHO, ("x",)) == "x"


# Room.


async def test_a_call_beyond_the_room_of_the_host_is_refused() -> None:
    gate, tally, room = Gate(), Tally(), capacity(2)
    pool = await make_pool("host-call", imports=served(wait=gate.wait), capacity=room)
    async with trio.open_nursery() as nursery:
        for number in range(3):
            nursery.start_soon(tally.call, pool, number)
        await wait_all_tasks_blocked()
        assert tally.codes == ["rate_limited"]
        gate.open.set()
    assert len(tally.values) == 2


async def test_an_instance_of_one_plugin_made_ahead_does_not_keep_another_from_running() -> None:
    room = capacity(2)
    async with trio.open_nursery() as nursery:
        pools = [await make_pool("echo", capacity=room, nursery=nursery) for _ in range(4)]
        for pool in pools:
            await pool.warm()
        for _ in range(3):
            assert [await pool.call(ECHO, ("x",)) for pool in pools] == ["x"] * 4
            await wait_all_tasks_blocked()
        for pool in pools:
            pool.close()
    assert room.instances == 0


async def test_instances_made_ahead_are_bounded() -> None:
    gate, room = Gate(), capacity()
    async with trio.open_nursery() as nursery:
        pool = await make_pool(
            "host-call", imports=served(wait=gate.wait), capacity=room, nursery=nursery
        )
        for _ in range(3):
            async with trio.open_nursery() as calls:
                for number in range(8):
                    calls.start_soon(pool.call, PAUSE, (number,))
                await wait_all_tasks_blocked()
                gate.open.set()
            await wait_all_tasks_blocked()
            assert 0 < room.instances <= AHEAD_MAX
        pool.close()
    assert room.instances == 0


async def test_warming_many_times_makes_a_bounded_number() -> None:
    room = capacity()
    pool = await make_pool("echo", capacity=room)
    for _ in range(AHEAD_MAX * 2):
        await pool.warm()
    assert room.instances == AHEAD_MAX
    pool.close()


@pytest.mark.parametrize("guest", ["start-trap", "memory-static", "wants-wasi"])
async def test_warming_what_cannot_be_made_is_silent(guest: str) -> None:
    room = capacity()
    pool = await make_pool(guest, capacity=room)
    await pool.warm()
    assert room.instances == 0


# Two engines.


async def test_a_guest_that_finds_the_pooled_engine_full_runs_on_demand() -> None:
    small, gate = Engines(pooled_instances=3), Gate()
    component = small.on_demand(Variant()).compile(guest("host-call"))
    program = Program(
        component,
        served(wait=gate.wait),
        pooled=lambda: small.pooled(Variant()).load(in_memory(component.serialize())),
    )
    pool = await make_pool("host-call", Limits(concurrency_max=64), program=program)
    async with trio.open_nursery() as nursery:
        for number in range(20):
            nursery.start_soon(pool.call, PAUSE, (number,))
        await wait_all_tasks_blocked()
        assert len(gate.came) == 20
        gate.open.set()
    assert await pool.call(RELAY, ("after",)) == "after"


async def test_more_guests_than_the_pooled_engine_holds_wait_at_once() -> None:
    gate, room = Gate(), capacity()
    limits = Limits(concurrency_max=400, wall_s=60)
    pool = await make_pool("host-call", limits, imports=served(wait=gate.wait), capacity=room)
    async with trio.open_nursery() as nursery:
        for number in range(300):
            nursery.start_soon(pool.call, PAUSE, (number,))
        await wait_all_tasks_blocked()
        assert (len(gate.came), room.instances) == (300, 300)
        gate.open.set()
    pool.close()
    assert room.instances == 0


async def test_a_guest_with_more_memory_than_the_pool_gives_runs_on_demand() -> None:
    pool = await make_pool("memory-bomb", Limits(memory_bytes_max=80 << 20))
    assert await pool.call(root("grow"), ()) == 1280


async def test_a_guest_that_outgrows_what_was_set_aside_is_not_copied_page_by_page() -> None:
    pool = await make_pool("memory-bomb", Limits(memory_bytes_max=256 << 20, wall_s=60))
    with trio.fail_after(30):
        assert await pool.call(root("grow"), ()) == 4096


async def test_a_guest_does_not_come_back_to_a_pool_that_it_does_not_fit() -> None:
    memories = "".join(
        f"(core module $m{n} (memory 1)) (core instance (instantiate $m{n}))" for n in range(6)
    )
    wat = f"""(component {memories}
      (core module $c (func (export "one") (result i32) (i32.const 1)))
      (core instance $i (instantiate $c))
      (func (export "one") (result u32) (canon lift (core func $i "one"))))"""
    program = await make_program(component(wat))
    pool = await make_pool(b"", program=program)
    assert [await pool.call(root("one"), ()) for _ in range(3)] == [1] * 3
    assert program.pooled() is None


# The end.


async def test_a_closed_pool_refuses_calls() -> None:
    room = capacity()
    pool = await make_pool("echo", capacity=room)
    await pool.warm()
    pool.close()
    with pytest.raises(HostFailure) as refused:
        await pool.call(ECHO, ("x",))
    assert (refused.value.code, room.instances) == ("unavailable", 0)


async def test_calls_that_run_when_the_pool_is_closed_end_as_they_would_have() -> None:
    gate, tally, room = Gate(), Tally(), capacity()
    pool = await make_pool(
        "host-call", Limits(concurrency_max=2), imports=served(wait=gate.wait), capacity=room
    )
    async with trio.open_nursery() as nursery:
        for number in range(4):  # two run, two wait
            nursery.start_soon(tally.call, pool, number)
        await wait_all_tasks_blocked()
        pool.close()
        gate.open.set()
    assert (tally.values, tally.codes) == ([None] * 4, [])
    assert room.instances == 0


async def test_calls_that_run_or_wait_when_the_pool_is_ended_are_told_so() -> None:
    gate, tally, room = Gate(), Tally(), capacity()
    pool = await make_pool(
        "host-call", Limits(concurrency_max=2), imports=served(wait=gate.wait), capacity=room
    )
    async with trio.open_nursery() as nursery:
        for number in range(4):
            nursery.start_soon(tally.call, pool, number)
        await wait_all_tasks_blocked()
        pool.end()
    assert (tally.values, tally.codes) == ([], ["unavailable"] * 4)
    assert room.instances == 0


async def test_a_guest_that_computes_when_the_pool_is_ended_is_stopped() -> None:
    tally, room = Tally(), capacity()
    pool = await make_pool("loop", Limits(wall_s=60), capacity=room)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(partial(tally.call, pool, function="endless"))
        await trio.sleep(0.05)
        pool.end()
    assert (tally.codes, room.instances) == (["unavailable"], 0)


async def test_a_closed_pool_makes_nothing_ahead() -> None:
    room = capacity()
    async with trio.open_nursery() as nursery:
        pool = await make_pool("echo", capacity=room, nursery=nursery)
        pool.close()
        await pool.warm()
    assert room.instances == 0
    assert room.spare == []


async def test_a_pool_shares_engines_with_others() -> None:
    pools = [await make_pool(name) for name in ("echo", "counter")]
    assert await pools[0].call(ECHO, ("a",)) == "a"
    assert await pools[1].call(NEXT, ()) == 1
    assert engines().pooled(Variant()) is engines().pooled(Variant())
