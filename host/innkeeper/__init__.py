"""Innkeeper: an open, local-first agent runtime. Tools are WASI components; a host keeps them.

::

    async with innkeeper.open_host() as host:
        await host.load("x.wasm")
        await host.call("x.greet", {"name": "Ada"})
"""

from innkeeper.errors import HostError
from innkeeper.host import Host, open_host
from innkeeper.plugins.loader import Plugin
from innkeeper.plugins.registry import Tool
from innkeeper.settings import Settings

__all__ = ["Host", "HostError", "Plugin", "Settings", "Tool", "open_host"]
