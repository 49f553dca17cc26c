"""How often an idle server wakes up: it should rest with the machine.

All are started, called once, and then watched over the same seconds. A wake-up is a thread that had
gone to sleep by itself and was woken, counted by the kernel over all threads.
"""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import Final

import trio

from benchmarks.measure import Options, Row, alternate, report, row, say
from benchmarks.measure.http_client import HttpClient
from benchmarks.measure.mcp_client import McpClient
from benchmarks.measure.process import switches
from benchmarks.measure.servers import Commands, commands, free_address, running

WATCHED_S: Final = 5.0
SETTLE_S: Final = 2.0
FIRST_S_MAX: Final = 30.0
WAKES_PER_S_MAX: Final = 5.0
BOUND: Final = f"the promised bound: {WAKES_PER_S_MAX:g} a second"
BODY: Final = b'{"text":"hi"}'
UNIT: Final = "wake-ups each s"


def run(quick: bool = False) -> dict[str, object]:
    """The rows, as the object that is printed."""
    return report("wake", trio.run(_rows, Options.of(quick=quick)), "mcp", "hypercorn")


async def _rows(options: Options) -> list[Row]:
    say("wake: idle servers, wake-ups a second")
    with commands() as known, ExitStack() as stack:
        stdio, http = _start_stdio(known, stack), _start_http(known, stack)
        await trio.sleep(SETTLE_S)
        pids = stdio | http
        turn = partial(_turn, pids, options.seconds(WATCHED_S))
        turns = (await alternate({"all": turn}, options.repeats))["all"]
    rates = {name: [[rate[name]] for rate in turns] for name in pids}
    bound = [[WAKES_PER_S_MAX]] * options.repeats
    return [
        row("idle, over stdio", rates["ours, stdio"], bound, baseline_name=BOUND, unit=UNIT),
        row(
            "idle, over stdio",
            rates["ours, stdio"],
            rates["sdk"],
            baseline_name="the official Python SDK, idle",
            unit=UNIT,
        ),
        row("idle, over HTTP", rates["ours, http"], bound, baseline_name=BOUND, unit=UNIT),
        row(
            "idle, over HTTP",
            rates["ours, http"],
            rates["bare"],
            baseline_name="bare hypercorn on Trio, idle",
            unit=UNIT,
        ),
    ]


def _start_stdio(known: Commands, stack: ExitStack) -> dict[str, int]:
    """The servers that speak MCP, called once: their process ids."""
    pids = {}
    servers = {
        "ours, stdio": (known.our_mcp(), "echo.echo"),
        "sdk": (known.peer("sdk_server"), "echo"),
    }
    for name, (command, tool) in servers.items():
        process = stack.enter_context(running(command, piped=True))
        McpClient(process, tool).first_result()
        pids[name] = process.pid
    return pids


def _start_http(known: Commands, stack: ExitStack) -> dict[str, int]:
    """The servers that speak HTTP, called once: their process ids."""
    ours, bare = free_address(), free_address()
    our_process = stack.enter_context(running(known.our_http("{}:{}".format(*ours))))
    invoke = HttpClient(ours, "/tools/echo.echo:invoke", body=BODY, expected=b'"hi"')
    invoke.first_result(FIRST_S_MAX)
    bare_command = known.peer("bare_hypercorn", "{}:{}".format(*bare))
    bare_process = stack.enter_context(running(bare_command))
    HttpClient(bare, "/", body=BODY, expected=BODY).first_result(FIRST_S_MAX)
    return {"ours, http": our_process.pid, "bare": bare_process.pid}


async def _turn(pids: dict[str, int], watched_s: float) -> dict[str, float]:
    """The wake-ups a second of each process."""
    before = {name: switches(pid) for name, pid in pids.items()}
    began_s = trio.current_time()
    await trio.sleep(watched_s)
    elapsed_s = trio.current_time() - began_s
    return {name: (switches(pid) - before[name]) / elapsed_s for name, pid in pids.items()}
