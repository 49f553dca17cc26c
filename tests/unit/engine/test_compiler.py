"""From bytes to a program: through the cache where it can, and never through a wrong image."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import cast

import pytest
import trio
from guests import component, guest
from trio.testing import MockClock, wait_all_tasks_blocked
from unit.engine.workshop import engines, root, served

from innkeeper.engine.capacity import Capacity
from innkeeper.engine.compiler import Compiler, Progress
from innkeeper.engine.engines import Engines, Variant
from innkeeper.engine.images import Images
from innkeeper.engine.limits import Limits
from innkeeper.engine.pool import InstancePool
from innkeeper.engine.program import Program
from innkeeper.errors import ContractError
from innkeeper_core.component import Component, Engine, InvalidComponent


class WatchedEngine:
    """An engine that counts, and that compiles only when it may."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.compiled = 0
        self.loaded = 0
        self.begun = threading.Event()
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    def compile(self, data: bytes) -> Component:
        self.compiled += 1
        self.begun.set()
        self.may_go_on.wait(10)
        return self._engine.compile(data)

    def load(self, descriptor: int) -> Component:
        self.loaded += 1
        return self._engine.load(descriptor)


class WatchedEngines(Engines):
    """The engines of all tests, watched."""

    def __init__(self) -> None:
        super().__init__()
        self.watched: dict[Variant, WatchedEngine] = {}

    def of(self, variant: Variant) -> WatchedEngine:
        if variant not in self.watched:
            self.watched[variant] = WatchedEngine(engines().on_demand(variant))
        return self.watched[variant]

    def on_demand(self, variant: Variant) -> Engine:
        return cast("Engine", self.of(variant))

    def pooled(self, variant: Variant) -> Engine:
        return engines().pooled(variant)


PLAIN, CONCURRENT = Variant(), Variant(concurrency=True)


@pytest.fixture
def watched() -> Iterator[WatchedEngines]:
    made = WatchedEngines()
    yield made
    for engine in made.watched.values():
        engine.may_go_on.set()


@pytest.fixture
def images(tmp_path: Path) -> Images:
    return Images(tmp_path)


@pytest.fixture
def compiler(watched: WatchedEngines, images: Images) -> Compiler:
    return Compiler(images, engines=watched)


async def make(compiler: Compiler, source: str | bytes, *, fuel: bool = False) -> Program:
    data = guest(source) if isinstance(source, str) else source
    return await compiler.program(data, served(), subject="x", fuel=fuel)


async def answer(program: Program, function: str, *arguments: object) -> object:
    pool = InstancePool(program, Limits(), name="x", capacity=Capacity())
    return await pool.call(root(function), arguments)


async def refused(source: str | bytes) -> ContractError:
    with pytest.raises(ContractError) as error:
        await make(Compiler(None, engines=engines()), source)
    return error.value


# Compiled once.


async def test_a_component_is_compiled_once_and_then_comes_from_the_cache(
    compiler: Compiler, watched: WatchedEngines
) -> None:
    first, second = await make(compiler, "echo"), await make(compiler, "echo")
    assert (watched.of(PLAIN).compiled, watched.of(PLAIN).loaded) == (1, 1)
    assert await answer(first, "add", 1, 2) == await answer(second, "add", 1, 2) == 3


async def test_another_process_of_the_same_state_does_not_compile(
    compiler: Compiler, tmp_path: Path
) -> None:
    await make(compiler, "echo")
    later = WatchedEngines()
    program = await make(Compiler(Images(tmp_path), engines=later), "echo")
    assert later.of(PLAIN).compiled == 0
    assert await answer(program, "echo", "hi") == "hi"


async def test_two_callers_at_once_share_one_compilation(
    compiler: Compiler, watched: WatchedEngines
) -> None:
    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(make, compiler, "echo")
    assert watched.of(PLAIN).compiled == 1


async def test_one_component_does_not_wait_for_another_that_is_slow(
    compiler: Compiler, watched: WatchedEngines
) -> None:
    watched.of(PLAIN).may_go_on.clear()
    await make(Compiler(compiler._images, engines=engines()), "counter")  # into the cache
    async with trio.open_nursery() as nursery:
        nursery.start_soon(make, compiler, "echo")
        await trio.to_thread.run_sync(watched.of(PLAIN).begun.wait)
        assert await answer(await make(compiler, "counter"), "next") == 1
        watched.of(PLAIN).may_go_on.set()


