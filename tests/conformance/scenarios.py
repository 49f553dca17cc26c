"""The clients, the revisions that each speaks, and what they are served."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

import msgspec
from guests import guest, guest_file
from integration.faces.commands import INNKEEPER, plugin_options
from integration.faces.plugin_files import slow_to_compile, write_plugin

MODERN: Final = "2026-07-28"
LONG_S: Final = 60.0  # a guest that runs so long has not been stopped by its own deadline
SLOW_STEPS: Final = 4_500  # over two seconds of compiling


class Scenario(msgspec.Struct, frozen=True):
    """One client at one revision; "auto" leaves the choice to the client.

    `library` is anyio's backend for the Python client, the file that drives it for the others.
    """

    client: Literal["python", "typescript"]
    library: str
    revision: str

    def __str__(self) -> str:
        return f"{self.client}-{self.library}-{self.revision}"

    @property
    def agreed(self) -> str:
        """The revision that is spoken in the end."""
        return MODERN if self.revision == "auto" else self.revision


SCENARIOS: Final = (
    Scenario("python", "trio", "2025-06-18"),
    Scenario("python", "trio", "2025-11-25"),
    Scenario("python", "trio", "auto"),
    Scenario("python", "trio", MODERN),
    Scenario("python", "asyncio", "2025-06-18"),
    Scenario("python", "asyncio", "2025-11-25"),
    Scenario("python", "asyncio", "auto"),
    Scenario("python", "asyncio", MODERN),
    Scenario("typescript", "sdk", "2025-06-18"),
    Scenario("typescript", "sdk", "2025-11-25"),
    Scenario("typescript", "client", "2025-06-18"),
    Scenario("typescript", "client", "2025-11-25"),
    Scenario("typescript", "client", "auto"),
    Scenario("typescript", "client", MODERN),
)


class Commands(msgspec.Struct, frozen=True):
    """The servers of one scenario: one that is soon ready, and one that is long in coming."""

    ready: list[str]
    slow: list[str]


def commands(directory: Path) -> Commands:
    """Write the plugins to a directory, and name the commands that serve them; states of their own.

    The slow one's state is empty: what it compiled for another scenario is not remembered.
    """
    names = ("echo", "result-error", "unreachable")
    files = [guest_file(name, directory) for name in names]
    files.append(write_plugin("long-loop", guest("loop"), directory, wall_s=LONG_S))
    slow = write_plugin("slow", slow_to_compile(SLOW_STEPS), directory)
    return Commands(
        ready=[*_serve(directory / "ready"), *plugin_options(files)],
        slow=[*_serve(directory / "slow"), *plugin_options([slow])],
    )


def _serve(state: Path) -> list[str]:
    return [INNKEEPER, "mcp", "serve", "--state", str(state)]
