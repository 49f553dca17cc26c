"""What a component exports, made by hand: functions by name, or by (interface, name)."""

from __future__ import annotations

from typing import cast

from innkeeper.contracts.package_docs import PackageDocs
from innkeeper.engine.pool import InstancePool
from innkeeper.plugins.binding import BoundTool, bind_tools
from innkeeper.plugins.manifest import About, Manifest, ToolEntry
from innkeeper_core.values import FunctionType, Type
from innkeeper_core.world import Items

TEXT = FunctionType([("text", Type("string"))], Type("string"))
NO_DOCS = PackageDocs(functions={}, types={})
NO_POOL = cast("InstancePool", object())  # binding only hands it on


def exports(*names: str | tuple[str, str], type_: FunctionType = TEXT) -> Items:
    """Functions of one type, at the root or in interfaces."""
    items = Items()
    for name in names:
        if isinstance(name, str):
            items.functions[name] = type_
        else:
            items.interfaces.setdefault(name[0], Items()).functions[name[1]] = type_
    return items


def manifest(*entries: ToolEntry, name: str = "x", version: str = "1.2.3") -> Manifest:
    return Manifest(plugin=About(name=name, version=version), tool=entries)


def bound(
    items: Items, stated: Manifest | None = None, docs: PackageDocs = NO_DOCS
) -> list[BoundTool]:
    return bind_tools(stated or manifest(), items, pool=NO_POOL, docs=docs)


def ids(items: Items) -> dict[str, str]:
    """The tools' ids, by function."""
    return {it.tool.function: it.tool.id for it in bound(items)}
