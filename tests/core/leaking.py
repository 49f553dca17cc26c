"""What must not leak, as a program of its own: `python -m core.leaking NAME TIMES`.

Does one thing so many times, and prints as JSON by how many bytes the process has grown since the
first tenth. It is a program because memory that other tests took and gave back would hide a leak.
"""

import gc
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from components.value_types import TYPES
from core.driving import call, compiled, finish, fresh, serving, started, wait_for_host
from core.things import Shelf

from innkeeper_core.component import Instance, LimitHit, Limits, Linker, Trap
from innkeeper_core.values import Type, ValueMismatch, roundtrip

TEXT: Final = "x" * 10_000
PAGE: Final = 4096
ECHO, HOST_CALL = compiled("echo"), compiled("host-call")


class OwnError(Exception):
    """What handlers raise here."""


def resident() -> int:
    """The bytes of memory that the process has now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


def calls_kept() -> Callable[[], object]:
    """Calls of 10 kB, in one instance."""
    instance = started(ECHO)
    return lambda: call(instance, ECHO, "echo", TEXT)


def calls_fresh() -> Callable[[], object]:
    """Calls of 10 kB, each in an instance of its own."""
    linker, limits, function = Linker(ECHO), Limits(), ECHO.function(None, "echo")

    def once() -> None:
        instance = Instance(linker, limits)
        finish(instance, instance.instantiate())
        finish(instance, instance.invoke(function, [TEXT]))
        instance.close()

    return once


def host_calls() -> Callable[[], object]:
    """Calls of 10 kB that hand them to the host and back."""
    instance = started(HOST_CALL, serving(say=lambda _, text: text))
    return lambda: call(instance, HOST_CALL, "relay", TEXT)


def traps() -> Callable[[], object]:
    """Traps, each the end of an instance."""
    of = compiled("realloc-trap")

    def once() -> None:
        try:
            call(started(of), of, "echo", TEXT)
        except Trap:
            return
        raise AssertionError("no trap")

    return once


def cancels() -> Callable[[], object]:
    """Guests that are closed while they wait for the host, with what they gave it."""

    async def say(_: object, text: str) -> str:
        return text

    def once() -> None:
        instance = started(HOST_CALL, serving(say=say))
        wait_for_host(instance, instance.invoke(HOST_CALL.function(None, "relay"), [TEXT]))
        instance.close()

    return once


def abandoned() -> Callable[[], object]:
    """Guests that compute and are forgotten, without a `close`."""
    loop = compiled("loop")

    def once() -> None:
        instance = started(loop)
        instance.begin(loop.function(None, "endless"), [])

    return once


def handler_errors() -> Callable[[], object]:
    """Exceptions out of handlers, each the end of an instance."""

    def say(*_: object) -> None:
        raise OwnError

    def once() -> None:
        try:
            call(started(HOST_CALL, serving(say=say)), HOST_CALL, "relay", TEXT)
        except OwnError:
            return
        raise AssertionError("no error")

    return once


def wrong_answers() -> Callable[[], object]:
    """Answers of handlers that do not fit, found late."""
    types = compiled("resources")
    shelf = Shelf()
    functions = shelf.functions(**{"[method]thing.label": lambda *_: 7})

    def once() -> None:
        instance = started(types, functions, drops=shelf.drops())
        try:
            call(instance, types, "label", TEXT)
        except ValueMismatch:
            shelf.things.clear()
            return
        raise AssertionError("no mismatch")

    return once


def wrong_arguments() -> Callable[[], object]:
    """Conversions that fail at their last part, of every kind of type."""
    rows = Type("list", [Type("tuple", [Type("string"), Type("option", [Type("u8")])])])
    bad = [("x" * 100, 7)] * 50 + [("y", 256)]
    box = Type("record", [rows, Type("map", [Type("string"), rows])], ["rows", "named"])
    spoilt = {"rows": bad[:-1], "named": {"a": bad[:-1], "b": bad}}
    case = Type("variant", [None, Type("result", [box, None])], ["none", "some"])

    def once() -> None:
        for ty, value in ((rows, bad), (box, spoilt), (case, ("some", ("ok", spoilt)))):
            try:
                roundtrip(ty, value)
            except ValueMismatch:
                continue
            raise AssertionError("no mismatch")

    return once


def inputs_too_large() -> Callable[[], object]:
    """Arguments over the limit, in an instance that lives on."""
    types = compiled("types")
    instance = started(types, limits=Limits(input_bytes_max=5_000))

    def once() -> None:
        for name, value in (("same-string", TEXT), ("same-strings", ["x" * 90] * 60)):
            try:
                instance.invoke(types.function(None, name), [value])
            except LimitHit:
                continue
            raise AssertionError("no limit")

    return once


def outputs_too_large() -> Callable[[], object]:
    """Results over the limit, each the end of an instance."""
    output = compiled("output")

    def once() -> None:
        try:
            call(started(output, limits=Limits(output_bytes_max=100)), output, "big", 10_000)
        except LimitHit:
            return
        raise AssertionError("no limit")

    return once


def resources() -> Callable[[], object]:
    """Resources made, lent, handed over and dropped, in one instance."""
    of, shelf = compiled("resources"), Shelf()
    instance = started(of, shelf.functions(), drops=shelf.drops())

    def once() -> None:
        call(instance, of, "merge", "left", "right")
        call(instance, of, "count-three")
        shelf.dropped.clear()
        shelf.asked.clear()

    return once


def every_type() -> Callable[[], object]:
    """A value of every type, through a guest and back."""
    types = compiled("types")
    instance = started(types)
    point = {"x": 1, "y": 2.5, "label": "here"}
    values: dict[str, Any] = {
        "same-bytes": TEXT.encode(),
        "same-strings": ["a", "bc"] * 20,
        "same-matrix": [[1, 2], [3]],
        "same-points": [point] * 10,
        "same-figures": [("empty", None), ("named", "x" * 50), ("many", [1, 2]), ("at", point)],
        "same-nested-option": ("some", 7),
        "same-result": ("error", "x" * 40),
        "same-held-result": {"outcome": ("ok", 0.5)},
        "same-flags": ["read", "run-it"],
        "same-color": "green",
    }
    assert values.keys() <= TYPES.keys()

    def once() -> None:
        for name, value in values.items():
            call(instance, types, name, value)

    return once


def instances_refused() -> Callable[[], object]:
    """Instances that cannot be made under their limits."""
    of = compiled("memory-static")
    limits = Limits(memory_bytes_max=1 << 20)

    def once() -> None:
        try:
            fresh(of, limits=limits).instantiate()
        except Exception as error:
            assert type(error).__name__ == "CannotInstantiate"

    return once


WORK: Final[dict[str, Callable[[], Callable[[], object]]]] = {
    work.__name__: work
    for work in (
        *(calls_kept, calls_fresh, host_calls, traps, cancels, abandoned, handler_errors),
        *(wrong_answers, wrong_arguments, inputs_too_large, outputs_too_large),
        *(resources, every_type, instances_refused),
    )
}


def growth(work: Callable[[], object], times: int) -> int:
    """By how many bytes the process has grown from the first tenth to the end."""
    first = times // 10
    for _ in range(first):
        work()
    gc.collect()
    before = resident()
    for _ in range(times - first):
        work()
    gc.collect()
    return resident() - before


if __name__ == "__main__":
    print(json.dumps({"growth_bytes": growth(WORK[sys.argv[1]](), int(sys.argv[2]))}))
