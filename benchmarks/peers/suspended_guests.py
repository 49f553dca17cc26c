"""Many guests that wait in a host call at once: on one thread, or with wasmtime-py a thread each.

    python -m benchmarks.peers.suspended_guests ours|wasmtime-py COUNT

Prints the costs of one guest, as a JSON object: `start_us` and `finish_us` of its share of all,
`rss_kib` and `mappings` that it holds while it waits. Ours adds `idle_us` and `meanwhile_us`:
what another process waited for calls of another tool, before any guest waits and while all do.
"""

from __future__ import annotations

import sys
import threading
from time import perf_counter
from typing import Final

import msgspec
import trio

from benchmarks.measure.guests import guest
from benchmarks.measure.ours import Handlers, instance_pool, program
from benchmarks.measure.pace import prober
from benchmarks.measure.process import mappings, rss_bytes
from benchmarks.measure.wasmtime_py import WasmtimePy
from innkeeper.engine.limits import Limits

INTERFACE: Final = "test:host/calls"
WAIT_MS: Final = 3_600_000  # told to the host function, which waits for the end instead
START_S_MAX: Final = 120.0
WALL_S: Final = 600.0
THREAD_STACK_BYTES: Final = 1024 * 1024  # what a fiber of ours has; the default is eight times it
PROBED_S: Final = 2.0


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """The cost of one guest among many."""

    start_us: float
    finish_us: float
    rss_kib: float
    mappings: float
    idle_us: list[float] = []
    meanwhile_us: list[float] = []


class Gauge:
    """Reads time and memory between two points, for each of `count` guests."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._rss_bytes = rss_bytes()
        self._mappings = mappings()
        self._started_s = perf_counter()

    def lap_us(self) -> float:
        """A guest's share of the time since the last lap."""
        now_s = perf_counter()
        share = (now_s - self._started_s) / self._count * 1e6
        self._started_s = now_s
        return share

    def held_kib(self) -> float:
        """A guest's share of the memory that came since the start."""
        return (rss_bytes() - self._rss_bytes) / self._count / 1024

    def held_mappings(self) -> float:
        """A guest's share of the mappings that came since the start."""
        return (mappings() - self._mappings) / self._count


async def ours(count: int) -> Cost:
    """Guests as Trio tasks, all on this thread."""
    waiting, all_wait, end = 0, trio.Event(), trio.Event()

    async def wait(_: object, ms: int) -> None:
        nonlocal waiting
        waiting += 1
        if waiting == count:
            all_wait.set()
        await end.wait()

    limits = Limits(concurrency_max=count, wall_s=WALL_S)
    made = await program(guest("host-call"), {**_unused(), (INTERFACE, "wait"): wait})
    async with (
        instance_pool(made, limits) as pool,
        instance_pool(await program(guest("echo"))) as other,
        prober(lambda: other.call((None, "echo"), ("hi",))) as probe,
    ):
        idle = await probe.run(PROBED_S)
        gauge = Gauge(count)
        async with trio.open_nursery() as nursery:
            for _ in range(count):
                nursery.start_soon(pool.call, (None, "pause"), (WAIT_MS,))
            with trio.fail_after(START_S_MAX):
                await all_wait.wait()
            start_us, held_kib, held = gauge.lap_us(), gauge.held_kib(), gauge.held_mappings()
            meanwhile = await probe.run(PROBED_S)
            gauge.lap_us()
            end.set()
        return Cost(
            start_us=start_us,
            finish_us=gauge.lap_us(),
            rss_kib=held_kib,
            mappings=held,
            idle_us=idle,
            meanwhile_us=meanwhile,
        )


def wasmtime_py(count: int) -> Cost:
    """Guests that block a thread each."""
    waiting, end = threading.Semaphore(0), threading.Event()

    def wait(_: object, ms: int) -> None:
        waiting.release()
        end.wait()

    served = {name: (lambda _, value: value) for name in ("ping", "say")}
    component = WasmtimePy(guest("host-call"), {INTERFACE: {**served, "wait": wait}})
    threading.stack_size(THREAD_STACK_BYTES)
    gauge = Gauge(count)
    threads = [
        threading.Thread(target=lambda: component.fresh("pause")(WAIT_MS)) for _ in range(count)
    ]
    for thread in threads:
        thread.start()
    for _ in threads:
        if not waiting.acquire(timeout=START_S_MAX):
            raise TimeoutError("the guests did not start in time")
    start_us, held_kib, held = gauge.lap_us(), gauge.held_kib(), gauge.held_mappings()
    gauge.lap_us()
    end.set()
    for thread in threads:
        thread.join()
    return Cost(start_us=start_us, finish_us=gauge.lap_us(), rss_kib=held_kib, mappings=held)


def _unused() -> Handlers:
    return {(INTERFACE, name): (lambda _, value: value) for name in ("ping", "say")}


def main(side: str, count: int) -> None:
    """Measure one side and print its cost."""
    cost = trio.run(ours, count) if side == "ours" else wasmtime_py(count)
    sys.stdout.buffer.write(msgspec.json.encode(cost))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
