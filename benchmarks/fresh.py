"""A fresh instance for each call, beside one that is kept and beside wasmtime-py.

Ours are the core alone (a store, an instance, the call, its end) in both of the engine's ways to
allocate, the pool that makes the next instance ahead while the caller has its answer, and the
host's whole path. What is made ahead is part of the time: the next call would wait for it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import trio

from benchmarks.measure import Options, Row, Side, awaiting, calling, compare, report, say
from benchmarks.measure.guests import guest
from benchmarks.measure.ours import (
    core_limits,
    host_call,
    instance_pool,
    kept_call,
    pooled,
    program,
    temporary_host,
)
from benchmarks.measure.wasmtime_py import WasmtimePy
from innkeeper.engine.pool import InstancePool
from innkeeper.engine.program import Loaded, Program
from innkeeper_core.component import PENDING, Instance

CALLS: Final = 2_000
FRESH: Final = "wasmtime-py, a store and an instance for each call"
ECHO: Final = (None, "echo")
TEXT: Final = "hi"


def run(quick: bool = False) -> dict[str, object]:
    """The rows, as the object that is printed."""
    return report("fresh", trio.run(_rows, Options.of(quick=quick)), "wasmtime")


async def _rows(options: Options) -> list[Row]:
    say("fresh: microseconds a call of `echo`, an instance for each")
    made = await program(guest("echo"))
    return [
        await _core_row("the core alone, pooled engine", pooled(made), options),
        await _core_row("the core alone, on-demand engine", made.on_demand, options),
        await _kept_row(made, options),
        await _pool_row(made, options),
        await _pool_kept_row(made, options),
        await _host_row(options),
    ]


async def _core_row(case: str, loaded: Loaded, options: Options) -> Row:
    ours = _fresh_call(loaded)
    assert ours() == TEXT
    return await compare(
        case,
        calling(ours, options.count(CALLS)),
        _theirs(options),
        baseline_name=FRESH,
        options=options,
    )


async def _kept_row(made: Program, options: Options) -> Row:
    kept = kept_call(pooled(made), "echo")
    return await compare(
        "the core alone, pooled engine, beside an instance kept",
        calling(_fresh_call(pooled(made)), options.count(CALLS)),
        calling(lambda: kept(TEXT), options.count(CALLS)),
        baseline_name="ours, the core alone, instance kept",
        options=options,
    )


async def _pool_row(made: Program, options: Options) -> Row:
    async with instance_pool(made) as pool:
        return await compare(
            "made ahead by the engine's pool",
            awaiting(_pool_call(pool), options.count(CALLS)),
            _theirs(options),
            baseline_name=FRESH,
            options=options,
        )


async def _pool_kept_row(made: Program, options: Options) -> Row:
    async with instance_pool(made) as fresh, instance_pool(made, reuse="plugin") as kept:
        return await compare(
            "made ahead by the engine's pool, beside an instance kept",
            awaiting(_pool_call(fresh), options.count(CALLS)),
            awaiting(_pool_call(kept), options.count(CALLS)),
            baseline_name="ours, the engine's pool, instance kept",
            options=options,
        )


async def _host_row(options: Options) -> Row:
    async with temporary_host() as host:
        await host.load(guest("echo"), name="echo")
        return await compare(
            "host.call",
            awaiting(host_call(host, "echo.echo", text=TEXT), options.count(CALLS)),
            _theirs(options),
            baseline_name=FRESH,
            options=options,
        )


def _theirs(options: Options) -> Side[list[float]]:
    function = WasmtimePy(guest("echo")).fresh("echo")
    assert function(TEXT) == TEXT
    return calling(lambda: function(TEXT), options.count(CALLS))


def _pool_call(pool: InstancePool) -> Callable[[], Awaitable[object]]:
    return lambda: pool.call(ECHO, (TEXT,))


def _fresh_call(loaded: Loaded) -> Callable[[], object]:
    """A call in an instance of its own, from making it to ending it."""
    limits, function, linker = core_limits(), loaded.function(ECHO), loaded.linker

    def call() -> object:
        instance = Instance(linker, limits)
        instance.instantiate()
        outcome = instance.invoke(function, (TEXT,))
        while outcome is PENDING:
            outcome = instance.step()
        instance.close()
        return outcome

    return call
