"""Waiting for plugins that are still being loaded, with progress for those who asked for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import trio
from msgspec import UNSET

from innkeeper.mcp import answers

if TYPE_CHECKING:
    from innkeeper.mcp.exchanges import Notify
    from innkeeper.mcp.hosting import Host
    from innkeeper.mcp.messages import Meta, RequestId

# The host is polled: a load takes from 5 ms (a small component, its image remembered) to 15 s (a
# Python guest), so the pause grows with the wait.
_PAUSE_S_MIN: Final = 0.002
_PAUSE_S_MAX: Final = 0.1
_FIRST_REPORT_S: Final = 0.2
_REPORT_EVERY_S: Final = 0.5
_NAMES_SHOWN_MAX: Final = 3


class ProgressReport:
    """Progress notifications for one request: seconds waited, strictly increasing."""

    def __init__(self, token: RequestId, notify: Notify) -> None:
        self._token = token
        self._notify = notify
        self._due_s = _FIRST_REPORT_S

    def tell(self, elapsed_s: float, message: str) -> None:
        """Say how long it has taken, unless that was said a moment ago."""
        if elapsed_s >= self._due_s:
            self._due_s = elapsed_s + _REPORT_EVERY_S
            self._notify(answers.progress(self._token, round(elapsed_s, 3), message))


def report_for(meta: Meta, notify: Notify) -> ProgressReport | None:
    """The report that a request asked for with `progressToken`, if it did."""
    return None if meta.progress_token is UNSET else ProgressReport(meta.progress_token, notify)


async def wait_while_loading(
    host: Host,
    *,
    ready: Callable[[], bool],
    report: ProgressReport | None,
    wait_s: float,
) -> None:
    """Return when `ready()` or when nothing loads any more, and after `wait_s` in any case."""
    began_s = trio.current_time()
    pause_s = _PAUSE_S_MIN
    while not ready() and (loading := plugins_loading(host)):
        elapsed_s = trio.current_time() - began_s
        if elapsed_s >= wait_s:
            return
        if report is not None:
            report.tell(elapsed_s, "loading " + ", ".join(loading[:_NAMES_SHOWN_MAX]))
        await trio.sleep(pause_s)
        pause_s = min(pause_s * 1.5, _PAUSE_S_MAX)


def plugins_loading(host: Host) -> list[str]:
    """The names of the plugins that are not loaded yet."""
    return [progress.plugin for progress in host.loading() if not progress.done]
