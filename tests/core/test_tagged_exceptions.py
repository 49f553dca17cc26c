"""Four event loops in four threads share one engine: every exception reaches its own caller.

Each call carries a tag; its handler, plain or async, raises an exception with that tag, or answers.
"""

import threading
from typing import Any

import pytest
import trio
from core.driving import CALLS, compiled

from innkeeper_core.component import PENDING, Component, Instance, Limits, Linker, ToolErr

THREADS = 4
CALLS_SHORT, CALLS_FULL = 10_000, 100_000
TASKS = 5  # in each loop, whose calls interleave


class Tagged(Exception):
    """Raised by a handler; whose it is."""

    def __init__(self, tag: str) -> None:
        super().__init__(tag)
        self.tag = tag


def say(raised: dict[str, BaseException], text: str) -> Any:
    """Answer, wait and answer, raise, or wait and raise, by the first letter of the tag."""
    if text[0] == "a":
        return text
    if text[0] == "r":
        raised[text] = Tagged(text)
        raise raised[text]
    return say_later(raised, text)


async def say_later(raised: dict[str, BaseException], text: str) -> str:
    await trio.lowlevel.checkpoint()
    if text[0] == "w":
        return text
    raised[text] = Tagged(text)
    raise raised[text]


class Loop(threading.Thread):
    """One event loop; what went wrong in it."""

    def __init__(self, number: int, of: Component, linker: Linker, calls: int) -> None:
        super().__init__(daemon=True)
        self._number, self._component, self._linker = number, of, linker
        self._calls = calls
        self.right = 0
        self.wrong: list[str] = []

    def run(self) -> None:
        trio.run(self._serve)

    async def _serve(self) -> None:
        async with trio.open_nursery() as nursery:
            for task in range(TASKS):
                nursery.start_soon(self._task, task)

    async def _task(self, task: int) -> None:
        raised: dict[str, BaseException] = {}
        for n in range(self._calls // TASKS):
            tag = f"{'arwl'[n % 4]}-{self._number}-{task}-{n}"
            outcome: object
            try:
                outcome = await self._call(raised, tag)
            except BaseException as error:
                outcome = error
            expected = raised.pop(tag) if tag[0] in "rl" else tag
            if (outcome is expected) if tag[0] in "rl" else (outcome == expected):
                self.right += 1
            else:
                self.wrong.append(f"{tag}: {outcome!r}")
            if n % 50 == 0:
                await trio.lowlevel.checkpoint()

    async def _call(self, raised: dict[str, BaseException], tag: str) -> object:
        instance = Instance(self._linker, Limits(), raised)
        try:
            await _finish(instance, instance.instantiate())
            relay = self._component.function(None, "relay")
            return await _finish(instance, instance.invoke(relay, [tag]))
        finally:
            instance.close()


async def _finish(instance: Instance, outcome: object) -> object:
    while outcome is PENDING:
        if instance.awaitable is None:
            await trio.lowlevel.checkpoint()
            outcome = instance.step()
            continue
        try:
            answer = await instance.awaitable
        except ToolErr as error:
            outcome = instance.answer_error(error.payload)
        else:
            outcome = instance.answer(answer)
    return outcome


@pytest.mark.parametrize("calls", [CALLS_SHORT, pytest.param(CALLS_FULL, marks=pytest.mark.soak)])
def test_no_exception_is_raised_in_the_wrong_place(calls: int) -> None:
    of = compiled("host-call")
    linker = Linker(of, {(CALLS, name): say for name in ("say", "ping", "wait")})
    loops = [Loop(n, of, linker, calls // THREADS) for n in range(THREADS)]
    for loop in loops:
        loop.start()
    for loop in loops:
        loop.join()
    assert [wrong for loop in loops for wrong in loop.wrong] == []
    assert sum(loop.right for loop in loops) == calls
