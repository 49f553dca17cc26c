"""The versions of what runs here."""

from __future__ import annotations

import platform
from importlib.metadata import version as distribution_version

import msgspec

from innkeeper_core.capi import VERSION_SERIES, LibraryMismatch, open_library


class Versions(msgspec.Struct, frozen=True):
    """`wasmtime` is the library's version as it is loaded, `core` the series ours is made for."""

    innkeeper: str
    python: str
    platform: str
    wasmtime: str
    core: str


def innkeeper_version() -> str:
    """The version of the installed distribution."""
    return distribution_version("innkeeper")


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
