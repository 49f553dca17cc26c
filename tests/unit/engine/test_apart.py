"""Compiling in a child: the same image, refusals as errors, ended with the caller."""

import os
import sys
from pathlib import Path

import pytest
import trio
from guests import guest

from innkeeper.engine import apart
from innkeeper.engine.apart import compile_apart
from innkeeper.engine.engines import Variant, new_engine
from innkeeper.errors import LimitExceeded
from innkeeper_core.component import InvalidComponent


def in_memory(image: bytes) -> int:
    descriptor = os.memfd_create("image")
    os.write(descriptor, image)
    return descriptor


def children() -> set[str]:
    tasks = Path("/proc/self/task").iterdir()
    return {pid for task in tasks for pid in (task / "children").read_text().split()}


@pytest.mark.parametrize("variant", [Variant(), Variant(fuel=True), Variant(concurrency=True)])
async def test_a_child_makes_an_image_that_this_process_loads(variant: Variant) -> None:
    image = await compile_apart(guest("echo"), variant)

    component = new_engine(variant).load(in_memory(image))

    assert "echo" in component.exports.functions


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
