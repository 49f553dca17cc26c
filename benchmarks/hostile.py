"""What hostile guests can do to the host and to the calls of others.

The baseline is the bound that is promised, or the same host with nothing else to do: a ratio of
at most 1 keeps a bound.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from time import process_time
from typing import Final

import msgspec
import trio

from benchmarks.measure import Options, Row, alternate, percentile, report, row, say
from benchmarks.measure.guests import guest
from benchmarks.measure.ours import host_call, temporary_host
from benchmarks.measure.pace import Prober, prober
from benchmarks.measure.process import in_child
from benchmarks.peers.bombs import ALIASES, Outcome
from innkeeper.errors import HostError
from innkeeper.host import Host

Call = tuple[str, dict[str, int]]  # a tool and its arguments

STOP_MS_MAX: Final = 20.0  # after the deadline
CANCEL_CPU_MS_MAX: Final = 50.0  # in the second after
LATER_MS_MAX: Final = 4.0  # another call's p99, beyond an idle host's
MEMORY_LIMIT_MIB: Final = 64
MEMORY_OVER_MIB_MAX: Final = 32
LIFT_MIB_MAX: Final = 128  # libwasmtime copies no more at once
ALIASES_OVER_MIB_MAX: Final = 64

DEADLINE_S: Final = 0.1
STOPS: Final = 20
SPINNERS: Final = 4
ATTACK_S: Final = 5.0  # the wall time that a guest has by default
PROBED_S: Final = 2.0
SETTLE_S: Final = 0.1
LOOP: Final[Call] = ("loop.endless", {})
ALIAS_BOMB: Final[Call] = ("aliases.aliases", ALIASES)
MEMORY_BOMB: Final[Call] = ("bomb.hog", {})
ATTACKS: Final[dict[str, list[Call]]] = {
    "one endless loop": [LOOP],
    f"{SPINNERS} endless loops": [LOOP] * SPINNERS,
    f"{SPINNERS} memory bombs": [MEMORY_BOMB] * SPINNERS,
    f"{SPINNERS} bombs of aliases": [ALIAS_BOMB] * SPINNERS,
}


def run(quick: bool = False) -> dict[str, object]:
    """The rows, as the object that is printed."""
    return report("hostile", trio.run(_rows, Options.of(quick=quick)))


async def _rows(options: Options) -> list[Row]:
    say("hostile: what guests can do to the host and to the calls of others")
    async with temporary_host() as host:
        await host.load(guest("echo"), name="echo")
        await host.load(guest("loop"), name="loop")
        await host.load(guest("aliases"), name="aliases")
        await host.load(guest("memory-bomb"), name="bomb")
        rows = [await _stop_row(host, options), await _cancel_row(host, options)]
        async with prober(host_call(host, "echo.echo", text="hi")) as probe:
            rows += await _meanwhile_rows(host, probe, options)
    return [*rows, *await _memory_rows(options)]


# ---- time


async def _stop_row(host: Host, options: Options) -> Row:
    """How long after its deadline a guest that loops is stopped."""

    async def turn() -> list[float]:
        return [await _late_ms(host) for _ in range(options.count(STOPS))]

    turns = await alternate({"ours": turn}, options.repeats)
    return _bounded_row(
        "endless loop, stopped after its deadline", turns["ours"], STOP_MS_MAX, "ms"
    )


async def _late_ms(host: Host) -> float:
    started_s = trio.current_time()
    try:
        await host.call("loop.endless", {}, deadline_s=DEADLINE_S)
    except HostError as error:
        assert error.code == "deadline_exceeded", error
    return (trio.current_time() - started_s - DEADLINE_S) * 1e3


async def _cancel_row(host: Host, options: Options) -> Row:
    """The CPU time that is still used once guests that loop were cancelled."""

    async def turn() -> list[float]:
        async with _attack(host, ATTACKS[f"{SPINNERS} endless loops"]):
            await trio.sleep(SETTLE_S)
        before_s = process_time()
        await trio.sleep(1)
        return [(process_time() - before_s) * 1e3]

    turns = await alternate({"ours": turn}, options.repeats)
    case = f"{SPINNERS} endless loops cancelled, CPU in the next second"
    return _bounded_row(case, turns["ours"], CANCEL_CPU_MS_MAX, "ms")


async def _meanwhile_rows(host: Host, probe: Prober, options: Options) -> list[Row]:
    """The p99 of another tool's calls, from 0.1 s after the attack began."""
    lasting_s = options.seconds(PROBED_S)

    async def turn(attack: list[Call]) -> list[float]:
        async with _attack(host, attack):
            await trio.sleep(SETTLE_S)
            return [percentile(await probe.run(lasting_s), 0.99) / 1e3]

    sides = {title: partial(turn, attack) for title, attack in ATTACKS.items()}
    turns = await alternate({"idle": partial(turn, []), **sides}, options.repeats)
    return [
        row(
            f"p99 of another tool's calls beside {title}",
            turns[title],
            [[idle + LATER_MS_MAX for idle in samples] for samples in turns["idle"]],
            baseline_name=f"the promised bound: p99 of the idle host + {LATER_MS_MAX:g} ms",
            unit="ms",
        )
        for title in ATTACKS
    ]


@asynccontextmanager
async def _attack(host: Host, calls: list[Call]) -> AsyncIterator[None]:
    """Calls that begin anew whenever they end, until the block does."""
    async with trio.open_nursery() as nursery:
        for tool, arguments in calls:
            nursery.start_soon(_again_and_again, host, tool, arguments)
        yield
        nursery.cancel_scope.cancel()


async def _again_and_again(host: Host, tool: str, arguments: dict[str, int]) -> None:
    while True:
        try:
            await host.call(tool, arguments, deadline_s=ATTACK_S)
        except HostError:
            await trio.lowlevel.checkpoint()


# ---- memory


async def _memory_rows(options: Options) -> list[Row]:
    """The most memory that a host's whole process ever holds."""
    turns = await alternate(
        {kind: partial(_bomb, kind) for kind in ("memory", "aliases")}, options.repeats
    )
    workers = turns["aliases"][0].workers
    return [
        _bounded_row(
            "memory bomb, peak above the host's own",
            [[outcome.peak_mib - outcome.before_mib] for outcome in turns["memory"]],
            MEMORY_LIMIT_MIB + MEMORY_OVER_MIB_MAX,
            "MiB",
        ),
        _bounded_row(
            "32 bombs of aliases at once, peak of the host",
            [[outcome.peak_mib] for outcome in turns["aliases"]],
            LIFT_MIB_MAX * (1 + workers) + ALIASES_OVER_MIB_MAX,
            "MiB",
        ),
    ]


async def _bomb(kind: str) -> Outcome:
    printed = await trio.to_thread.run_sync(in_child, "bombs", kind)
    return msgspec.convert(printed, Outcome)


def _bounded_row(case: str, turns: list[list[float]], bound: float, unit: str) -> Row:
    return row(
        case,
        turns,
        [[float(bound)]] * len(turns),
        baseline_name=f"the promised bound: {bound:g} {unit}",
        unit=unit,
    )
