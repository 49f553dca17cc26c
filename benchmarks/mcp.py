"""MCP over stdio, as a client sees it: `innkeeper mcp serve`, which runs the tool in a component,
beside the official Python SDK with a native tool and beside a bare loop.

Each turn starts the server anew. One client in this process speaks to all, and decodes what it got
when the clock has stopped. Our compiled image is kept from turn to turn, as between any two starts.
"""

from __future__ import annotations

from functools import partial
from time import perf_counter
from typing import Final

import msgspec
import trio

from benchmarks.measure import Options, Row, alternate, report, row, say
from benchmarks.measure.mcp_client import McpClient
from benchmarks.measure.process import rss_bytes
from benchmarks.measure.servers import commands, running

SEQUENTIAL: Final = 2_000
IN_FLIGHT: Final = 4_000
WINDOW: Final = 32
WARM_UP: Final = 50
BASELINES: Final = {
    "sdk": "the official Python SDK, native tool",
    "floor": "a bare Python loop, native tool",
}
FIGURES: Final = (
    ("first_ms", "from spawn to the first result", "ms"),
    ("call_us", "a call, one after the other", "us"),
    ("calls_per_s", f"calls with {WINDOW} in flight", "calls/s"),
    ("rss_mib", "memory of the server", "MiB"),
)


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """What one process of a server did."""

    first_ms: list[float]
    call_us: list[float]
    calls_per_s: list[float]
    rss_mib: list[float]


def run(quick: bool = False) -> dict[str, object]:
    """The rows, as the object that is printed."""
    return report("mcp", trio.run(_rows, Options.of(quick=quick)), "mcp", "msgspec")


async def _rows(options: Options) -> list[Row]:
    say("mcp: whole processes over stdio, one client for all")
    with commands() as known:
        turns = await alternate(
            {
                "ours": partial(_turn, known.our_mcp(), "echo.echo", options),
                "sdk": partial(_turn, known.peer("sdk_server"), "echo", options),
                "floor": partial(_turn, known.peer("bare_loop"), "echo", options),
            },
            options.repeats,
        )
    return [
        row(
            title,
            [getattr(turn, field) for turn in turns["ours"]],
            [getattr(turn, field) for turn in turns[baseline]],
            baseline_name=name,
            unit=unit,
        )
        for baseline, name in BASELINES.items()
        for field, title, unit in FIGURES
    ]


async def _turn(command: list[str], tool: str, options: Options) -> Turn:
    started_s = perf_counter()
    with running(command, piped=True) as process:
        client = McpClient(process, tool)
        client.first_result()
        first_ms = (perf_counter() - started_s) * 1e3
        client.sequential(WARM_UP)
        return Turn(
            first_ms=[first_ms],
            call_us=client.sequential(options.count(SEQUENTIAL)),
            calls_per_s=[client.in_flight(options.count(IN_FLIGHT), WINDOW)],
            rss_mib=[rss_bytes(process.pid) / (1 << 20)],
        )
