"""The one registry of tools: every face lists and calls what is here, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import msgspec

from innkeeper.errors import RequestRefused

if TYPE_CHECKING:
    from innkeeper.plugins.binding import BoundTool


class Tool(msgspec.Struct, frozen=True):
    """One tool, as every face shows it. The dicts are JSON-ready.

    `structured_schema` is that of MCP structuredContent: the output schema, or, where
    `wraps_result`, an object with the result under "result". `error_schema` is that of a tool
    error's details, where the function's type has one.
    """

    id: str
    name: str
    plugin: str
    version: str
    function: str
    title: str
    description: str
    input_schema: dict[str, object]
    output_schema: dict[str, object]
    structured_schema: dict[str, object]
    wraps_result: bool
    side_effects: str
    deterministic: bool
    stability: str
    error_schema: dict[str, object] | None


class Registry:
    """Tools by id, by `id@version` and by MCP name."""

    def __init__(self) -> None:
        self._by_id: dict[str, BoundTool] = {}
        self._by_any: dict[str, BoundTool] = {}
        self._sorted: tuple[Tool, ...] | None = ()

    def add(self, tools: Iterable[BoundTool]) -> None:
        """Add a plugin's tools, all or none.

        Raises RequestRefused (conflict) where an id or a name is taken, or given twice.
        """
        by_any: dict[str, BoundTool] = {}
        for bound in tools:
            for name in _names(bound.tool):
                owner = self._by_any.get(name) or by_any.get(name)
                if owner is not None:
                    raise RequestRefused(
                        f"{name}: a tool of {owner.tool.plugin}, {owner.tool.function}, already "
                        f"has this name: unload it or rename {bound.tool.id}",
                        code="conflict",
                    )
                by_any[name] = bound
        self._by_any |= by_any
        self._by_id |= {bound.tool.id: bound for bound in by_any.values()}
        self._sorted = None

    def remove(self, plugin: str) -> None:
        """Forget the tools of a plugin."""
        self._by_id = {
            key: bound for key, bound in self._by_id.items() if bound.tool.plugin != plugin
        }
        self._by_any = {
            key: bound for key, bound in self._by_any.items() if bound.tool.plugin != plugin
        }
        self._sorted = None

    def tools(self) -> Sequence[Tool]:
        """All tools, sorted by id; the same object until something changes."""
        if self._sorted is None:
            self._sorted = tuple(self._by_id[key].tool for key in sorted(self._by_id))
        return self._sorted

    def find(self, name: str) -> BoundTool | None:
        """The tool of that id, `id@version` or MCP name."""
        return self._by_any.get(name)

    def get(self, name: str) -> BoundTool:
        """As `find`. Raises RequestRefused (not_found)."""
        found = self._by_any.get(name)
        if found is None:
            raise RequestRefused(
                f"{name[:128]}: no such tool; `innkeeper tools` lists them", code="not_found"
            )
        return found


def _names(tool: Tool) -> set[str]:
    """Everything it can be called by: a version can be cut short after its major or minor part."""
    major, minor, *_ = tool.version.split(".")
    versions = (major, f"{major}.{minor}", tool.version)
    return {tool.id, tool.name, *(f"{tool.id}@{version}" for version in versions)}
