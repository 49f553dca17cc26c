"""The versions of what runs here."""

from __future__ import annotations

import platform
import re
import sys
from pathlib import Path
from typing import Final

import msgspec

from innkeeper_core.capi import VERSION_SERIES, LibraryMismatch, open_library

_OWN_FOLDER: Final = r"innkeeper-([^-]+)\.dist-info"


class Versions(msgspec.Struct, frozen=True):
    """`wasmtime` is the library's version as it is loaded, `core` the series ours is made for."""

    innkeeper: str
    python: str
    platform: str
    wasmtime: str
    core: str


def innkeeper_version() -> str:
    """The version of the installed distribution.

    From the name of its own folder, as importlib.metadata finds it: that module costs every start
    10 ms.
    """
    for folder in sys.path:
        for name in _listed(folder or "."):
            own = re.fullmatch(_OWN_FOLDER, name)
            if own is not None:
                return own[1]
    import importlib.metadata

    return importlib.metadata.version("innkeeper")


def versions() -> Versions:
    """What runs here; a library that cannot be used is named with the reason."""
    try:
        wasmtime = open_library()
    except LibraryMismatch as error:
        wasmtime = f"unusable: {error}"
    return Versions(
        innkeeper=innkeeper_version(),
        python=f"{platform.python_implementation()} {platform.python_version()}",
        platform=platform.platform(),
        wasmtime=wasmtime,
        core=f"innkeeper_core for wasmtime {VERSION_SERIES}",
    )


def _listed(folder: str) -> list[str]:
    try:
        return [entry.name for entry in Path(folder).iterdir()]
    except OSError:  # a zip file, or not there
        return []
