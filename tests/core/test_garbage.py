"""Instances that are forgotten are freed, also where they hold what holds them."""

import gc
import os
import weakref
from pathlib import Path
from typing import Any

import pytest
from core.driving import call, compiled, engine, fresh, serving, started, wait_for_host
from guests import guest

from innkeeper_core.component import PENDING, Engine, Instance, Limits, Linker

HOST_CALL, LOOP = compiled("host-call"), compiled("loop")


class Watched:
    """Something that an instance holds, and that can be watched."""

    instance: Instance
    linker: Linker


def mappings() -> int:
    """How many pieces of address space the process has: each instance takes some."""
    return len(Path("/proc/self/maps").read_text().splitlines())


def addresses() -> int:
    """The bytes of address space that the process has: each memory reserves some."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")


async def say(*_: object) -> str:
    return "never"


def test_an_instance_that_is_forgotten_frees_its_memory() -> None:
    kept = [started(HOST_CALL, serving()) for _ in range(50)]
    with_them = addresses()
    del kept
    gc.collect()
    assert addresses() <= with_them - 50 * (64 << 20)


def test_an_instance_that_its_context_holds_is_freed() -> None:
    watched = Watched()
    watched.instance = started(LOOP, context=watched)
    reference = weakref.ref(watched)
    del watched
    gc.collect()
    assert reference() is None


def test_a_computing_instance_that_is_forgotten_is_freed() -> None:
    for _ in range(20):
        watched = Watched()
        watched.instance = started(LOOP, context=watched)
        assert watched.instance.invoke(LOOP.function(None, "endless"), []) is PENDING
    reference = weakref.ref(watched)
    del watched
    gc.collect()
    assert reference() is None


def test_a_waiting_instance_that_its_handler_holds_is_freed() -> None:
    class Pause:
        def __await__(self) -> Any:
            yield

    async def hold(watched: Watched, text: str) -> str:
        await Pause()
        return f"{watched.instance}{text}"

    watched = Watched()
    watched.instance = started(HOST_CALL, serving(say=hold), context=watched)
    function = HOST_CALL.function(None, "relay")
    wait_for_host(watched.instance, watched.instance.invoke(function, ["hi"])).send(None)
    reference = weakref.ref(watched)
    del watched
    gc.collect()
    assert reference() is None


def test_a_linker_that_its_handler_holds_is_freed() -> None:
    def make() -> weakref.ref[Watched]:
        watched = Watched()

        def ping(_: object, number: int) -> int:
            return number + len(watched.linker.missing)

        watched.linker = Linker(HOST_CALL, serving(ping=ping))
        watched.instance = Instance(watched.linker, Limits(), watched)
        watched.instance.instantiate()
        assert call(watched.instance, HOST_CALL, "ping-many", 3) == 3
        return weakref.ref(watched)

    reference = make()
    gc.collect()
    assert reference() is None


def test_a_component_and_its_engine_outlive_their_names() -> None:
    component = Engine().compile(guest("counter"))
    function, instance = component.function(None, "next"), started(component)
    del component
    gc.collect()
    assert instance.invoke(function, []) == 1
    del function
    gc.collect()
    instance.close()


def test_engines_come_and_go() -> None:
    before = mappings()
    for _ in range(80):  # more than can be at once
        one = Engine()
        echo = one.compile(guest("echo"))
        assert call(started(echo), echo, "echo", "hi") == "hi"
        del one, echo
    gc.collect()
    assert mappings() < before + 200


def test_more_engines_than_the_ticker_watches_are_refused() -> None:
    kept = []
    with pytest.raises(RuntimeError, match="engines in one process"):
        for _ in range(100):
            kept.append(Engine())
    assert len(kept) >= 50
    del kept
    assert Engine().compile(guest("echo")) is not None


def test_a_closed_instance_holds_no_descriptor() -> None:
    def descriptors() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    before = descriptors()
    for _ in range(50):
        instance = fresh(LOOP)
        instance.instantiate()
        instance.close()
    assert descriptors() == before


def test_a_component_that_is_refused_leaves_nothing() -> None:
    good = guest("echo")
    before = mappings()
    for size in range(8, len(good), 7):
        try:
            engine().compile(good[:size])
        except Exception as error:
            assert type(error).__name__ == "InvalidComponent"
    assert mappings() < before + 20
