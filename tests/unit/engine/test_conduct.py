"""Where functions run: on the loop, in a worker, or alone."""

from __future__ import annotations

import pytest
import trio
from unit.engine.workshop import make_pool, root

from innkeeper.engine.conduct import Conduct, Place
from innkeeper.errors import LimitExceeded

ECHO, ADD = root("echo"), root("add")
ALIASES, BIG_LIST = root("aliases"), root("big-list")


async def conduct_of(guest: str) -> Conduct:
    pool = await make_pool(guest)
    return pool._conduct


async def test_a_function_without_lists_begins_on_the_loop() -> None:
    assert (await conduct_of("echo")).place(ECHO) is Place.LOOP


async def test_a_function_that_gives_a_list_begins_alone() -> None:
    assert (await conduct_of("aliases")).place(ALIASES) is Place.ALONE


async def test_a_function_that_answered_within_its_limits_is_like_any_other() -> None:
    pool = await make_pool("aliases")

    assert await pool.call(ALIASES, (2, 10)) == ["a" * 10] * 2

    assert pool._conduct.place(ALIASES) is not Place.ALONE


async def test_a_function_that_went_over_runs_alone_for_good() -> None:
    pool = await make_pool("output")
    for size in (2_000_000, 10):
        try:
            await pool.call(BIG_LIST, (size,))
        except LimitExceeded as error:
            assert error.code == "output_too_large"

    assert pool._conduct.place(BIG_LIST) is Place.ALONE


async def test_what_computes_goes_to_a_worker_until_it_is_quick() -> None:
    conduct = await conduct_of("echo")

    conduct.computed(ADD, long=True)
    assert conduct.place(ADD) is Place.WORKER

    conduct.computed(ADD, long=False)
    assert conduct.place(ADD) is Place.LOOP


async def test_bombs_of_aliases_go_off_one_at_a_time() -> None:
    pool = await make_pool("aliases")

    async def bomb() -> None:
        with pytest.raises(LimitExceeded):
            await pool.call(ALIASES, (40, 1 << 20))

    async with trio.open_nursery() as nursery:
        for _ in range(4):
            nursery.start_soon(bomb)
