"""Runs a command's work under Trio, and ends it in good order at Ctrl-C or SIGTERM.

The first signal cancels, or triggers the shutdown; then the system's own handlers are back, so that
a second one ends a process that does not come to its end.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Final

import trio

from innkeeper.cli.problems import report
from innkeeper.errors import CODES

EXIT_CANCELLED: Final = CODES["cancelled"].exit
_STOPPING: Final = (signal.SIGINT, signal.SIGTERM)


def run_command_work(
    work: Callable[[], Awaitable[int]],
    *,
    exit_when_stopped: int | None = EXIT_CANCELLED,
    json_errors: bool = False,
) -> int:
    """Run `work` until it returns its exit code, fails, or a signal cancels it.

    With `exit_when_stopped` None the signals are left to the work itself (`stop_signal`).
    """
    try:
        if exit_when_stopped is None:
            return trio.run(work)
        return trio.run(_until_signal, work, exit_when_stopped)
    except Exception as error:
        return report(error, as_json=json_errors)


async def stop_signal(
    *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> signal.Signals:
    """Wait for Ctrl-C or SIGTERM."""
    with trio.open_signal_receiver(*_STOPPING) as arriving:
        task_status.started()
        async for number in arriving:
            return signal.Signals(number)
    raise AssertionError("a signal receiver does not end by itself")


async def _until_signal(work: Callable[[], Awaitable[int]], exit_when_stopped: int) -> int:
    async with trio.open_nursery() as nursery:
        await nursery.start(_cancel_at_signal, nursery.cancel_scope, exit_when_stopped)
        code = await work()
        nursery.cancel_scope.cancel()
        return code
    return exit_when_stopped


async def _cancel_at_signal(
    scope: trio.CancelScope,
    exit_when_stopped: int,
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    name = (await stop_signal(task_status=task_status)).name
    if exit_when_stopped:
        print(f"cancelled: by {name}", file=sys.stderr)
    scope.cancel()
