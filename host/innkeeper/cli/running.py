"""Runs a command's work under Trio, and ends it in good order at Ctrl-C or SIGTERM.

The first signal cancels, or triggers the shutdown; then the system's own handlers are back, so that
a second one ends a process that does not come to its end.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import trio

from innkeeper.cli.problems import report
from innkeeper.cli.text import say
from innkeeper.errors import CODES

EXIT_CANCELLED: Final = CODES["cancelled"].exit
_STOPPING: Final = (signal.SIGINT, signal.SIGTERM)

Result = TypeVar("Result")


def print_result(work: Callable[[], Awaitable[str]], *, json_errors: bool = False) -> int:
    """Run `work` and print the text that it returns; returns the exit code."""
    try:
        done = trio.run(_until_signal, work)
    except Exception as error:
        return report(error, as_json=json_errors)
    if isinstance(done, signal.Signals):
        print(f"cancelled: by {done.name}", file=sys.stderr)
        return EXIT_CANCELLED
    return say(done)  # no task runs any more: a reader that stalls cannot hold off Ctrl-C


def run_until_signal(work: Callable[[], Awaitable[None]]) -> int:
    """Run a server until it ends, fails or is told to stop; returns the exit code."""
    try:
        trio.run(_until_signal, work)
    except Exception as error:
        return report(error)
    return 0


def run_to_its_end(work: Callable[[], Awaitable[None]]) -> int:
    """Run a server that sees to the signals itself, with `stop_signal`; returns the exit code."""
    try:
        trio.run(work)
    except Exception as error:
        return report(error)
    return 0


async def stop_signal(
    *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> signal.Signals:
    """Wait for Ctrl-C or SIGTERM."""
    with trio.open_signal_receiver(*_STOPPING) as arriving:
        task_status.started()
        async for number in arriving:
            return signal.Signals(number)
    raise AssertionError("a signal receiver does not end by itself")


async def _until_signal(work: Callable[[], Awaitable[Result]]) -> Result | signal.Signals:
    """What `work` returns, or the signal that cancelled it."""
    received: list[signal.Signals] = []
    async with trio.open_nursery() as nursery:

        async def watch(*, task_status: trio.TaskStatus[None]) -> None:
            received.append(await stop_signal(task_status=task_status))
            nursery.cancel_scope.cancel()

        await nursery.start(watch)
        result = await work()
        nursery.cancel_scope.cancel()
        return result
    return received[0]
