"""Every hostile guest through the host: each gets its code, and the host goes on."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio
from guests import guest
from integration.hosting import call_records, failure, keeping, with_manifest

from innkeeper.errors import PluginFault

MIB = 1 << 20
SHORT = {"wall_s": 0.2}

# By guest and function: its arguments, the limits of its manifest, and how it ends.
Case = tuple[str, str, Mapping[str, object], Mapping[str, object], str, str | None]

CASES: list[Case] = [
    ("loop", "endless", {}, SHORT, "deadline_exceeded", None),
    ("loop", "spin", {"n": 2**64 - 1}, SHORT, "deadline_exceeded", None),
    ("loop", "endless", {}, {"fuel_max": 1_000_000}, "fuel_exhausted", None),
    ("recursion", "dive", {}, {}, "trap", "stack_overflow"),
    ("memory-bomb", "hog", {}, {}, "trap", "unreachable"),
    ("memory-bomb", "hog", {}, {"memory_bytes_max": 256 * MIB}, "trap", "unreachable"),
    ("table-bomb", "hog", {}, {}, "trap", "unreachable"),
    ("memory-static", "nothing", {}, {}, "memory_limit", None),
    ("table-static", "nothing", {}, {}, "memory_limit", None),
    (
        "output",
        "big",
        {"bytes": 100_000_000},
        {"memory_bytes_max": 256 * MIB, "wall_s": 60},
        "output_too_large",
        None,
    ),
    ("output", "big", {"bytes": 100_000_000}, {}, "trap", "unreachable"),
    ("output", "big-list", {"n": 2 * MIB}, {"wall_s": 60}, "output_too_large", None),
    ("aliases", "many", {}, {"wall_s": 60}, "output_too_large", None),
    ("aliases", "aliases", {"n": 100, "size": MIB}, {"wall_s": 60}, "output_too_large", None),
    ("flood", "flood", {}, {"host_calls_max": 10_000, "wall_s": 60}, "host_calls_exceeded", None),
    ("flood", "flood", {}, {"host_calls_per_s": 1000, "wall_s": 60}, "host_calls_exceeded", None),
    ("flood", "flood", {}, {"host_calls_max": 10**9, "wall_s": 0.2}, "deadline_exceeded", None),
    ("realloc-trap", "echo", {"text": "x"}, {}, "trap", "unreachable"),
    ("realloc-trap", "echo", {"text": ""}, {}, "trap", "unreachable"),
    ("realloc-lies", "outside", {"text": "x" * 32}, {}, "trap", "bad_realloc"),
    ("realloc-lies", "misaligned", {"numbers": [1, 2]}, {}, "trap", "bad_realloc"),
    ("invalid-utf8", "text", {}, {}, "trap", "invalid_utf8"),
    ("invalid-utf8", "truncated", {}, {}, "trap", "invalid_utf8"),
    ("invalid-utf8", "overlong", {}, {}, "trap", "invalid_utf8"),
    ("invalid-utf8", "surrogate", {}, {}, "trap", "invalid_utf8"),
    ("invalid-utf8", "scalar", {}, {}, "trap", "invalid_char"),
    ("invalid-utf8", "color", {}, {}, "trap", "invalid_discriminant"),
    ("lying-length", "beyond", {}, {}, "trap", "pointer_out_of_bounds"),
    ("lying-length", "outside", {}, {}, "trap", "pointer_out_of_bounds"),
    ("lying-length", "area", {}, {}, "trap", "pointer_out_of_bounds"),
    ("lying-length", "wrapping", {}, {}, "trap", "pointer_out_of_bounds"),
    ("lying-length", "misaligned", {}, {}, "trap", "misaligned_pointer"),
    ("post-return", "trap-after", {}, {}, "trap", "unreachable"),
    ("post-return", "loop-after", {}, SHORT, "deadline_exceeded", None),
    ("start-loop", "nothing", {}, SHORT, "deadline_exceeded", None),
    ("start-trap", "nothing", {}, {}, "trap", "unreachable"),
    ("resources", "use-after-drop", {}, {}, "trap", "bad_handle"),
    ("async-export", "forever", {}, SHORT, "deadline_exceeded", None),
    ("host-call", "pause", {"ms": 60_000}, SHORT, "deadline_exceeded", None),
]
NAMES = [f"{case[0]} {case[1]} {i}" for i, case in enumerate(CASES)]


@pytest.mark.parametrize(
    ("name", "function", "arguments", "limits", "code", "kind"), CASES, ids=NAMES
)
async def test_a_hostile_guest_ends_with_its_code_and_the_next_call_is_answered(
    tmp_path: Path,
    name: str,
    function: str,
    arguments: Mapping[str, Any],
    limits: Mapping[str, object],
    code: str,
    kind: str | None,
) -> None:
    async with keeping(tmp_path) as host:
        await host.load(with_manifest(name, "hostile", limits=limits))
        await host.load(guest("echo"), name="echo")
        for _ in range(2):
            error = await failure(host, f"hostile.{function}", **arguments)
            assert error.code == code
            assert kind is None or (isinstance(error, PluginFault) and error.kind == kind)
            assert len(str(error)) < 1000
            assert await host.call("echo.echo", {"text": "fine"}) == "fine"
    codes = [record["code"] for record in call_records(tmp_path)]
    assert codes == [code, "ok"] * 2


async def test_a_guest_that_is_refused_memory_may_go_on(tmp_path: Path) -> None:
    async with keeping(tmp_path) as host:
        for name in ("memory-bomb", "table-bomb"):
            await host.load(guest(name), name=name)
        assert await host.call("memory-bomb.grow", {}) == 1024
        assert await host.call("table-bomb.grow", {}) == 100_000


async def test_a_good_function_of_a_bad_guest_works(tmp_path: Path) -> None:
    async with keeping(tmp_path) as host:
        for name in ("realloc-trap", "unreachable"):
            await host.load(guest(name), name=name)
            assert await host.call(f"{name}.nothing", {}) is None
        await host.load(guest("recursion"), name="recursion")
        assert await host.call("recursion.dive-to", {"depth": 1000}) == 1000


async def test_a_guest_may_use_resources_of_the_host_without_end(tmp_path: Path) -> None:
    async with keeping(tmp_path) as host:
        await host.load(with_manifest("resources", limits={"host_calls_max": 1000, "wall_s": 60.0}))
        assert await host.call("x.churn", {"n": 900}) == 900
        assert (await failure(host, "x.hoard", n=2000)).code == "host_calls_exceeded"


ATTACKS = 6

NEIGHBOURS: list[tuple[str, str, Mapping[str, object], Mapping[str, object]]] = [
    ("loop", "endless", {}, {}),
    ("flood", "flood", {}, {"host_calls_max": 10**9}),
    ("output", "big", {"bytes": 60_000_000}, {}),
    ("aliases", "many", {}, {}),
    ("memory-bomb", "hog", {}, {}),
    ("recursion", "dive", {}, {}),
    ("start-loop", "nothing", {}, {}),
    ("async-export", "forever", {}, {}),
]


@pytest.mark.parametrize(
    ("name", "function", "arguments", "limits"), NEIGHBOURS, ids=[it[0] for it in NEIGHBOURS]
)
async def test_others_are_served_while_hostile_guests_are_at_work(
    tmp_path: Path,
    name: str,
    function: str,
    arguments: dict[str, Any],
    limits: Mapping[str, object],
) -> None:
    limits = {"wall_s": 0.4, "concurrency_max": 6, **limits}
    async with keeping(tmp_path, call_log=False) as host:
        await host.load(with_manifest(name, "hostile", limits=limits))
        await host.load(guest("host-call"), name="other")
        ended = answered = 0

        async def attack() -> None:
            nonlocal ended
            await failure(host, f"hostile.{function}", **arguments)
            ended += 1

        with trio.fail_after(60):
            async with trio.open_nursery() as nursery:
                for _ in range(ATTACKS):
                    nursery.start_soon(attack)
                while ended < ATTACKS or answered < 20:
                    text = str(answered)
                    assert await host.call("other.relay", {"text": text}) == text
                    answered += 1
                    await trio.lowlevel.checkpoint()


async def test_a_plugin_that_is_hostile_does_not_use_up_the_turns_of_another(
    tmp_path: Path,
) -> None:
    async with keeping(tmp_path, call_log=False) as host:
        await host.load(with_manifest("loop", "hostile", limits={"wall_s": 60.0}))
        await host.load(guest("cpu"), name="cpu")
        async with trio.open_nursery() as nursery:
            for _ in range(30):
                nursery.start_soon(host.call, "hostile.endless", {})
            await trio.sleep(0.05)
            with trio.fail_after(30):
                value = await host.call("cpu.work", {"n": 1_000_000})
            nursery.cancel_scope.cancel()
    assert value


async def test_all_hostile_guests_at_once_leave_the_host_in_order(tmp_path: Path) -> None:
    limits = {"wall_s": 0.5, "host_calls_max": 10_000}
    hostile: list[tuple[str, str, dict[str, Any]]] = [
        (name, function, dict(given)) for name, function, given, _, _, _ in CASES
    ]
    async with keeping(tmp_path, call_log=False) as host:
        for name in {name for name, _, _ in hostile}:
            await host.load(with_manifest(name, name, limits=limits))
        with trio.fail_after(60):
            async with trio.open_nursery() as nursery:
                for name, function, given in hostile:
                    nursery.start_soon(partial(failure, host, f"{name}.{function}", **given))
        await host.load(guest("echo"), name="echo")
        assert await host.call("echo.add", {"a": 40, "b": 2}) == 42
        for plugin in host.plugins():
            await host.unload(plugin.name)
        assert host._loader._capacity.instances == 0
