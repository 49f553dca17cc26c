"""Takes turns: every side is measured, then every side again, so that all see the same machine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from time import perf_counter_ns
from typing import TypeVar

import trio

from benchmarks.measure.options import Options
from benchmarks.measure.report import Row, row

Taken = TypeVar("Taken")
Side = Callable[[], Awaitable[Taken]]  # one turn of one side: what it measured


async def alternate(sides: Mapping[str, Side[Taken]], repeats: int) -> dict[str, list[Taken]]:
    """What each side measured in each of its turns, by name.

    A first turn of each warms up and does not count. Who begins changes from round to round.
    """
    names = list(sides)
    taken: dict[str, list[Taken]] = {name: [] for name in names}
    for repeat in range(repeats + 1):
        first = repeat % len(names)
        for name in names[first:] + names[:first]:
            await trio.lowlevel.checkpoint()
            measured = await sides[name]()
            if repeat:
                taken[name].append(measured)
    return taken


async def compare(
    case: str,
    ours: Side[list[float]],
    baseline: Side[list[float]],
    *,
    baseline_name: str,
    options: Options,
    unit: str = "us",
) -> Row:
    """The row of two sides whose turns give samples."""
    taken = await alternate({"ours": ours, "baseline": baseline}, options.repeats)
    return row(case, taken["ours"], taken["baseline"], baseline_name=baseline_name, unit=unit)


def calling(operation: Callable[[], object], count: int) -> Side[list[float]]:
    """A side whose turn is `count` calls: the microseconds of each, the clock's own included."""

    async def turn() -> list[float]:
        clock = perf_counter_ns
        samples = [0.0] * count
        for at in range(count):
            started_ns = clock()
            operation()
            samples[at] = (clock() - started_ns) / 1e3
        return samples

    return turn


def awaiting(operation: Callable[[], Awaitable[object]], count: int) -> Side[list[float]]:
    """As `calling`, of operations that are awaited."""

    async def turn() -> list[float]:
        clock = perf_counter_ns
        samples = [0.0] * count
        for at in range(count):
            started_ns = clock()
            await operation()
            samples[at] = (clock() - started_ns) / 1e3
        return samples

    return turn
