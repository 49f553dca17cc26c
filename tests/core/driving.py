"""Drives guests by hand, without an event loop: what tests of the core stand on."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from guests import component, guest

from innkeeper_core.component import (
    PENDING,
    Component,
    Engine,
    Instance,
    Limits,
    Linker,
    ToolErr,
)

Name = tuple[str | None, str]
Handlers = Mapping[Name, Callable[..., Any]]
TURNS_MAX = 100_000  # of one call: a test that hangs says so

CALLS = "test:host/calls"
THINGS = "test:host/things"


@cache
def engine(*, concurrency: bool = False, fuel: bool = False) -> Engine:
    """The engine with these settings; memories reserve 64 MiB of addresses, as in the host."""
    return Engine(
        concurrency=concurrency,
        fuel=fuel,
        memory_reservation=64 << 20,
        memory_guard=0,
        memory_growth=64 << 20,
    )


@cache
def compiled(name: str, *, concurrency: bool = False, fuel: bool = False) -> Component:
    """The guest of `tests/components/` with that name."""
    return engine(concurrency=concurrency, fuel=fuel).compile(guest(name))


@cache
def compiled_text(wat: str, *, concurrency: bool = False) -> Component:
    """A guest given as text."""
    return engine(concurrency=concurrency).compile(component(wat))


def fresh(
    of: Component,
    functions: Handlers | None = None,
    *,
    drops: Handlers | None = None,
    limits: Limits | None = None,
    context: object = None,
) -> Instance:
    """An instance that is not instantiated yet."""
    return Instance(Linker(of, functions or {}, drops or {}), limits or Limits(), context)


def started(
    of: Component,
    functions: Handlers | None = None,
    *,
    drops: Handlers | None = None,
    limits: Limits | None = None,
    context: object = None,
) -> Instance:
    """An instance at rest."""
    instance = fresh(of, functions, drops=drops, limits=limits, context=context)
    finish(instance, instance.instantiate())
    return instance


def call(instance: Instance, of: Component, name: str, *arguments: object) -> Any:
    """Call a function at the root, to its end."""
    return finish(instance, instance.invoke(of.function(None, name), arguments))


def finish(instance: Instance, outcome: object) -> Any:
    """Go on until the call is done. Async handlers are run by hand: they may not really wait."""
    for _ in range(TURNS_MAX):
        if outcome is not PENDING:
            return outcome
        waiting = instance.awaitable
        if waiting is None:
            outcome = instance.step()
            continue
        try:
            value = run(waiting)
        except ToolErr as error:
            outcome = instance.answer_error(error.payload)
        else:
            outcome = instance.answer(value)
    raise AssertionError(f"a guest that is not done after {TURNS_MAX} turns")


def run(coroutine: Any) -> Any:
    """What a coroutine that never waits returns."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("a handler that waits needs an event loop")


def serving(**functions: Callable[..., Any]) -> Handlers:
    """Handlers of `test:host/calls`; those that are not given refuse to be called."""
    return {(CALLS, name): functions.get(name, refuse) for name in ("ping", "say", "wait")}


def refuse(*arguments: object) -> None:
    """A handler that no test expects to run."""
    raise AssertionError(f"called with {arguments}")


def wait_for_host(instance: Instance, outcome: object) -> Any:
    """Go on until the guest waits for an async handler; the coroutine.

    A slice ends with the tick, wherever the guest is: a call seldom needs two, but may.
    """
    for _ in range(TURNS_MAX):
        assert outcome is PENDING
        if instance.awaitable is not None:
            return instance.awaitable
        outcome = instance.step()
    raise AssertionError("a guest that does not call the host")
