"""Who may run now: first come, first served, within bounds."""

from functools import partial

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from innkeeper.engine.turns import WAIT_S_DEFAULT, WAITING_MAX, Turns
from innkeeper.errors import LimitExceeded


async def take(turns: Turns, deadline: float | None = None) -> None:
    if not turns.take_now():
        await turns.wait(deadline)


def free_turns(turns: Turns, most: int = 20) -> int:
    """How many turns can be taken at once."""
    taken = 0
    while taken < most and turns.take_now():
        taken += 1
    for _ in range(taken):
        turns.give()
    return taken


def test_as_many_turns_as_the_limit_are_free() -> None:
    assert free_turns(Turns(3, "x")) == 3


def test_a_turn_given_back_is_free_again() -> None:
    turns = Turns(1, "x")
    assert turns.take_now()
    assert not turns.take_now()
    turns.give()
    assert turns.take_now()


def test_turns_are_idle_only_when_all_are_free() -> None:
    turns = Turns(2, "x")
    assert turns.idle
    turns.take_now()
    assert not turns.idle
    turns.give()
    assert turns.idle


async def test_who_waits_longest_comes_first() -> None:
    turns, order = Turns(2, "x"), []

    async def run(number: int) -> None:
        await take(turns)
        order.append(number)
        await trio.lowlevel.checkpoint()
        turns.give()

    async with trio.open_nursery() as nursery:
        for number in range(20):
            nursery.start_soon(run, number)
            await wait_all_tasks_blocked() if number % 7 == 0 else None
    assert sorted(order) == list(range(20))
    assert turns.idle


async def test_the_order_is_that_of_arrival() -> None:
    turns, order = Turns(1, "x"), []
    turns.take_now()

    async def run(number: int) -> None:
        await turns.wait(None)
        order.append(number)
        turns.give()

    async with trio.open_nursery() as nursery:
        for number in range(10):
            nursery.start_soon(run, number)
            await wait_all_tasks_blocked()
        turns.give()
    assert order == list(range(10))


async def test_nobody_overtakes_those_who_wait() -> None:
    turns = Turns(1, "x")
    turns.take_now()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(turns.wait, None)
        await wait_all_tasks_blocked()
        turns.give()  # it is handed on, and was never free
        assert not turns.take_now()


async def test_a_turn_that_does_not_come_in_time_is_a_timeout(autojump_clock: MockClock) -> None:
    turns = Turns(1, "echo")
    turns.take_now()
    with pytest.raises(LimitExceeded, match=r"^echo: no turn.*1 calls run") as refused:
        await turns.wait(trio.current_time() + 2)
    assert refused.value.code == "timeout"
    assert trio.current_time() == pytest.approx(2)


async def test_a_deadline_that_is_over_is_a_timeout_at_once(autojump_clock: MockClock) -> None:
    turns = Turns(1, "echo")
    turns.take_now()
    with pytest.raises(LimitExceeded) as refused:
        await turns.wait(trio.current_time() - 1)
    assert refused.value.code == "timeout"
    assert trio.current_time() == 0


async def test_who_names_no_deadline_waits_for_a_bounded_time(autojump_clock: MockClock) -> None:
    turns = Turns(1, "echo")
    turns.take_now()
    with pytest.raises(LimitExceeded):
        await turns.wait(None)
    assert trio.current_time() == pytest.approx(WAIT_S_DEFAULT)


async def test_one_more_than_may_wait_is_refused_at_once(autojump_clock: MockClock) -> None:
    turns = Turns(1, "echo")
    turns.take_now()
    async with trio.open_nursery() as nursery:
        for _ in range(WAITING_MAX):
            nursery.start_soon(turns.wait, None)
        await wait_all_tasks_blocked()
        with pytest.raises(LimitExceeded) as refused:
            await turns.wait(None)
        nursery.cancel_scope.cancel()
    assert (refused.value.code, refused.value.retry_after_s) == ("rate_limited", 1.0)
    assert trio.current_time() == 0


@pytest.mark.parametrize("leaver", range(5))
async def test_who_is_cancelled_while_waiting_leaves_no_hole(leaver: int) -> None:
    turns, order = Turns(1, "x"), []
    turns.take_now()
    scopes = [trio.CancelScope() for _ in range(5)]

    async def run(number: int) -> None:
        with scopes[number]:
            await turns.wait(None)
            order.append(number)
            turns.give()

    async with trio.open_nursery() as nursery:
        for number in range(5):
            nursery.start_soon(run, number)
            await wait_all_tasks_blocked()
        scopes[leaver].cancel()
        await wait_all_tasks_blocked()
        turns.give()
    assert order == [number for number in range(5) if number != leaver]
    assert turns.idle


async def test_a_turn_handed_over_in_the_moment_of_cancelling_is_not_lost() -> None:
    turns = Turns(1, "x")
    turns.take_now()
    got = []

    async def run(scope: trio.CancelScope) -> None:
        with scope:
            await turns.wait(None)
            got.append(True)
            turns.give()

    scope = trio.CancelScope()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(run, scope)
        await wait_all_tasks_blocked()
        turns.give()
        scope.cancel()
    assert got == [True]
    assert free_turns(turns) == 1


async def test_a_turn_handed_over_in_the_moment_of_the_deadline_is_not_lost(
    autojump_clock: MockClock,
) -> None:
    turns = Turns(1, "x")
    turns.take_now()
    async with trio.open_nursery() as nursery:
        waiting = partial(take, turns, trio.current_time() + 1)
        nursery.start_soon(waiting)
        await wait_all_tasks_blocked()
        turns.give()
        autojump_clock.jump(2)
    turns.give()
    assert free_turns(turns) == 1
