"""Our side in process, at three depths: the core's instance, the engine's pool, the host."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import trio

from innkeeper.engine.capacity import Capacity
from innkeeper.engine.compiler import Compiler
from innkeeper.engine.limits import Limits
from innkeeper.engine.pool import InstancePool
from innkeeper.engine.program import Handler, Imports, Loaded, Name, Program
from innkeeper.host import Host, open_host
from innkeeper_core.component import PENDING, Instance
from innkeeper_core.component import Limits as CoreLimits

Handlers = Mapping[Name, Handler]


async def program(data: bytes, handlers: Handlers | None = None) -> Program:
    """The component, compiled and linked."""
    return await Compiler(None).program(data, Imports(handlers or {}), subject="bench")


def pooled(made: Program) -> Loaded:
    """The component in the engine that keeps room ready."""
    loaded = made.pooled()
    assert loaded is not None
    return loaded


def core_limits() -> CoreLimits:
    """The core's limits as a plugin has them by default."""
    limits = msgspec.structs.asdict(Limits())
    for name in ("wall_s", "concurrency_max"):  # these two are not the core's
        del limits[name]
    return CoreLimits(**limits, memories_max=1)


def kept_instance(loaded: Loaded) -> Instance:
    """An instance that is ready for calls."""
    instance = Instance(loaded.linker, core_limits())
    instance.instantiate()
    return instance


def kept_call(loaded: Loaded, name: str) -> Callable[..., Any]:
    """An exported function that calls no `async def`, in an instance that is made now and kept."""
    instance, function = kept_instance(loaded), loaded.function((None, name))
    invoke, step = instance.invoke, instance.step

    def call(*arguments: object) -> Any:
        outcome = invoke(function, arguments)
        while outcome is PENDING:  # its time slice ended: there is nobody else to run
            outcome = step()
        return outcome

    return call


@asynccontextmanager
async def instance_pool(
    made: Program, limits: Limits | None = None, *, reuse: str = "call"
) -> AsyncIterator[InstancePool]:
    """The pool that runs a plugin's calls."""
    async with trio.open_nursery() as nursery:
        pool = InstancePool(
            made,
            limits or Limits(),
            name="bench",
            capacity=Capacity(),
            reuse=reuse,
            nursery=nursery,
        )
        await pool.warm()
        try:
            yield pool
        finally:
            pool.close()


@asynccontextmanager
async def temporary_host(imports: Handlers | None = None) -> AsyncIterator[Host]:
    """A host with the settings it has by default, in a state of its own."""
    with TemporaryDirectory(prefix="innkeeper-bench-") as folder:
        async with open_host(Path(folder), imports=imports) as host:
            yield host


def host_call(host: Host, tool: str, **arguments: object) -> Callable[[], Any]:
    """One and the same call of a tool, to be awaited."""
    return partial(host.call, tool, arguments)
