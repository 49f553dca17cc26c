"""Pools and programs for tests, from a guest's name: compiled by engines that all tests share."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

import trio
from guests import guest

from innkeeper.engine.capacity import Capacity, Mappings
from innkeeper.engine.compiler import Compiler
from innkeeper.engine.drive import workers
from innkeeper.engine.engines import Engines, Variant
from innkeeper.engine.limits import Limits
from innkeeper.engine.pool import InstancePool
from innkeeper.engine.program import Imports, Name, Program
from innkeeper.errors import HostFailure, LimitExceeded, PluginFault
from innkeeper_core.component import Component

INTERFACE: Final = "test:host/calls"

Handler = Callable[..., Any]  # Any: as in the program's own


@cache
def engines() -> Engines:
    """Those of all tests: a process has room for 64 engines."""
    return Engines()


async def wait(_: object, ms: int) -> None:
    await trio.sleep(ms / 1000)


SERVED: Final[Mapping[Name, Handler]] = {
    (INTERFACE, "ping"): lambda _, n: n,
    (INTERFACE, "say"): lambda _, text: text,
    (INTERFACE, "wait"): wait,
}


THINGS: Final = "test:host/things"

# Every thing is number 1: enough for what a guest does with handles.
THINGS_SERVED: Final[Mapping[Name, Handler]] = {
    (THINGS, "[constructor]thing"): lambda _, label: 1,
    (THINGS, "[method]thing.label"): lambda _, thing: "label",
    (THINGS, "[static]thing.merge"): lambda _, left, right: 1,
    (THINGS, "make"): lambda _, number: 1,
    (THINGS, "same"): lambda _, a, b: a == b,
    (THINGS, "take"): lambda _, thing: thing,
    (THINGS, "find"): lambda _, label: 1,
    (THINGS, "count"): lambda _, things: len(things),
}


def served(**handlers: Handler) -> Imports:
    """All of `test:host`, some functions of `test:host/calls` other than usual."""
    given: dict[Name, Handler] = {(INTERFACE, name): it for name, it in handlers.items()}
    return Imports(
        {**SERVED, **THINGS_SERVED, **given}, {(THINGS, "thing"): lambda _, number: None}
    )


def compiled(source: str | bytes, variant: Variant = Variant()) -> Component:  # noqa: B008 frozen
    data = guest(source) if isinstance(source, str) else source
    return engines().on_demand(variant).compile(data)


def in_memory(image: bytes) -> int:
    """A descriptor of an image, for the caller to close."""
    descriptor = os.memfd_create("image")
    os.write(descriptor, image)
    return descriptor


async def make_program(
    source: str | bytes, imports: Imports | None = None, *, fuel: bool = False
) -> Program:
    """The program of a guest, given by name or in bytes."""
    data = guest(source) if isinstance(source, str) else source
    compiler = Compiler(None, engines=engines())
    return await compiler.program(data, imports or served(), subject="test", fuel=fuel)


async def make_pool(
    source: str | bytes,
    limits: Limits | None = None,
    *,
    imports: Imports | None = None,
    capacity: Capacity | None = None,
    reuse: str = "call",
    nursery: trio.Nursery | None = None,
    program: Program | None = None,
) -> InstancePool:
    """A pool of a guest's instances, named "guest"."""
    limits = limits or Limits()
    if program is None:
        program = await make_program(source, imports, fuel=limits.fuel_max > 0)
    return InstancePool(
        program,
        limits,
        name="guest",
        capacity=capacity or Capacity(),
        reuse=reuse,
        nursery=nursery,
    )


def root(function: str) -> Name:
    """The name of a function at the root of a component."""
    return (None, function)


def capacity(instances_max: int = 0) -> Capacity:
    """One of its own, so that nothing else is counted."""
    return Capacity(instances_max, Mappings())


class Gate:
    """A host function that waits until it is opened, and knows who came."""

    def __init__(self) -> None:
        self.came: list[int] = []
        self.open = trio.Event()

    async def wait(self, _: object, number: int) -> None:
        self.came.append(number)
        await self.open.wait()


class Tally:
    """How a number of calls ended."""

    def __init__(self) -> None:
        self.values: list[object] = []
        self.codes: list[str] = []

    async def call(self, pool: InstancePool, *arguments: object, function: str = "pause") -> None:
        try:
            self.values.append(await pool.call(root(function), arguments))
        except (LimitExceeded, PluginFault, HostFailure) as error:
            self.codes.append(error.code)


def in_workers() -> int:
    return int(workers().borrowed_tokens)


async def began_to_compute() -> None:
    """Wait until a guest is in a worker."""
    with trio.fail_after(10):
        while not in_workers():  # noqa: ASYNC110 - nobody tells that it began
            await trio.sleep(0.001)
