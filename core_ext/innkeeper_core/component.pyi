"""The bridge to libwasmtime: engines, components, linkers, instances; guests without threads.

An `Instance` is one running copy with its own store. It is driven in steps, so that whoever owns
the event loop decides where it waits::

    outcome = instance.invoke(function, arguments)
    while outcome is PENDING:
        if instance.awaitable is not None:      # an `async def` host function was called
            outcome = instance.answer(await instance.awaitable)
        else:                                   # its time slice is over
            outcome = instance.step()

`step_in_thread` does the same off the owner's thread, without the GIL, until something must be
handled there. Handlers always run on the thread that calls `invoke`, `answer`, `step` or `collect`.

After a Trap, a LimitHit, an exception in a handler or `close` the instance is dead.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NoReturn, Self, final

from innkeeper_core.values import FunctionType
from innkeeper_core.world import Items

PENDING: Final[object]

class Trap(Exception):
    """The guest stopped by itself. `args[0]` is libwasmtime's text, backtrace first."""

class LimitHit(Exception):
    """A limit of the bridge's own was hit; `limit` is one of: input, output, host_arguments,
    host_calls, host_calls_per_s."""

    limit: str
    def __init__(self, limit: str) -> None: ...

class CannotInstantiate(Exception):
    """An instance cannot be made; `args[0]` is libwasmtime's text."""

class InvalidComponent(Exception):
    """These bytes are not a component that libwasmtime accepts; `args[0]` is its text."""

class ToolErr(Exception):
    """Raised by a host function to answer the error side of its `result`: ToolErr(payload)."""

    payload: object
    def __init__(self, payload: object = None) -> None: ...

@final
class Pooling:
    """Sizes of the pooling allocator, all set up front."""

    def __new__(
        cls,
        *,
        instances: int,
        memory_bytes_max: int,
        table_elements_max: int,
        core_instances_per_component: int = 20,
        memories_per_component: int = 4,
        tables_per_component: int = 20,
        keep_resident_bytes: int = 0,
    ) -> Self: ...

@final
class Engine:
    """Compiles and runs; one set of settings. Guests yield at every tick of the epoch ticker.

    `concurrency` admits the component model's async ABI. `fuel` meters guests. `memory_*` are
    bytes of address space: with 0 an instance takes 5 mappings instead of 7.
    """

    concurrency: bool
    fuel: bool
    def __new__(
        cls,
        *,
        concurrency: bool = False,
        fuel: bool = False,
        memory_reservation: int | None = None,
        memory_guard: int | None = None,
        memory_growth: int | None = None,
        optimize: bool = True,
        parallel_compilation: bool = True,
        stack_bytes_max: int = 524288,
        fiber_bytes: int = 1048576,
        pooling: Pooling | None = None,
    ) -> Self: ...
    def compile(self, component: bytes) -> Component:
        """Compile a component binary, without the GIL. Raises InvalidComponent, also where it has
        thousands of imports or exports."""
    def load(self, descriptor: int) -> Component:
        """Map a trusted image, made by `Component.serialize` of an engine with these settings,
        through an open file descriptor. Raises InvalidComponent where it is not one."""

@final
class Component:
    """A compiled component, from `Engine.compile` or `Engine.load`."""

    engine: Engine
    imports: Items
    exports: Items
    def __init__(self, *args: object, **kwargs: object) -> NoReturn: ...
    def serialize(self) -> bytes:
        """The image that `Engine.load` takes."""
    def function(self, interface: str | None, name: str) -> Function:
        """An exported function. Raises KeyError where there is none."""

@final
class Function:
    """An exported function, from `Component.function`; callable in every instance of it."""

    interface: str | None
    name: str
    type: FunctionType
    def __init__(self, *args: object, **kwargs: object) -> NoReturn: ...

@final
class Limits:
    """What one instance may use; 0 means no limit but libwasmtime's own. None is negative.

    The per-second allowance of host calls is shared by all instances with these Limits.
    """

    def __init__(
        self,
        *,
        memory_bytes_max: int = 0,
        memories_max: int = 0,
        table_elements_max: int = 0,
        tables_max: int = 0,
        instances_max: int = 0,
        fuel_max: int = 0,
        input_bytes_max: int = 0,
        output_bytes_max: int = 0,
        host_calls_max: int = 0,
        host_calls_per_s: float = 0,
    ) -> None: ...

@final
class Linker:
    """What one component's imports are bound to, for all its instances.

    `functions` maps (interface or None, name) to a handler `handler(context, *arguments)`, plain or
    `async def`; `drops` maps (interface or None, resource) to `drop(context, number)`. Imports
    without a handler are in `missing`, as "interface#function"; such a linker cannot instantiate.
    """

    component: Component
    missing: tuple[str, ...]
    def __new__(
        cls,
        component: Component,
        functions: Mapping[tuple[str | None, str], Callable[..., Any]] = {},
        drops: Mapping[tuple[str | None, str], Callable[..., Any]] = {},
    ) -> Self: ...

@final
class Instance:
    """One running copy of a component, with its own store, limits and context.

    It belongs to one thread at a time. Out of turn (the wrong state, another thread's or a
    handler's hand while it is driven) its methods raise RuntimeError and change nothing.
    `context` is handed to every handler. `in_thread` is true between the start and the end of
    `step_in_thread`. While `deferred` is set nothing of the guest runs but in `step` and
    `step_in_thread`: what would go on otherwise returns PENDING.
    """

    context: object
    awaitable: Any
    deferred: bool
    in_thread: bool
    @property
    def alive(self) -> bool:
        """Whether it can still be used."""
    @property
    def at_rest(self) -> bool:
        """Whether it is alive and runs nothing: it can be invoked."""
    @property
    def host_calls(self) -> int:
        """Host calls since the last invoke."""
    def __new__(cls, linker: Linker, limits: Limits, context: object = None) -> Self: ...
    def begin_instantiate(self) -> None:
        """Prepare the instantiation; nothing of the guest runs yet."""
    def instantiate(self) -> object:
        """Begin and run for one slice; None when done, PENDING when not.

        Raises CannotInstantiate, Trap, LimitHit, or what a handler raised.
        """
    def begin(self, function: Function, arguments: Sequence[object]) -> None:
        """Prepare a call; nothing of the guest runs yet. Raises ValueMismatch, LimitHit, or
        InvalidComponent where the export is the type of a function: the instance lives on."""
    def invoke(self, function: Function, arguments: Sequence[object]) -> object:
        """Call a function; its result when it is done within the slice, else PENDING.

        Raises ValueMismatch (the instance lives on), LimitHit, Trap, or what a handler raised.
        """
    def step(self) -> object:
        """Go on for one slice. As `invoke`."""
    def answer(self, value: object) -> object:
        """Give the pending host call its result and go on. As `invoke`."""
    def answer_error(self, payload: object) -> object:
        """Give the pending host call the error side of its result and go on. As `invoke`."""
    def step_in_thread(self, slices: int = ...) -> int:
        """Go on without the GIL until done, a host call, `interrupt`, or so many slices.

        Returns the slices it took; none where there is something to collect.
        """
    def interrupt(self) -> None:
        """Make `step_in_thread` return at the next tick; holds until `collect`."""
    def collect(self) -> object:
        """What `step_in_thread` came back with. As `invoke`."""
    def fuel_left(self) -> int: ...
    def close(self) -> None:
        """End the guest, wherever it is, and free the store. Not while it is driven."""