async def test_without_a_state_it_is_compiled_each_time(watched: WatchedEngines) -> None:
    compiler = Compiler(None, engines=watched)
    programs = [await make(compiler, "echo") for _ in range(2)]
    assert watched.of(PLAIN).compiled == 2
    assert await answer(programs[1], "echo", "é") == "é"


async def test_a_metered_component_has_an_image_of_its_own(
    compiler: Compiler, watched: WatchedEngines
) -> None:
    await make(compiler, "echo")
    await make(compiler, "echo", fuel=True)
    assert watched.of(Variant(fuel=True)).compiled == 1


# Cancelled, slow, failing.


async def test_a_cancelled_caller_does_not_wait_for_the_compiler(
    compiler: Compiler, watched: WatchedEngines
) -> None:
    watched.of(PLAIN).may_go_on.clear()
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(make, compiler, "echo")
            await trio.to_thread.run_sync(watched.of(PLAIN).begun.wait)
            scope.cancel()
    assert scope.cancelled_caught


async def test_a_cancelled_load_does_not_poison_the_next(
    compiler: Compiler, watched: WatchedEngines
) -> None:
    watched.of(PLAIN).may_go_on.clear()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(make, compiler, "echo")
        await trio.to_thread.run_sync(watched.of(PLAIN).begun.wait)
        nursery.cancel_scope.cancel()
    watched.of(PLAIN).may_go_on.set()
    assert await answer(await make(compiler, "echo"), "echo", "after") == "after"


async def test_who_waits_for_a_load_that_is_cancelled_loads_itself(
    compiler: Compiler, watched: WatchedEngines
) -> None:
    watched.of(PLAIN).may_go_on.clear()
    made: list[Program] = []

    async def second() -> None:
        made.append(await make(compiler, "echo"))

    async with trio.open_nursery() as nursery:
        async with trio.open_nursery() as first:
            first.start_soon(make, compiler, "echo")
            await trio.to_thread.run_sync(watched.of(PLAIN).begun.wait)
            nursery.start_soon(second)
            await wait_all_tasks_blocked()
            first.cancel_scope.cancel()
        watched.of(PLAIN).may_go_on.set()
    assert await answer(made[0], "add", 2, 3) == 5


async def test_a_slow_compilation_reports_each_second(
    compiler: Compiler, watched: WatchedEngines, autojump_clock: MockClock
) -> None:
    watched.of(PLAIN).may_go_on.clear()
    seen: list[Progress] = []

    def progress(step: Progress) -> None:
        seen.append(step)
        if len(seen) == 3:
            watched.of(PLAIN).may_go_on.set()

    await compiler.program(guest("echo"), served(), subject="slow", progress=progress)
    assert [(s.plugin, s.stage, s.done) for s in seen[:3]] == [("slow", "compile", False)] * 3
    assert [s.elapsed_s for s in seen[:3]] == pytest.approx([1, 2, 3])


async def test_a_quick_compilation_reports_nothing(compiler: Compiler) -> None:
    seen: list[Progress] = []
    await compiler.program(guest("echo"), served(), subject="x", progress=seen.append)
    assert seen == []


async def test_a_refusal_is_the_same_with_and_without_progress(compiler: Compiler) -> None:
    broken = component("(component)") + b"\x63\x00"
    with pytest.raises(ContractError) as error:
        await compiler.program(broken, served(), subject="x", progress=lambda _: None)
    assert error.value.code == "component_invalid"
    assert isinstance(error.value.__cause__, InvalidComponent)


async def test_a_component_refused_once_is_refused_again(compiler: Compiler) -> None:
    broken = component("(component)") + b"\x63\x00"
    for _ in range(2):
        with pytest.raises(ContractError):
            await make(compiler, broken)


# Images that are not what they should be.


def image(tmp_path: Path) -> Path:
    (found,) = tmp_path.glob("*.image")
    found.chmod(0o600)
    return found


