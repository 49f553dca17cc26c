"""Two guests that compute at the same time, on two cores.

Through the engine's pool, as calls of a tool run: they begin on the Trio thread and move to worker
threads. With one core, or one that is busy with something else, two guests take the time of two.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import Any, Final

import trio

from benchmarks.measure import Options, Row, alternate, report, row, say
from benchmarks.measure.guests import guest
from benchmarks.measure.ours import instance_pool, program
from benchmarks.measure.wasmtime_py import WasmtimePy
from innkeeper.engine.pool import InstancePool

STEPS: Final = 200_000_000  # about a third of a second for one guest
WORK: Final = (None, "work")
GUESTS: Final = 2


def run(quick: bool = False) -> dict[str, object]:
    """The rows, as the object that is printed."""
    return report("parallel", trio.run(_rows, Options.of(quick=quick)), "wasmtime")


async def _rows(options: Options) -> list[Row]:
    say("parallel: milliseconds until all guests have computed")
    steps = options.count(STEPS)
    function = WasmtimePy(guest("cpu")).fresh("work")
    async with instance_pool(await program(guest("cpu"))) as pool:
        with ThreadPoolExecutor(GUESTS) as threads:

            async def ours(guests: int) -> list[float]:
                return await _at_once(pool, guests, steps)

            async def theirs(guests: int) -> list[float]:
                return _in_threads(threads, function, guests, steps)

            turns = await alternate(
                {
                    "ours, two": lambda: ours(2),
                    "ours, one": lambda: ours(1),
                    "theirs, two": lambda: theirs(2),
                    "theirs, one": lambda: theirs(1),
                },
                options.repeats,
            )
    return [
        _row("two guests at once", turns["ours, two"], turns["ours, one"], "ours, one guest alone"),
        _row("two guests at once", turns["ours, two"], turns["theirs, two"], IN_THREADS),
        _row("one guest alone", turns["ours, one"], turns["theirs, one"], "wasmtime-py"),
    ]


IN_THREADS: Final = "wasmtime-py, two guests in two threads"


def _row(case: str, ours: list[list[float]], baseline: list[list[float]], name: str) -> Row:
    return row(case, ours, baseline, baseline_name=name, unit="ms")


async def _at_once(pool: InstancePool, guests: int, steps: int) -> list[float]:
    started_s = perf_counter()
    async with trio.open_nursery() as nursery:
        for _ in range(guests):
            nursery.start_soon(pool.call, WORK, (steps,))
    return [(perf_counter() - started_s) * 1e3]


def _in_threads(
    threads: ThreadPoolExecutor, function: Callable[..., Any], guests: int, steps: int
) -> list[float]:
    started_s = perf_counter()
    for done in [threads.submit(function, steps) for _ in range(guests)]:
        done.result()
    return [(perf_counter() - started_s) * 1e3]
