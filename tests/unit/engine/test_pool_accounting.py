"""However calls end, in whatever order: nothing leaks of turns, room, workers or lines."""

from __future__ import annotations

from contextlib import suppress
from functools import cache

import pytest
import trio
from guests import component
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock
from unit.engine.test_pool_reuse import COUNTER, Failed, fail
from unit.engine.workshop import compiled, engines, in_memory, served

from innkeeper.engine import pool as module
from innkeeper.engine.capacity import Capacity, Mappings
from innkeeper.engine.drive import workers
from innkeeper.engine.engines import Variant
from innkeeper.engine.limits import Limits
from innkeeper.engine.pool import InstancePool
from innkeeper.engine.program import Program
from innkeeper.errors import HostError
from innkeeper_core.component import Component, InvalidComponent

# What a call can meet: its function and arguments.
CALLS: dict[str, tuple[str, tuple[object, ...]]] = {
    "answer": ("next", ()),
    "wrong arguments": ("wait", ("x",)),
    "trap": ("trap", ()),
    "too large": ("big", ()),
    "host function fails": ("fail", ()),
    "wait a little": ("wait", (100,)),
    "wait past the wall time": ("wait", (100_000,)),
    "compute past the wall time": ("loop", ()),
}
ENDS = ["none", "deadline", "cancelled"]
SESSIONS = [None, "a", "b", "c"]

Step = tuple[str, str, str | None, float]  # a call, how it may be cut short, its session, a pause

steps = st.lists(
    st.tuples(
        st.sampled_from(sorted(CALLS)),
        st.sampled_from(ENDS),
        st.sampled_from(SESSIONS),
        st.sampled_from([0.0, 0.001, 0.2]),
    ),
    max_size=12,
)


@cache
def program() -> Program:
    """One for all examples: it belongs to no run."""
    made = compiled(component(COUNTER))
    image = made.serialize()

    def load() -> Component:
        return engines().pooled(Variant()).load(in_memory(image))

    return Program(made, served(ping=fail), pooled=load)


async def one(pool: InstancePool, step: Step) -> None:
    name, end, session, _ = step
    function, arguments = CALLS[name]
    deadline = trio.current_time() + 0.05 if end == "deadline" else None
    with trio.move_on_after(0.02 if end == "cancelled" else 1e9), suppress(HostError, Failed):
        await pool.call((None, function), arguments, deadline=deadline, session=session)


async def run(
    sequence: list[Step], reuse: str, concurrency_max: int, instances_max: int, close: str
) -> None:
    mappings = Mappings()
    capacity = Capacity(instances_max, mappings)
    limits = Limits(concurrency_max=concurrency_max, output_bytes_max=1000, wall_s=1)
    async with trio.open_nursery() as nursery:
        pool = InstancePool(
            program(), limits, name="x", capacity=capacity, reuse=reuse, nursery=nursery
        )
        await pool.warm()
        async with trio.open_nursery() as calls:
            for step in sequence:
                calls.start_soon(one, pool, step)
                await trio.sleep(step[3])
            if close == "ended early":
                pool.end()
        assert pool._turns.idle
        assert not pool._running
        assert close == "ended early" or set(pool._lines) == set(pool._kept)
        assert len(pool._kept) <= module.SESSIONS_MAX
        assert workers().borrowed_tokens == 0
        pool.close()
    assert (capacity.instances, mappings.taken, capacity.spare) == (0, 0, [])


@settings(max_examples=60)
@given(
    steps,
    st.sampled_from(["call", "session", "plugin"]),
    st.sampled_from([1, 2, 8]),
    st.sampled_from([0, 1, 3]),
    st.sampled_from(["at the end", "ended early"]),
)
def test_nothing_leaks_however_calls_end(
    sequence: list[Step], reuse: str, concurrency_max: int, instances_max: int, close: str
) -> None:
    clock = MockClock(autojump_threshold=0.001)
    trio.run(run, sequence, reuse, concurrency_max, instances_max, close, clock=clock)


@pytest.mark.soak
@settings(max_examples=1000)
@given(steps, st.sampled_from(["call", "session", "plugin"]), st.sampled_from([1, 8]))
def test_nothing_leaks_in_thousands_of_sequences(
    sequence: list[Step], reuse: str, concurrency_max: int
) -> None:
    clock = MockClock(autojump_threshold=0.001)
    trio.run(run, sequence, reuse, concurrency_max, 0, "at the end", clock=clock)


async def test_an_engine_that_refuses_an_image_takes_no_room() -> None:
    def load() -> Component:
        raise InvalidComponent("no")

    capacity = Capacity(0, Mappings())
    refusing = Program(compiled(component(COUNTER)), served(ping=fail), pooled=load)
    pool = InstancePool(refusing, Limits(), name="x", capacity=capacity)
    assert await pool.call((None, "next"), ()) == 1
    pool.close()
    assert capacity.instances == 0
