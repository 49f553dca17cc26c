"""Opens the host of a command: its settings, its log, its plugins, and progress on stderr."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import msgspec
import trio

from innkeeper.cli.text import plain
from innkeeper.engine.compiler import Progress
from innkeeper.errors import RequestRefused
from innkeeper.host import Host, default_plugins, open_host
from innkeeper.settings import Settings, load_settings

WATCH_EVERY_S: Final = 0.1
PROGRESS_AFTER_S: Final = 1.0


class Place(msgspec.Struct, frozen=True):
    """What every command that opens a host is told: the state, and component files to load."""

    state: str | None = None
    plugins: tuple[str, ...] = ()

    def settings(self, **flags: object) -> Settings:
        """The settings of this process, where flags that are None were not given."""
        given = {"state": self.state, **flags}
        return load_settings({name: value for name, value in given.items() if value is not None})

    def named(self) -> list[Path]:
        """The component files that were named."""
        return [Path(file) for file in self.plugins]

    def shipped(self) -> list[Path]:
        """The component files that ship with the host, but for those that a named one replaces."""
        stems = {path.stem for path in self.named()}
        return [path for path in default_plugins() if path.stem not in stems]

    def check_files(self) -> None:
        """Raises RequestRefused (not_found) for a named file that is not there."""
        for file in self.plugins:
            if not os.path.exists(file):  # noqa: PTH110 - Path.exists raises for a zero byte
                raise RequestRefused(f"{file}: there is no such file", code="not_found")


@asynccontextmanager
async def opened_host(settings: Settings) -> AsyncIterator[Host]:
    """The host, with its log going to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_PlainFormatter("%(levelname)s: %(message)s"))
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler], force=True)
    async with open_host(settings=settings) as host:
        yield host


async def load_all(host: Host, sources: Sequence[Path]) -> None:
    """Load one after the other, with progress on stderr. Raises what `Host.load` raises."""
    progress = ProgressLine()
    for source in sources:
        try:
            await host.load(source, progress=progress.show)
        finally:
            progress.end()


async def load_for(host: Host, tool: str, place: Place) -> None:
    """Load what was named, then what ships with the host until the tool is there.

    The shipped file that is named like the tool's plugin comes first, so that the others rest.
    """
    await load_all(host, place.named())
    plugin = tool.partition(".")[0]
    for source in sorted(place.shipped(), key=lambda path: path.stem != plugin):
        if _has(host, tool):
            return
        await load_all(host, [source])


async def show_loading(host: Host) -> None:
    """Show what is being loaded, for as long as something is."""
    progress = ProgressLine()
    while host.loading():
        for step in host.loading():
            progress.show(step)
        await trio.sleep(WATCH_EVERY_S)
    progress.end()


def _has(host: Host, tool: str) -> bool:
    try:
        host.tool(tool)
    except RequestRefused:
        return False
    return True


class ProgressLine:
    """Progress on stderr, once it takes a while: on a terminal one line that is written over."""

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()
        self._shown: set[str] = set()

    def show(self, step: Progress) -> None:
        """Show how far it is."""
        if step.done or step.elapsed_s < PROGRESS_AFTER_S:
            return
        if self._is_terminal:
            print(f"\r{_doing(step)} {step.elapsed_s:.0f} s", end="", file=sys.stderr, flush=True)
        elif step.plugin not in self._shown:
            print(_doing(step), file=sys.stderr, flush=True)
        self._shown.add(step.plugin)

    def end(self) -> None:
        """Leave the line."""
        if self._is_terminal and self._shown:
            print(file=sys.stderr)
        self._shown.clear()


class _PlainFormatter(logging.Formatter):
    """One line a record: what a guest says cannot steer the terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as text."""
        return "\n".join(plain(line) for line in super().format(record).split("\n"))


def _doing(step: Progress) -> str:
    verb = {"compile": "compiling"}.get(step.stage, step.stage)
    return f"{verb} {plain(step.plugin)} …"
