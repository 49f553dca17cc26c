"""The instances of one plugin: made ahead, handed out one a call, ended after it.

Where the manifest asks for reuse, one instance is kept for each session or for the plugin, and its
calls run one after another. An instance that trapped, was cancelled or hit a limit is never used
again, whoever kept it.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Sequence
from contextlib import suppress
from time import perf_counter
from typing import Any, Final

import msgspec
import trio

from innkeeper.engine.capacity import Capacity
from innkeeper.engine.conduct import Conduct, Place
from innkeeper.engine.drive import close_in_thread, drive
from innkeeper.engine.engines import MEMORY_RESERVATION_BYTES
from innkeeper.engine.faults import translate
from innkeeper.engine.limits import Limits
from innkeeper.engine.program import MEMORIES_MAX, Loaded, Name, Program
from innkeeper.engine.turns import Turns
from innkeeper.errors import HostFailure, LimitExceeded, RequestRefused
from innkeeper_core.component import (
    PENDING,
    CannotInstantiate,
    Instance,
    InvalidComponent,
    LimitHit,
    Trap,
)
from innkeeper_core.component import Limits as CoreLimits
from innkeeper_core.values import ValueMismatch

SESSIONS_MAX: Final = 64  # kept instances of one plugin; the one used longest ago goes first
LIGHT_S: Final = 0.000_2  # an instance made faster than this is made ahead without a task
AHEAD_MAX: Final = 4
LONG_SLICE_S: Final = 0.010  # ten ticks
LONG_FAILURE_S: Final = 0.002  # two ticks after the first slice


class GuestContext(msgspec.Struct, frozen=True):
    """What a host function knows of the guest that calls it."""

    plugin: str


class Ready:
    """An instance at rest, with where it came from and the room it takes."""

    __slots__ = ("heavy", "instance", "loaded", "weight")

    def __init__(self, instance: Instance, loaded: Loaded, weight: int) -> None:
        self.instance = instance
        self.loaded = loaded
        self.weight = weight
        self.heavy = False  # it ran for long: it may hold much memory


class InstancePool:
    """Runs the calls of one plugin. Belongs to one Trio run."""

    def __init__(
        self,
        program: Program,
        limits: Limits,
        *,
        name: str,
        capacity: Capacity,
        reuse: str = "call",
        nursery: trio.Nursery | None = None,
    ) -> None:
        self.name = name
        self.limits = limits
        self._program = program
        self._capacity = capacity
        self._reuse = reuse
        self._nursery = nursery  # who makes heavy instances ahead
        self._context = GuestContext(name)
        self._core_limits = _core_limits(limits, program.memories)
        self._turns = Turns(limits.concurrency_max, name)
        self._ahead: deque[Ready] = deque()
        self._kept: OrderedDict[str, Ready] = OrderedDict()
        self._lines: dict[str, Turns] = {}
        self._conduct = Conduct(program)
        self._make_s = 0.0
        self._making = False
        self._running: set[trio.CancelScope] = set()
        self._closed = False
        self._ended = False
        capacity.spare.append(self._give_up_spare)

    async def call(
        self,
        function: Name,
        arguments: Sequence[object],
        *,
        deadline: float | None = None,
        session: str | None = None,
    ) -> Any:
        """The function's result, as plain data. `deadline` is in Trio time.

        Raises LimitExceeded, PluginFault, RequestRefused, ContractError, ValueMismatch, or what a
        host function raised, unchanged.
        """
        if self._closed:
            raise self._gone()
        if self._reuse != "call":
            key = "" if self._reuse == "plugin" else session
            if key is not None:
                return await self._call_in_line(key, function, arguments, deadline)
        if not self._turns.take_now():
            await self._turns.wait(deadline)
        try:
            return await self._call_fresh(function, arguments, deadline)
        finally:
            self._turns.give()

    async def warm(self) -> None:
        """Make an instance ahead. What is wrong with it is told to the call that needs it."""
        if self._reuse == "call" and not self._closed:
            await self._refill()

    def close(self) -> None:
        """End every instance at rest, refuse further calls; running ones end with their calls."""
        self._closed = True
        with suppress(ValueError):
            self._capacity.spare.remove(self._give_up_spare)
        for ready in (*self._ahead, *self._kept.values()):
            self._end(ready)
        self._ahead.clear()
        self._kept.clear()

    def end(self) -> None:
        """As `close`, and end the calls that run or wait: they are told that it is unavailable."""
        self.close()
        self._ended = True
        for scope in self._running:
            scope.cancel()

    # ---- one call

    async def _call_fresh(
        self, function: Name, arguments: Sequence[object], deadline: float | None
    ) -> Any:
        if self._ahead:
            ready = self._ahead.pop()
        else:
            deadline = self._ends_at(deadline)  # making it is a part of the call
            ready = await self._make(deadline)
        try:
            return await self._run(ready, function, arguments, deadline)
        finally:
            if ready.heavy:
                await close_in_thread(ready.instance)
            self._end(ready)
            if not self._ahead and not self._closed:
                self._make_ahead()

    async def _call_in_line(
        self, key: str, function: Name, arguments: Sequence[object], deadline: float | None
    ) -> Any:
        """The calls of one session wait for each other first: they hold one turn at most, so that
        a busy session does not stop the others."""
        line = self._lines.setdefault(key, Turns(1, self.name))
        if not line.take_now():
            await line.wait(deadline)
        try:
            if not self._turns.take_now():
                await self._turns.wait(deadline)
            try:
                return await self._call_kept(key, function, arguments, deadline)
            finally:
                self._turns.give()
        finally:
            line.give()
            self._forget_line(key)

    async def _call_kept(
        self, key: str, function: Name, arguments: Sequence[object], deadline: float | None
    ) -> Any:
        ready = self._kept.pop(key, None)
        try:
            if ready is None:
                deadline = self._ends_at(deadline)
                ready = await self._make(deadline)
            return await self._run(ready, function, arguments, deadline)
        finally:
            self._keep(key, ready)

    async def _run(
        self,
        ready: Ready,
        function: Name,
        arguments: Sequence[object],
        deadline: float | None,
    ) -> Any:
        place = self._conduct.place(function)
        try:
            outcome = self._begin(ready, function, arguments, place=place)
            if outcome is PENDING:
                outcome = await self._finish(ready, deadline, function, place=place)
            self._conduct.answered(function)
            return outcome
        except (Trap, LimitHit, InvalidComponent) as error:
            fault = translate(error, self._subject(function), self.limits)
            if fault.code == "output_too_large":
                self._conduct.went_over(function)
            raise fault from error
        except ValueMismatch as error:
            if not ready.instance.at_rest:
                raise  # it was a host function that gave what does not fit
            raise RequestRefused(f"{self._subject(function)}: {error}") from error

    def _begin(
        self, ready: Ready, function: Name, arguments: Sequence[object], *, place: Place
    ) -> object:
        """Begin a call, with its first slice where that belongs on this thread.

        A slice can last longer than a tick, when libwasmtime copies a large result within it.
        """
        instance, target = ready.instance, ready.loaded.function(function)
        instance.deferred = place is Place.ALONE
        if place is not Place.LOOP:
            ready.heavy = True
            instance.begin(target, arguments)
            return PENDING
        started_s = perf_counter()
        try:
            return instance.invoke(target, arguments)
        finally:
            if perf_counter() - started_s > LONG_SLICE_S:
                self._conduct.computed(function, long=True)

    async def _finish(
        self,
        ready: Ready,
        deadline: float | None,
        function: Name | None,
        *,
        place: Place = Place.LOOP,
    ) -> Any:
        """Drive what did not end in its first slice, within the guest's wall time."""
        started_s = perf_counter()
        with trio.CancelScope(deadline=self._ends_at(deadline)) as scope:
            self._running.add(scope)
            try:
                outcome, computed = await drive(ready.instance, place)
            except (Trap, LimitHit):
                # One that always fails in the end must not compute on this thread each time.
                ready.heavy |= perf_counter() - started_s > LONG_FAILURE_S
                if function is not None:
                    self._conduct.computed(function, long=ready.heavy)
                raise
            finally:
                self._running.discard(scope)
            if function is not None:
                self._conduct.computed(function, long=computed)
            ready.heavy |= computed
            return outcome
        assert scope.cancelled_caught
        if function is not None and ready.instance.awaitable is None:
            self._conduct.computed(function, long=True)
            ready.heavy = True
        if self._ended:
            raise self._gone()
        raise LimitExceeded(
            f"{self._subject(function)}: ran past its deadline (the caller's, or its wall_s of "
            f"{self.limits.wall_s:g})",
            code="deadline_exceeded",
        )

    def _ends_at(self, deadline: float | None) -> float:
        limit = trio.current_time() + self.limits.wall_s
        return limit if deadline is None else min(limit, deadline)

    def _subject(self, function: Name | None) -> str:
        return self.name if function is None else f"{self.name}.{function[1]}"

    def _gone(self) -> HostFailure:
        return HostFailure(f"{self.name}: the plugin is being unloaded", code="unavailable")

    # ---- making and ending instances

    async def _make(self, deadline: float, *, ahead: bool = False) -> Ready:
        """A fresh instance, in the pooled engine where it fits there."""
        if self._ended:
            raise self._gone()
        started_s = perf_counter()
        while True:
            ready = self._reserve(ahead=ahead)
            try:
                outcome = ready.instance.instantiate()
                if outcome is PENDING:
                    await self._finish(ready, deadline, None)
            except CannotInstantiate as error:
                self._end(ready)
                self._adapt(error)
                continue
            except (Trap, LimitHit) as error:
                self._end(ready)
                raise translate(error, self.name, self.limits) from error
            except BaseException:
                self._end(ready)
                raise
            self._make_s = perf_counter() - started_s
            return ready

    def _reserve(self, *, ahead: bool) -> Ready:
        weight = self._capacity.take(self._program.memories, ahead=ahead)
        try:
            loaded = self._pooled() or self._program.on_demand
            return Ready(Instance(loaded.linker, self._core_limits, self._context), loaded, weight)
        except BaseException:
            self._capacity.give(weight)
            raise

    def _pooled(self) -> Loaded | None:
        fits = self.limits.memory_bytes_max <= MEMORY_RESERVATION_BYTES
        return self._program.pooled() if fits and not self._program.pool_is_full else None

    def _adapt(self, error: CannotInstantiate) -> None:
        """Learn from a refusal what to try next; raises where there is nothing left to try."""
        text = str(error)
        program = self._program
        if "memory count too high" in text and program.memories < MEMORIES_MAX:
            program.memories *= 2
            self._core_limits = _core_limits(self.limits, program.memories)
        elif "maximum concurrent" in text and program.pooled() is not None:
            program.leave_pool_for_now()
        elif program.pooled() is not None and not program.pool_is_full:
            program.leave_pool()
        else:
            raise translate(error, self.name, self.limits) from error

    def _end(self, ready: Ready) -> None:
        ready.instance.close()
        if ready.weight:
            self._capacity.give(ready.weight)
            ready.weight = 0

    def _keep(self, key: str, ready: Ready | None) -> None:
        if ready is None:
            return
        if not ready.instance.at_rest or self._closed:
            self._end(ready)
            return
        self._kept[key] = ready
        while len(self._kept) > SESSIONS_MAX:
            oldest, unused = self._kept.popitem(last=False)
            self._end(unused)
            self._forget_line(oldest)

    def _forget_line(self, key: str) -> None:
        line = self._lines.get(key)
        if line is not None and line.idle and key not in self._kept:
            del self._lines[key]

    def _give_up_spare(self) -> bool:
        """End an instance that was made ahead, if there is one: a call needs its room."""
        if not self._ahead:
            return False
        self._end(self._ahead.pop())
        return True

    # ---- making ahead

    def _make_ahead(self) -> None:
        """Make the next instance now where that takes microseconds, else leave it to a task."""
        if self._make_s <= LIGHT_S:
            self._make_light()
        elif self._nursery is not None and not self._making:
            self._making = True
            self._nursery.start_soon(self._refill)

    def _make_light(self) -> None:
        try:
            ready = self._reserve(ahead=True)
        except LimitExceeded:
            return
        try:
            if ready.instance.instantiate() is not PENDING:
                self._ahead.append(ready)
                return
        except Exception:
            self._make_s = LIGHT_S * 2  # it changed its mind: let the next call find out why
        self._end(ready)

    async def _refill(self) -> None:
        try:
            ready = await self._make(self._ends_at(None), ahead=True)
            if self._closed or len(self._ahead) >= AHEAD_MAX:
                self._end(ready)
            else:
                self._ahead.append(ready)
        except Exception:
            pass
        finally:
            self._making = False


def _core_limits(limits: Limits, memories: int) -> CoreLimits:
    """Several memories share the limit equally: libwasmtime bounds each by itself."""
    return CoreLimits(
        memory_bytes_max=limits.memory_bytes_max // memories,
        memories_max=memories,
        table_elements_max=limits.table_elements_max,
        instances_max=limits.instances_max,
        fuel_max=limits.fuel_max,
        input_bytes_max=limits.input_bytes_max,
        output_bytes_max=limits.output_bytes_max,
        host_calls_max=limits.host_calls_max,
        host_calls_per_s=limits.host_calls_per_s,
    )
