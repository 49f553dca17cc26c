"""A call of a component's function in an instance that is kept, beside wasmtime-py.

Both call the same components with the same values, ours in the pooled engine and with every limit
armed. The last rows are calls through the engine's pool, and through the host's whole path.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
import trio
from wasmtime import component as wasmtime_component

from benchmarks.measure import Options, Row, Side, awaiting, calling, compare, report, say
from benchmarks.measure.guests import guest, with_manifest
from benchmarks.measure.ours import (
    Handlers,
    host_call,
    instance_pool,
    kept_call,
    kept_instance,
    pooled,
    program,
    temporary_host,
)
from benchmarks.measure.wasmtime_py import WasmtimePy
from innkeeper.engine.drive import drive
from innkeeper_core.component import PENDING

CALLS: Final = 3_000
KEPT: Final = "wasmtime-py, instance kept"
INTERFACE: Final = "test:host/calls"
POINT: Final = {"x": 7, "y": 0.5, "label": "here"}
MANIFEST_KEPT: Final = """
[plugin]
name = "kept"
version = "1.0.0"
[reuse]
instance = "plugin"
"""


class Case(msgspec.Struct, frozen=True):
    """What both sides call; `cost` of one call is in calls of the cheapest."""

    title: str
    guest: str
    function: str
    arguments: tuple[Any, ...]
    cost: int = 1

    def count(self, options: Options) -> int:
        """The calls of one turn."""
        return options.count(CALLS // self.cost)


VALUES: Final = (
    Case("echo, 2 characters", "echo", "echo", ("hi",)),
    Case("add, two u32", "echo", "add", (7, 35)),
    Case("echo, string of 10 kB", "echo", "echo", ("innkeeper " * 1_000,)),
    Case("list<u8> of 64 KiB", "types", "same-bytes", (bytes(range(256)) * 256,), 600),
    Case("record of three fields", "types", "same-point", (POINT,)),
    Case("list of 100 records", "types", "same-points", ([POINT] * 100,), 20),
)
HOST_FUNCTIONS: Final = (
    Case("one host call", "host-call", "relay", ("hi",)),
    Case("1,000 host calls in one call", "host-call", "ping-many", (1_000,), 300),
)


def run(quick: bool = False) -> dict[str, object]:
    """The rows, as the object that is printed."""
    return report("calls", trio.run(_rows, Options.of(quick=quick)), "wasmtime", "msgspec")


async def _rows(options: Options) -> list[Row]:
    say("calls: microseconds a call, an instance kept on either side")
    rows = [await _value_row(case, options) for case in VALUES]
    for case in HOST_FUNCTIONS:
        rows.append(await _plain_row(case, options))
        rows.append(await _async_row(case, options))
    return [*rows, await _pool_row(options), *await _host_rows(options)]


# ---- values, there and back


async def _value_row(case: Case, options: Options) -> Row:
    ours = kept_call(pooled(await program(guest(case.guest))), case.function)
    arguments = case.arguments
    assert ours(*arguments) == (42 if case.function == "add" else arguments[0])
    return await compare(
        case.title,
        calling(lambda: ours(*arguments), case.count(options)),
        _theirs(case, options),
        baseline_name=KEPT,
        options=options,
    )


def _theirs(case: Case, options: Options) -> Side[list[float]]:
    function = WasmtimePy(guest(case.guest), THEIRS).kept(case.function)
    arguments = [_for_wasmtime_py(value) for value in case.arguments]
    assert function(*arguments) is not None
    return calling(lambda: function(*arguments), case.count(options))


def _for_wasmtime_py(value: Any) -> Any:
    """The value as that package wants it: records are objects there."""
    if isinstance(value, list):
        return [_for_wasmtime_py(item) for item in value]
    if isinstance(value, dict):
        record = wasmtime_component.Record()
        vars(record).update(value)
        return record
    return value


# ---- guests that call the host


def _say(_: object, text: str) -> str:
    return text


def _ping(_: object, number: int) -> int:
    return number


async def _say_async(_: object, text: str) -> str:
    return text


async def _ping_async(_: object, number: int) -> int:
    return number


def _wait(_: object, ms: int) -> None:
    raise AssertionError("no guest waits here")


PLAIN: Final[Handlers] = {
    (INTERFACE, "say"): _say,
    (INTERFACE, "ping"): _ping,
    (INTERFACE, "wait"): _wait,
}
ASYNC: Final[Handlers] = {
    **PLAIN,
    (INTERFACE, "say"): _say_async,
    (INTERFACE, "ping"): _ping_async,
}
# Both packages call a host function with something of their own, then the arguments.
THEIRS: Final = {INTERFACE: {name: handler for (_, name), handler in PLAIN.items()}}


async def _plain_row(case: Case, options: Options) -> Row:
    loaded = pooled(await program(guest(case.guest), PLAIN))
    ours, arguments = kept_call(loaded, case.function), case.arguments
    return await compare(
        f"{case.title}, a plain function",
        calling(lambda: ours(*arguments), case.count(options)),
        _theirs(case, options),
        baseline_name=KEPT,
        options=options,
    )


async def _async_row(case: Case, options: Options) -> Row:
    loaded = pooled(await program(guest(case.guest), ASYNC))
    instance, function = kept_instance(loaded), loaded.function((None, case.function))

    async def ours() -> None:
        if instance.invoke(function, case.arguments) is PENDING:
            await drive(instance)

    return await compare(
        f"{case.title}, an async def",
        awaiting(ours, case.count(options)),
        _theirs(case, options),
        baseline_name=KEPT,
        options=options,
    )


# ---- the engine's pool, and the host


async def _pool_row(options: Options) -> Row:
    case = VALUES[0]
    async with instance_pool(await program(guest("echo")), reuse="plugin") as pool:
        return await compare(
            "through the engine's pool, instance kept",
            awaiting(lambda: pool.call((None, "echo"), ("hi",)), case.count(options)),
            _theirs(case, options),
            baseline_name=KEPT,
            options=options,
        )


async def _host_rows(options: Options) -> list[Row]:
    """Validate, run, publish: with the arguments as JSON values, and the log written."""
    case = VALUES[0]
    rows = []
    async with temporary_host() as host:
        await host.load(guest("echo"), name="echo")
        await host.load(with_manifest(guest("echo"), MANIFEST_KEPT))
        for title, tool in (("a fresh instance", "echo.echo"), ("instance kept", "kept.echo")):
            ours = host_call(host, tool, text="hi")
            assert await ours() == "hi"
            rows.append(
                await compare(
                    f"host.call, {title}",
                    awaiting(ours, case.count(options)),
                    _theirs(case, options),
                    baseline_name=KEPT,
                    options=options,
                )
            )
    return rows
