"""Where the functions of a plugin run, learned from how they behave."""

from __future__ import annotations

import pytest
from guests import component
from unit.engine.workshop import make_pool, make_program, root

from innkeeper.engine.conduct import Conduct, Place
from innkeeper.engine.limits import Limits
from innkeeper.errors import LimitExceeded

ECHO, BIG, LIST, GATHER = map(root, ("echo", "big", "big-list", "gather"))


async def conduct(guest: str | bytes) -> Conduct:
    return Conduct(await make_program(guest))


async def test_a_function_runs_on_the_event_loops_thread() -> None:
    assert (await conduct("echo")).place(ECHO) is Place.LOOP


async def test_a_function_that_computed_runs_in_a_worker_until_it_is_quick() -> None:
    known = await conduct("echo")
    known.computed(ECHO, long=True)
    assert known.place(ECHO) is Place.WORKER
    known.computed(ECHO, long=False)
    assert known.place(ECHO) is Place.LOOP


async def test_what_one_function_does_says_nothing_of_another() -> None:
    known = await conduct("output")
    known.computed(BIG, long=True)
    known.answered(LIST)
    assert known.place(LIST) is Place.LOOP


@pytest.mark.parametrize(("guest", "function"), [("output", LIST), ("parameters", GATHER)])
async def test_a_function_that_may_give_a_list_runs_alone_until_it_has_answered(
    guest: str, function: tuple[None, str]
) -> None:
    known = await conduct(guest)
    assert known.place(function) is Place.ALONE
    known.answered(function)
    assert known.place(function) is Place.LOOP


@pytest.mark.parametrize(("strings", "place"), [(8, Place.LOOP), (9, Place.ALONE)])
async def test_a_function_that_may_give_many_strings_runs_alone(strings: int, place: Place) -> None:
    wat = f"""(component
      (core module $m (memory (export "memory") 1) (func (export "f") (result i32) (i32.const 0)))
      (core instance $i (instantiate $m))
      (func (export "f") (result (tuple (option u8) {"string " * strings}))
        (canon lift (core func $i "f") (memory (core memory $i "memory")))))"""
    assert (await conduct(component(wat))).place(root("f")) is place


async def test_a_list_among_the_arguments_alone_does_not_matter() -> None:
    known = await conduct("realloc-lies")
    assert known.place(root("misaligned")) is Place.LOOP


async def test_a_guest_that_may_pass_a_list_to_the_host_runs_alone_with_all_it_has() -> None:
    known = await conduct("resources")
    assert known.place(root("label")) is Place.ALONE


async def test_a_function_that_went_over_its_limit_runs_alone_for_good() -> None:
    known = await conduct("output")
    known.went_over(BIG)
    known.answered(BIG)
    known.computed(BIG, long=False)
    assert known.place(BIG) is Place.ALONE


async def test_a_pool_learns_from_its_calls() -> None:
    pool = await make_pool("output", Limits(output_bytes_max=1000))
    assert pool._conduct.place(LIST) is Place.ALONE
    await pool.call(LIST, (10,))
    assert pool._conduct.place(LIST) is Place.LOOP
    with pytest.raises(LimitExceeded):
        await pool.call(LIST, (2000,))
    assert pool._conduct.place(LIST) is Place.ALONE
    assert await pool.call(LIST, (10,)) == b"a" * 10
