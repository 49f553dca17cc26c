"""A coroutine whose first step was taken on the spot goes on as if nothing had happened."""

import pytest
import trio
from trio.testing import MockClock

from innkeeper.mcp.resumption import Suspended, first_step, rest_of


async def test_one_that_never_waits_is_done_at_once(autojump_clock: MockClock) -> None:
    async def work() -> int:
        return 42

    assert first_step(work()) == 42


async def test_an_exception_before_the_first_wait_comes_out(autojump_clock: MockClock) -> None:
    async def work() -> int:
        raise ValueError

    with pytest.raises(ValueError):
        first_step(work())


async def test_one_that_waits_is_finished_by_the_same_task(autojump_clock: MockClock) -> None:
    tasks = []

    async def work() -> int:
        tasks.append(trio.lowlevel.current_task())
        await trio.sleep(1)
        await trio.lowlevel.checkpoint()
        tasks.append(trio.lowlevel.current_task())
        return 42

    started = first_step(work())
    assert isinstance(started, Suspended)
    assert await rest_of(started) == 42
    assert tasks == [trio.lowlevel.current_task()] * 2


async def test_an_exception_after_a_wait_comes_out(autojump_clock: MockClock) -> None:
    async def work() -> int:
        await trio.lowlevel.checkpoint()
        raise ValueError

    started = first_step(work())
    assert isinstance(started, Suspended)
    with pytest.raises(ValueError):
        await rest_of(started)


async def test_its_own_scopes_and_nurseries_work(autojump_clock: MockClock) -> None:
    async def work() -> str:
        with trio.move_on_after(1):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(trio.sleep_forever)
                await trio.sleep_forever()
        return "timed out"

    started = first_step(work())
    assert isinstance(started, Suspended)
    assert await rest_of(started) == "timed out"


async def test_the_scope_around_it_cancels_it_and_it_may_clean_up(
    autojump_clock: MockClock,
) -> None:
    cleaned = []

    async def work() -> None:
        try:
            await trio.sleep_forever()
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep(1)
            cleaned.append(True)

    with trio.CancelScope() as scope:
        started = first_step(work())
        assert isinstance(started, Suspended)
        scope.cancel()
        await rest_of(started)
    assert scope.cancelled_caught
    assert cleaned == [True]


async def test_one_that_swallows_its_cancellation_still_has_its_result(
    autojump_clock: MockClock,
) -> None:
    async def work() -> str:
        with trio.CancelScope() as own:
            own.cancel()
            await trio.sleep_forever()
        return "kept"

    started = first_step(work())
    assert isinstance(started, Suspended)
    assert await rest_of(started) == "kept"
