"""One server a face, with every hostile guest loaded: what one does must not harm the others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from guests import guest, guest_file
from integration.faces.hostile_guests import misbehaving_plugins, misfit_files
from integration.faces.http_server import HttpServer, serving
from integration.faces.plugin_files import write_plugin
from integration.faces.processes import wait_for_silence
from integration.faces.stdio_server import StdioServer, serving_stdio

LONG_S = 60.0  # a guest that runs so long has not been stopped by its own deadline


@pytest.fixture(scope="session")
def plugin_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files by plugin: hostile guests, misfits, and `echo`, which serves on meanwhile."""
    directory = tmp_path_factory.mktemp("plugins")
    return {
        "echo": guest_file("echo", directory),
        "memory-fill": guest_file("memory-fill", directory),
        "long-loop": write_plugin("long-loop", guest("loop"), directory, wall_s=LONG_S),
        **misbehaving_plugins(directory),
        **misfit_files(directory),
    }


@pytest.fixture(scope="session")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that several processes use as their state."""
    return tmp_path_factory.mktemp("shared") / "state"


@pytest.fixture(scope="session")
def http(plugin_files: dict[str, Path], state: Path) -> Iterator[HttpServer]:
    """`innkeeper serve`."""
    with serving(list(plugin_files.values()), state.parent) as server:
        wait_for_silence(server.pid)
        yield server


@pytest.fixture(scope="session")
def stdio(plugin_files: dict[str, Path], state: Path) -> Iterator[StdioServer]:
    """`innkeeper mcp serve`."""
    with serving_stdio(list(plugin_files.values()), state.parent) as server:
        server.request("tools/list", {})  # which waits until all is loaded
        wait_for_silence(server.pid)
        yield server
