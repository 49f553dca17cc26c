"""`POST /tools/{id}:invoke` on `innkeeper serve`, beside hypercorn alone.

The baseline is the same HTTP server under an application that sends the body back: what is left is
the cost of the tool. Each turn starts the servers anew; one client in this process speaks to both.
"""

from __future__ import annotations

from functools import partial
from time import perf_counter
from typing import Final

import msgspec
import trio

from benchmarks.measure import Options, Row, alternate, report, row, say
from benchmarks.measure.http_client import HttpClient
from benchmarks.measure.process import rss_bytes
from benchmarks.measure.servers import Commands, commands, free_address, running

SEQUENTIAL: Final = 1_000
CONCURRENT: Final = 3_000
CONNECTIONS: Final = (16, 32)
WARM_UP: Final = 50
FIRST_S_MAX: Final = 30.0
BODY: Final = b'{"text":"hi"}'
FIGURES: Final = (
    ("first_ms", "from spawn to the first result", "ms"),
    ("request_us", "a request, one after the other", "us"),
    ("few_per_s", f"requests on {CONNECTIONS[0]} connections", "requests/s"),
    ("many_per_s", f"requests on {CONNECTIONS[1]} connections", "requests/s"),
    ("rss_mib", "memory of the server", "MiB"),
)


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """What one process of a server did."""

    first_ms: list[float]
    request_us: list[float]
    few_per_s: list[float]
    many_per_s: list[float]
    rss_mib: list[float]


def run(quick: bool = False) -> dict[str, object]:
    """The rows, as the object that is printed."""
    rows = trio.run(_rows, Options.of(quick=quick))
    return report("http", rows, "hypercorn", "starlette", "msgspec")


async def _rows(options: Options) -> list[Row]:
    say("http: whole processes, one client for both")
    with commands() as known:
        turns = await alternate(
            {"ours": partial(_ours, known, options), "bare": partial(_bare, known, options)},
            options.repeats,
        )
    return [
        row(
            title,
            [getattr(turn, field) for turn in turns["ours"]],
            [getattr(turn, field) for turn in turns["bare"]],
            baseline_name="bare hypercorn on Trio, an echo application",
            unit=unit,
        )
        for field, title, unit in FIGURES
    ]


async def _ours(known: Commands, options: Options) -> Turn:
    address = free_address()
    client = HttpClient(address, "/tools/echo.echo:invoke", body=BODY, expected=b'"hi"')
    return _turn(known.our_http("{}:{}".format(*address)), client, options)


async def _bare(known: Commands, options: Options) -> Turn:
    address = free_address()
    client = HttpClient(address, "/", body=BODY, expected=BODY)
    return _turn(known.peer("bare_hypercorn", "{}:{}".format(*address)), client, options)


def _turn(command: list[str], client: HttpClient, options: Options) -> Turn:
    started_s = perf_counter()
    with running(command) as process:
        client.first_result(FIRST_S_MAX)
        first_ms = (perf_counter() - started_s) * 1e3
        client.sequential(WARM_UP)
        few, many = CONNECTIONS
        return Turn(
            first_ms=[first_ms],
            request_us=client.sequential(options.count(SEQUENTIAL)),
            few_per_s=[client.concurrent(options.count(CONCURRENT), few)],
            many_per_s=[client.concurrent(options.count(CONCURRENT), many)],
            rss_mib=[rss_bytes(process.pid) / (1 << 20)],
        )
