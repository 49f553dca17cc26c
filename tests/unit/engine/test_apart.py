"""Compiling in a child: the same image, refusals as errors, ended with the caller."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
import trio
from guests import component, guest

from innkeeper.engine import apart
from innkeeper.engine.apart import compile_apart
from innkeeper.engine.engines import Variant, new_engine
from innkeeper.errors import LimitExceeded
from innkeeper_core.component import InvalidComponent

Found = TypeVar("Found")


def in_memory(image: bytes) -> int:
    descriptor = os.memfd_create("image")
    os.write(descriptor, image)
    return descriptor


def children(of: int | str = "self") -> set[str]:
    tasks = Path(f"/proc/{of}/task").iterdir()
    return {pid for task in tasks for pid in (task / "children").read_text().split()}


@pytest.mark.parametrize("variant", [Variant(), Variant(fuel=True), Variant(concurrency=True)])
async def test_a_child_makes_an_image_that_this_process_loads(variant: Variant) -> None:
    image = await compile_apart(guest("echo"), variant)

    component = new_engine(variant).load(in_memory(image))

    assert "echo" in component.exports.functions


def large_component(functions: int = 1500) -> bytes:
    """One that takes a second or so to compile."""
    body = "(local.set 0 (i32.mul (i32.add (local.get 0) (i32.const 7)) (local.get 1)))" * 60
    code = f"(func (param i32 i32) (result i32) {body} (local.get 0))" * functions
    return component(f"(component (core module {code}))")


async def test_a_child_lives_on_when_the_thread_that_started_it_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("trio._core._thread_cache.IDLE_TIMEOUT", 0.3)

    assert await compile_apart(large_component(4000), Variant())


PARENT = """
import sys, trio
from innkeeper.engine.apart import compile_apart
from innkeeper.engine.engines import Variant
trio.run(compile_apart, sys.stdin.buffer.read(), Variant())
"""


def test_a_child_ends_when_its_parent_is_killed() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE)
    assert parent.stdin is not None
    parent.stdin.write(large_component())
    parent.stdin.close()
    child = wait_for(lambda: children(parent.pid))
    parent.kill()
    parent.wait()

    assert wait_for(lambda: not any(is_running(pid) for pid in child))


def wait_for(condition: Callable[[], Found]) -> Found:
    ends_s = time.monotonic() + 10
    while not (found := condition()):
        assert time.monotonic() < ends_s
        time.sleep(0.01)
    return found


def is_running(pid: str) -> bool:
    """Whether it is there, and no corpse that nobody has buried yet."""
    try:
        return ") Z" not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


async def test_what_the_compiler_refuses_is_an_invalid_component() -> None:
    with pytest.raises(InvalidComponent, match=r"magic|unexpected|end"):
        await compile_apart(guest("echo")[:-20], Variant())


async def test_a_cancelled_caller_ends_the_child_at_once() -> None:
    before = children()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(compile_apart, guest("echo"), Variant())
        with trio.fail_after(10):
            while children() == before:  # noqa: ASYNC110 - nobody tells that it began
                await trio.sleep(0.001)
        nursery.cancel_scope.cancel()

    assert children() == before


async def test_a_compiler_that_breaks_is_a_limit_exceeded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")

    with pytest.raises(LimitExceeded, match="the compiler ended with 1") as caught:
        await compile_apart(guest("echo"), Variant())

    assert caught.value.code == "timeout"


def test_a_program_without_an_interpreter_compiles_in_its_own_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "executable", "")

    assert not apart.can_compile_apart()
