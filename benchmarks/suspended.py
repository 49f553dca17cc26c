"""Guests that wait in host calls: 10,000 on one thread, beside wasmtime-py with a thread for each.

Each turn is a process of its own. A guest's memory is that of the whole process divided by the
guests: its own linear memory, as far as it was touched, is part of it.
"""

from __future__ import annotations

from functools import partial
from typing import Final

import msgspec
import trio

from benchmarks.measure import Options, Row, alternate, percentile, report, row, say
from benchmarks.measure.process import in_child
from benchmarks.peers.suspended_guests import Cost

GUESTS: Final = 10_000
THREADS: Final = 1_000
FIGURES: Final = (
    ("start_us", "until it waits", "us"),
    ("rss_kib", "memory while it waits", "KiB"),
    ("mappings", "mappings while it waits", "mappings"),
    ("finish_us", "from its answer to its end", "us"),
)


def run(quick: bool = False) -> dict[str, object]:
    """The rows, as the object that is printed."""
    return report("suspended", trio.run(_rows, Options.of(quick=quick)), "wasmtime")


async def _rows(options: Options) -> list[Row]:
    guests, threads = options.count(GUESTS), options.count(THREADS)
    say(f"suspended: one of {guests} guests that wait, beside one of {threads} in threads")
    turns = await alternate(
        {
            "ours": partial(_turn, "ours", guests),
            "theirs": partial(_turn, "wasmtime-py", threads),
        },
        options.repeats,
    )
    ours, theirs = turns["ours"], turns["theirs"]
    rows = [
        row(
            f"one of {guests} guests, {title}",
            [[getattr(cost, field)] for cost in ours],
            [[getattr(cost, field)] for cost in theirs],
            baseline_name=f"wasmtime-py, one of {threads} threads",
            unit=unit,
        )
        for field, title, unit in FIGURES
    ]
    return [
        *rows,
        row(
            f"p99 of another tool's calls while {guests} guests wait",
            [[percentile(cost.meanwhile_us, 0.99)] for cost in ours],
            [[percentile(cost.idle_us, 0.99)] for cost in ours],
            baseline_name="ours, before they wait",
            unit="us",
        ),
    ]


async def _turn(side: str, count: int) -> Cost:
    printed = await trio.to_thread.run_sync(in_child, "suspended_guests", side, str(count))
    return msgspec.convert(printed, Cost)