async def test_an_image_that_was_tampered_with_is_compiled_anew(
    compiler: Compiler, watched: WatchedEngines, tmp_path: Path
) -> None:
    await make(compiler, "echo")
    data = bytearray(image(tmp_path).read_bytes())
    data[len(data) // 2] ^= 1
    image(tmp_path).write_bytes(data)
    program = await make(compiler, "echo")
    assert (watched.of(PLAIN).compiled, watched.of(PLAIN).loaded) == (2, 0)
    assert await answer(program, "add", 20, 22) == 42
    await make(compiler, "echo")
    assert (watched.of(PLAIN).compiled, watched.of(PLAIN).loaded) == (2, 1)


async def test_a_sealed_image_that_the_library_refuses_is_compiled_anew(
    compiler: Compiler, watched: WatchedEngines, images: Images, tmp_path: Path
) -> None:
    await make(compiler, "echo")
    images.save(image(tmp_path).stem, b"of another build of the library")
    program = await make(compiler, "echo")
    assert watched.of(PLAIN).compiled == 2
    assert await answer(program, "add", 20, 22) == 42


async def test_an_image_lost_after_loading_is_made_from_the_component_itself(
    compiler: Compiler, tmp_path: Path
) -> None:
    program = await make(compiler, "echo")
    image(tmp_path).unlink()
    assert program.pooled() is not None
    assert await answer(program, "echo", "x") == "x"


async def test_an_image_that_cannot_be_kept_is_a_warning_and_no_failure(
    compiler: Compiler, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with caplog.at_level(logging.WARNING):
        program = await make(compiler, "echo")
    assert "No space left on device" in caplog.text
    assert await answer(program, "echo", "x") == "x"


# What is no component, and what goes to another engine.


async def test_a_core_module_is_refused_with_advice() -> None:
    error = await refused("core-module")
    assert error.code == "component_invalid"
    assert "core module" in str(error)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        b"\0asm",
        b"\0asm\x0d\0\1",
        b"GIF89a" * 100,
        b"\xff" * 1000,
        b"\0asm\x0d\0\1\0" + b"\xff" * 1000,
        b"\0asm\x0d\0\2\0",
    ],
)
async def test_garbage_is_refused(data: bytes) -> None:
    error = await refused(data)
    assert error.code == "component_invalid"
    assert len(str(error)) < 1000


async def test_a_component_truncated_anywhere_is_refused_or_answers_as_the_whole() -> None:
    data = guest("counter")
    compiler = Compiler(None, engines=engines())
    for length in range(len(data)):
        try:
            program = await make(compiler, data[:length])
        except ContractError as error:
            assert error.code == "component_invalid", length
        else:  # it ends between two sections, before the names of things or before its exports
            assert not program.exports.functions or await answer(program, "next") == 1, length


async def test_async_exports_run_on_the_engine_with_concurrency(
    compiler: Compiler, watched: WatchedEngines
) -> None:
    program = await make(compiler, "async-export")
    assert watched.of(CONCURRENT).compiled == 1
    assert await answer(program, "echo", "later") == "later"
    assert await answer(program, "patient", 3) == 42


async def test_async_exports_come_from_the_cache_too(
    compiler: Compiler, watched: WatchedEngines
) -> None:
    await make(compiler, "async-export")
    before = watched.of(PLAIN).compiled
    program = await make(compiler, "async-export")
    assert (watched.of(PLAIN).compiled, watched.of(CONCURRENT).loaded) == (before, 1)
    assert await answer(program, "answer") == 42


async def test_a_metered_component_burns_fuel(compiler: Compiler) -> None:
    program = await make(compiler, "loop", fuel=True)
    pool = InstancePool(program, Limits(fuel_max=1_000_000), name="x", capacity=Capacity())
    assert await pool.call(root("spin"), (1000,)) == 1000


# The library's own fault.


async def test_each_engine_in_use_is_checked_once(
    compiler: Compiler, caplog: pytest.LogCaptureFixture
) -> None:
    checked = Compiler(None, engines=engines())
    await make(checked, "echo")
    await make(checked, "async-export")
    with caplog.at_level(logging.INFO):
        await checked.check_engines()
        await checked.check_engines()
    told = [
        record
        for record in caplog.records
        if "borrow" in record.getMessage() or "lend" in record.getMessage()
    ]
    assert len(told) == 1
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_many_loads_at_once_all_answer(compiler: Compiler) -> None:
    names = ("echo", "counter", "loop", "cpu", "output")
    made: dict[str, Program] = {}

    async def one(name: str) -> None:
        made[name] = await make(compiler, name)

    async with trio.open_nursery() as nursery:
        for name in names * 3:
            nursery.start_soon(partial(one, name))
    assert await answer(made["counter"], "next") == 1
    assert set(made) == set(names)
