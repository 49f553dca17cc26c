"""`innkeeper mcp serve` without click: a client waits for it to be up."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import trio

from innkeeper.cli.composition import Place, opened_host, show_loading
from innkeeper.cli.running import run_until_signal
from innkeeper.cli.versions import innkeeper_version
from innkeeper.mcp.limits import Limits
from innkeeper.mcp.stdio import serve_stdio


def run(place: Place) -> int:
    """Serve one client on stdin and stdout until it closes them, or a signal; returns 0."""
    return run_until_signal(partial(_serve, place))


def plain_options(arguments: Sequence[str]) -> Place | None:
    """The options where there are none but `--state DIR` and `--plugin FILE`, else None."""
    state: str | None = None
    plugins: list[str] = []
    words = iter(arguments)
    for word in words:
        option, equals, value = word.partition("=")
        if not equals:
            value = next(words, "")
        if not value or option not in ("--state", "--plugin"):
            return None
        if option == "--plugin":
            plugins.append(value)
        else:
            state = value
    return Place(state, tuple(plugins))


async def _serve(place: Place) -> None:
    settings = place.settings()
    place.check_files()
    limits = Limits(message_bytes_max=settings.mcp_message_bytes_max)
    async with opened_host(settings) as host, trio.open_nursery() as nursery:
        for source in (*place.named(), *place.shipped()):
            host.load_soon(source)
        nursery.start_soon(show_loading, host)
        await serve_stdio(host, version=innkeeper_version(), limits=limits)
        nursery.cancel_scope.cancel()
