"""Innkeeper: an open, local-first agent runtime. Tools are WASI components; a host keeps them.

::

    async with innkeeper.open_host() as host:
        await host.load("x.wasm")
        await host.call("x.greet", {"name": "Ada"})
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from innkeeper.errors import HostError
    from innkeeper.host import Host, open_host
    from innkeeper.plugins.loader import Plugin
    from innkeeper.plugins.registry import Tool
    from innkeeper.settings import Settings
    from innkeeper_core.component import ToolErr

__all__ = ["Host", "HostError", "Plugin", "Settings", "Tool", "ToolErr", "open_host"]

_HOMES = {
    "Host": "innkeeper.host",
    "HostError": "innkeeper.errors",
    "Plugin": "innkeeper.plugins.loader",
    "Settings": "innkeeper.settings",
    "Tool": "innkeeper.plugins.registry",
    "ToolErr": "innkeeper_core.component",
    "open_host": "innkeeper.host",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used: commands that need no host start without one."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'innkeeper' has no attribute {name!r}")
    value: object = getattr(import_module(home), name)
    globals()[name] = value
    return value
